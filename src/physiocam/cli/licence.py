"""Naming the licence of weights that restricts their use, once for each bundle."""

from contextlib import suppress

from physiocam.cli.console import console, escaped


def name_licence(weights: str) -> None:
    """Print which licence a bundle is under, if it has one of its own, the first time that it has measured here.

    Parameters
    ----------
    weights : str
        Name or folder of the bundle.
    """
    from physiocam.weights.bundle import LICENCE, bundles_folder, find_bundle

    if not (find_bundle(weights) / LICENCE).is_file():
        return
    named = bundles_folder().with_name("licences-named.txt")
    with suppress(OSError):
        if weights in named.read_text(encoding="utf-8").splitlines():
            return
    console(stderr=True).print(
        f"The weights '{escaped(weights)}' are free to use, but not for everything; their licence: "
        f"physiocam weights show {escaped(weights)}",
        soft_wrap=True,
    )
    # Where nothing can be written, it is named each time.
    with suppress(OSError):
        named.parent.mkdir(parents=True, exist_ok=True)
        with named.open("a", encoding="utf-8") as file:
            file.write(f"{weights}\n")
