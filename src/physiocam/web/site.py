"""The files of the page: its own, a bundle's and the face detector's, by their address below the page's."""

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.video.face import detector_path
from physiocam.weights.bundle import DESCRIPTION, Bundle

PAGE = Path(__file__).with_name("page")
_COMPRESSED = ".gz"
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
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
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
    compressed : bool
        Whether it is stored compressed by gzip, and a browser is to uncompress it.
    """

    path: Path
    media_type: str
    compressed: bool

    def content(self) -> bytes:
        """Read it as it is meant, not compressed.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        content = self.path.read_bytes()
        return gzip.decompress(content) if self.compressed else content


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
    files = {
        path.name.removesuffix(_COMPRESSED): _site_file(path)
        for path in sorted(PAGE.iterdir())
        if path.name != _HEADERS
    }
    names = [DESCRIPTION, *(name for entry in bundle.info.entries for name in (entry.onnx, entry.weights))]
    files |= {f"bundle/{name}": _site_file(bundle.folder / name) for name in names}
    detector = detector_path()
    return files | {f"detector/{detector.name}": _site_file(detector)}


def _site_file(path: Path) -> SiteFile:
    compressed = path.suffix == _COMPRESSED
    suffix = Path(path.stem).suffix if compressed else path.suffix
    return SiteFile(path, _TYPES.get(suffix, "application/octet-stream"), compressed)


@cache
def site_headers() -> Mapping[str, str]:
    """Return the headers with which every file is served: no other host, and isolation from other pages."""
    headers: dict[str, str] = json.loads((PAGE / _HEADERS).read_bytes())
    return headers


def write_site(bundle: Bundle, folder: str | os.PathLike[str]) -> int:
    """Write the site into a folder, for any server of static files.

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
        content = file.content()
        with complete_file(Path(folder) / address) as beside:
            beside.write_bytes(content)
        written += len(content)
    return written
