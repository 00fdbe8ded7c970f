"""A service that runs in a thread of the tests, and clips that are measured in a second."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.video.writer import write_video

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from physiocam.measuring.options import MeasureOptions
from physiocam.service.limits import Limits
from physiocam.service.server import Service, prepared

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Client:
    """Asks a service."""

    port: int

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kind = answer.getheader("Content-Type") or ""
        return answer.status, json.loads(content) if kind == "application/json" else content

    def send(self, video: Path) -> str:
        status, answer = self.ask("POST", "/jobs", video.read_bytes())
        assert status == 202, answer
        return str(answer["job"])

    def ended(self, job: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            status, state = self.ask("GET", f"/jobs/{job}")
            assert status == 200, state
            if state["state"] in ("done", "failed"):
                return dict(state)
            time.sleep(0.1)
        raise AssertionError(f"the job is still {state}")


@contextmanager
def run_service(place: Path, limits: Limits, **more: Any) -> Iterator[Client]:
    service = Service(place, MeasureOptions(), limits, port=0, **more)
    with prepared(service, pytest.fail) as (server, listening):
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield Client(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of one-second clips without a face: of 20, 30 and 40 frames."""
    folder = tmp_path_factory.mktemp("clips")
    random = np.random.default_rng(0)
    for frames in (20, 30, 40):
        pictures = (random.integers(0, 256, (64, 64, 3)).astype(np.uint8) for _ in range(frames))
        write_video(folder / f"{frames}.mp4", pictures, 25.0)
    return folder


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Starts services, each in a folder of its own unless one is given."""
    from contextlib import ExitStack

    with ExitStack() as running:

        def start(place: Path | None = None, token: str | None = None, **limits: Any) -> Client:
            place = tmp_path / "jobs" if place is None else place
            return running.enter_context(run_service(place, Limits(**limits), token=token))

        yield start
