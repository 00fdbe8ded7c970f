"""Serves the page on this computer alone."""

import errno
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from physiocam.errors import PhysiocamError
from physiocam.web.site import SiteFile, site_headers

LOOPBACK = "127.0.0.1"


class PageServer(ThreadingHTTPServer):
    """A server of the page's files, which only this computer can reach.

    Parameters
    ----------
    files : mapping of str to SiteFile
        By address; nothing else is served.
    port : int
        0 takes any free one.

    Raises
    ------
    PhysiocamError
        If the port cannot be used.

    Examples
    --------
    >>> with PageServer({}, port=0) as server:
    ...     server.address.startswith("http://127.0.0.1:")
    True
    """

    daemon_threads = True

    def __init__(self, files: Mapping[str, SiteFile], port: int) -> None:
        self.files = files
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise port_error(port, error) from None

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"


def port_error(port: int, error: OSError) -> PhysiocamError:
    """Return the error for a port at which no server can listen.

    Parameters
    ----------
    port : int
    error : OSError
        Of listening there.
    """
    reason = "is used by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
    return PhysiocamError(f"port {port} {reason}; give another one: --port 8001")


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    # A browser that holds a connection without asking for anything does not hold a thread for ever.
    timeout = 60

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        if not self._is_for_this_computer():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        file = self.server.files.get(unquote(urlsplit(self.path).path).removeprefix("/") or "index.html")
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            content = file.path.read_bytes()
        except OSError:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", file.media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def _is_for_this_computer(self) -> bool:
        """Whether the page was asked for by the name of this computer, and not by one that another site gave it."""
        port = self.server.server_address[1]
        return self.headers.get("Host") in (f"{LOOPBACK}:{port}", f"localhost:{port}")

    def end_headers(self) -> None:
        for name, value in site_headers().items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep no record of what is asked for."""
