"""The files of the page, its own and a bundle's, by their address below the page's."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.web.packing import packed
from physiocam.weights.bundle import DESCRIPTION, Bundle
from physiocam.weights.int8_form import INT8_FORM, has_int8, load_int8

PAGE = Path(__file__).with_name("page")
# Of a bundle: the page unpacks these if they are packed.
_WEIGHTS = (".onnx", ".safetensors")
# Not for browsers.
_HEADERS = "headers.json"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".xz": "application/x-xz",
}


@dataclass(frozen=True)
class SiteFile:
    """One file of the site.

    Attributes
    ----------
    path : Path
        Where it is on the disk.
    media_type : str
        As a server states it.
    """

    path: Path
    media_type: str


def site_files(bundle: Bundle) -> dict[str, SiteFile]:
    """Return every file of the site by its address, such as ``page.js`` or ``bundle/bundle.json``.

    Parameters
    ----------
    bundle : Bundle
        What the page measures with; nothing else of its folder is served.

    Raises
    ------
    PhysiocamError
        If the page is missing, as in a checkout in which it was not built.

    Examples
    --------
    >>> from physiocam.weights.bundle import load_bundle
    >>> files = site_files(load_bundle())
    >>> files["index.html"].media_type
    'text/html; charset=utf-8'
    """
    if not (PAGE / "index.html").is_file():
        raise PhysiocamError(f"'{PAGE}' holds no page; install physiocam again, or build it: npm run build, in web/")
    files = {path.name: _site_file(path) for path in sorted(PAGE.iterdir()) if path.name != _HEADERS}
    return files | {f"bundle/{name}": _site_file(bundle.folder / name) for name in _bundle_files(bundle)}


def _bundle_files(bundle: Bundle) -> list[str]:
    """What the page loads: the form in 8 bits where there is one, which is smaller, and faster in browsers too."""
    form = load_int8(bundle).networks if has_int8(bundle) else {}
    plain = [entry for entry in bundle.info.entries if entry.name not in form]
    return [
        DESCRIPTION,
        *([INT8_FORM] if form else []),
        *(network.onnx for network in form.values()),
        *(name for entry in plain for name in (entry.onnx, entry.weights)),
    ]


def _site_file(path: Path) -> SiteFile:
    return SiteFile(path, _TYPES.get(path.suffix, "application/octet-stream"))


@cache
def site_headers() -> Mapping[str, str]:
    """Return the headers with which every file is served: no other host, and isolation from other pages."""
    headers: dict[str, str] = json.loads((PAGE / _HEADERS).read_bytes())
    return headers


def write_site(bundle: Bundle, folder: str | os.PathLike[str]) -> int:
    """Write the site into a folder, for any server of static files; the bundle's weights are packed.

    Parameters
    ----------
    bundle : Bundle
    folder : path
        Created if it does not exist; files of the same names are replaced.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    PhysiocamError
        If the page is missing, or the folder cannot be written to.
    """
    written = 0
    for address, file in site_files(bundle).items():
        content = file.path.read_bytes()
        if file.path.suffix in _WEIGHTS:
            content = packed(content, weights=True)
        with complete_file(Path(folder) / address) as beside:
            beside.write_bytes(content)
        written += len(content)
    return written
