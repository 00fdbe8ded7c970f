"""`physiocam weights`."""

from pathlib import Path
from typing import Annotated

import typer

from physiocam.cli.console import console, escaped, extra, interruptible
from physiocam.cli.help import App
from physiocam.errors import PhysiocamError

weights_app = App("Import, export, list and show bundles of network weights.")


@weights_app.command("import")
def weights_import(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Checkpoints (.pth or .safetensors).")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the new bundle.")],
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NETWORK",
            help="The network that the files hold, as `physiocam models` names it: tensors do not show a temporal "
            "shift. By default the paper's.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a bundle of this name.")] = False,
) -> None:
    """Convert checkpoints of the BigSmall authors or of rPPG-Toolbox to a bundle (needs the `train` extra)."""
    with interruptible():
        with extra("train", "importing checkpoints"):
            from physiocam.weights.importer import import_checkpoints
        bundle = import_checkpoints(files, name, preset=preset, overwrite=overwrite)
    for file, assumed in bundle.info.provenance["assumed"].items():
        typer.echo(f"{file}: {assumed}")
    typer.echo(f"{name}: {len(bundle.info.entries)} networks for {', '.join(bundle.tasks)}, in {bundle.folder}")
    typer.echo(f"use it with: physiocam measure VIDEO --weights {name}")


@weights_app.command("export")
def weights_export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A checkpoint of `physiocam train` (.ckpt); with --to, name or folder of a bundle."
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder for the files.")],
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Write a bundle's networks for another runtime: onnx or torchscript (a file each, weights included), "
            "onnx-int8 (8-bit integers; needs the extra demo too), or openvino (needs the package openvino).",
        ),
    ] = None,
) -> None:
    """Convert a checkpoint of a training run to a bundle, or a bundle for other runtimes (needs the `train` extra)."""
    with interruptible():
        if to is not None:
            _export_networks(str(source), folder, to)
            return
        with extra("train", "exporting checkpoints"):
            from physiocam.training.fit import export_checkpoint
        bundle = export_checkpoint(source, folder)
    typer.echo(f"use it with: physiocam measure VIDEO --weights {bundle.folder}")


def _export_networks(name: str, folder: Path, form: str) -> None:
    from physiocam.weights.bundle import load_bundle

    bundle = load_bundle(name)
    try:
        with extra("train", "exporting networks"):
            from physiocam.quantization.export_int8 import INT8, export_int8
            from physiocam.weights.other_runtimes import FORMATS, export_networks
        if form not in (*FORMATS, INT8):
            raise PhysiocamError(f"the format is '{form}'; expected {', '.join([*FORMATS, INT8])}")
        written = export_int8(bundle, folder) if form == INT8 else export_networks(bundle, form, folder)
    except ImportError as error:
        raise PhysiocamError(f"the format '{form}' needs {error.name}; run: pip install {error.name}") from None
    typer.echo(f"{folder}: {', '.join(written)}")


@weights_app.command("list")
def weights_list() -> None:
    """List the available bundles."""
    from rich.table import Table

    from physiocam.weights.catalogue import list_bundles

    table = Table("name", "tasks", "networks", "size", "note", box=None)
    for entry in list_bundles():
        table.add_row(*map(escaped, entry.row()))
    console().print(table)


@weights_app.command("show")
def weights_show(
    name: Annotated[str, typer.Argument(metavar="BUNDLE", help="Name of a bundle, or path of its folder.")] = "default",
) -> None:
    """Show a bundle's description as JSON."""
    from physiocam.weights.bundle import load_bundle

    typer.echo(load_bundle(name).describe())
