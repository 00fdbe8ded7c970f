"""Runs the service until it is ended."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from physiocam.errors import PhysiocamError, writing_to
from physiocam.foundation.cores import usable_cores
from physiocam.foundation.locks import alone_in
from physiocam.measuring.options import MeasureOptions
from physiocam.service.access import LOOPBACK, Access
from physiocam.service.app import service_app
from physiocam.service.job_files import JobFiles
from physiocam.service.job_queue import JobQueue
from physiocam.service.limits import Limits
from physiocam.service.live import LiveSessions
from physiocam.web.server import port_error

# Connections at a time; more are answered with 503.
_CONNECTIONS = 100

# Longest picture of a live session.
_PICTURE_BYTES = 8_000_000

# Seconds for requests in progress when the service ends.
_LAST_S = 5


@dataclass(frozen=True)
class Service:
    """What a service does, and for whom.

    Attributes
    ----------
    place : Path
        Folder of the jobs.
    options : MeasureOptions
        How videos are measured; threads are shared out among the jobs.
    limits : Limits
    jobs : int
        Jobs measured at a time.
    host : str
        Address to listen at; "0.0.0.0" is all of this computer's.
    port : int
        0 takes any free one.
    token : str or None
        As in `Access`.
    """

    place: Path
    options: MeasureOptions
    limits: Limits = field(default_factory=Limits)
    jobs: int = 1
    host: str = "127.0.0.1"
    port: int = 8471
    token: str | None = None


def serve(service: Service, tell: Callable[[str], None]) -> None:
    """Run a service until it is ended by a signal.

    Parameters
    ----------
    service : Service
    tell : callable
        Called with a line when it begins to listen, and when something goes wrong.

    Raises
    ------
    PhysiocamError
        If the address or the port cannot be used, or another service uses the folder.
    """
    with prepared(service, tell) as (server, listening):
        name = f"[{service.host}]" if ":" in service.host else service.host
        tell(f"http://{name}:{listening.getsockname()[1]}/ takes videos; end with Ctrl-C")
        server.run(sockets=[listening])


@contextmanager
def prepared(service: Service, tell: Callable[[str], None]) -> Iterator[tuple[uvicorn.Server, socket.socket]]:
    """Give a server that can be run, and the socket for it; see `serve`."""
    limits = service.limits
    options = service.options.replace(threads=max(usable_cores() // service.jobs, 1))
    with _listening(service.host, service.port) as listening, _own_folder(service.place):
        queue = JobQueue(JobFiles(service.place), options, limits, service.jobs, tell)
        access = Access(service.token, service.host in LOOPBACK)
        config = uvicorn.Config(
            service_app(queue, LiveSessions(options, limits), limits, access),
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            ws_max_size=_PICTURE_BYTES,
            timeout_graceful_shutdown=_LAST_S,
        )
        yield uvicorn.Server(config), listening


@contextmanager
def _own_folder(place: Path) -> Iterator[None]:
    """Be the only service in a folder; a new one can be read by the user of the service only."""
    with writing_to(place):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone_in(place, "serving from"):
        yield


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise PhysiocamError(
                f"host is '{host}'; expected an address of this computer: 127.0.0.1 or 0.0.0.0"
            ) from None
        raise port_error(port, error) from None
