"""`physiocam web`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import interruptible
from physiocam.cli.options import WeightsOption


def web_command(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port on this computer.")] = 8470,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Write the page into a folder, for any web server; serve nothing."
        ),
    ] = None,
    weights: WeightsOption = "default",
) -> None:
    """Open the page that measures in the browser; nothing leaves this computer."""
    with interruptible():
        from physiocam.web.server import PageServer
        from physiocam.web.site import site_files, write_site
        from physiocam.weights.bundle import load_bundle

        bundle = load_bundle(weights)
        if output is not None:
            written = write_site(bundle, output)
            typer.echo(f"{output}: {written / 1e6:.1f} MB; put the folder on any web server that has https")
            return
        with PageServer(site_files(bundle), port) as server:
            typer.echo(f"{server.address} shows the page, on this computer alone; end with Ctrl-C")
            if browser:
                import webbrowser

                webbrowser.open(server.address)
            server.serve_forever()
