"""Load on `physiocam serve`: many clients, whole and damaged videos, and a service that is killed midway.

    python benchmarks/service.py VIDEO WORK_DIR [--requests 200] [--clients 8] [--json OUT.json]

Needs psutil, and Linux for the limit on memory. Short clips are cut out of the video, and damaged in several ways.
Every answer is compared with what `physiocam.measure` says about the same content in this process. When half of the
videos are accepted, the service is ended by SIGKILL and started again in the same folder.
"""

import argparse
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

import mutations
from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.measuring.measure import measure
from physiocam.video.writer import write_video

_CLIPS, _CLIP_S, _FS, _SIZE = 6, 2, 30, (320, 240)
_DAMAGE: tuple[mutations.Mutation, ...] = (
    mutations.flipped,
    mutations.head_flipped,
    mutations.cut,
    mutations.overwritten,
    mutations.spliced,
    mutations.lying,
)
_MEMORY_MB = 800
_PATIENCE_S = 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    contents = list(_contents(arguments.video, arguments.work))
    expected = [_expected(content, arguments.work) for content in contents]
    run = _Run(contents, arguments.work / "jobs")
    figures = run.load(arguments.requests, arguments.clients) | run.judge(expected)
    for name, figure in figures.items():
        print(f"{name:>24}  {figure:.4g}")
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def _contents(video: Path, folder: Path) -> Iterator[bytes]:
    """Clips, as many damaged copies, and what is no video at all."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    clips = []
    for index in range(_CLIPS):
        path = folder / f"clip-{index}.mp4"
        _cut(video, path, 1.5 * index)
        clips.append(path.read_bytes())
    yield from clips
    for index, damage in enumerate(_DAMAGE):
        for _ in range(2):
            yield damage(clips[index % _CLIPS], clips[index - 1], random)
    yield b"no video\n" * 1000


def _cut(video: Path, clip: Path, start_s: float) -> None:
    width, height = _SIZE
    with av.open(video) as given:
        frames = (
            frame.to_ndarray(width=width, height=height, format="rgb24").astype(np.uint8, copy=False)
            for frame in given.decode(video=0)
            if frame.time is not None and frame.time >= start_s
        )
        write_video(clip, islice(frames, _CLIP_S * _FS), _FS)


def _expected(content: bytes, folder: Path) -> dict[str, Any] | None:
    """The measurement of a content; None if it is refused."""
    path = folder / "video"
    path.write_bytes(content)
    try:
        measurement = measure(path, threads=1).to_dict()
    except PhysiocamError:
        return None
    text = json.dumps(measurement).replace(json.dumps(str(path))[1:-1], "video")
    return dict(json.loads(text))


@dataclass
class _Job:
    content: int
    job: str
    sent_s: float
    state: dict[str, Any] = field(default_factory=dict)
    measurement: Any = None


class _Run:
    """Clients that send videos and wait for them, while the service is watched and once killed."""

    def __init__(self, contents: list[bytes], place: Path) -> None:
        self._contents, self._place = contents, place
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self._port = int(free.getsockname()[1])
        self._jobs: list[_Job] = []
        self._peak_mb = {"service": 0.0, "job": 0.0}
        self._ended = threading.Event()

    def load(self, requests: int, clients: int) -> dict[str, float]:
        started = time.monotonic()
        self._service = self._start()
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        killer = threading.Thread(target=self._kill, args=(requests // 2,))
        killer.start()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(self._request, range(requests)))
        killer.join()
        self._ended.set()
        watcher.join()
        self._service.terminate()
        self._service.wait(60)
        waits = [job.state["seconds"] for job in self._jobs]
        return {
            "requests": requests,
            "clients": clients,
            "seconds": time.monotonic() - started,
            "median_wait_s": float(np.median(waits)),
            "longest_wait_s": max(waits),
            "peak_service_mb": self._peak_mb["service"],
            "peak_job_mb": self._peak_mb["job"],
            "memory_limit_mb": _MEMORY_MB,
        }

    def judge(self, expected: list[dict[str, Any] | None]) -> dict[str, float]:
        counts = dict.fromkeys(("measured", "refused", "wrong", "not_one_line"), 0)
        for job in self._jobs:
            right = expected[job.content]
            if job.state["state"] == "done":
                counts["measured"] += 1
                counts["wrong"] += job.measurement != right
            else:
                counts["refused"] += 1
                counts["wrong"] += right is not None
                counts["not_one_line"] += not re.fullmatch(r"[^\n]{10,300}", job.state["error"])
        return {"accepted": len({job.job for job in self._jobs}), **counts}

    def _request(self, index: int) -> None:
        """Send a video, as a client that tries again when the service is away, and wait for its end."""
        number = index % len(self._contents)
        status, answer = self._until_answered("POST", "/jobs", self._contents[number])
        assert status == 202, answer
        job = _Job(number, answer["job"], time.monotonic())
        self._jobs.append(job)
        while job.state.get("state") not in ("done", "failed"):
            assert time.monotonic() - job.sent_s < _PATIENCE_S, f"{job} takes too long"
            time.sleep(0.3)
            status, job.state = self._until_answered("GET", f"/jobs/{job.job}")
            assert status == 200, f"{job.job} was accepted and is lost"
        job.state["seconds"] = time.monotonic() - job.sent_s
        if job.state["state"] == "done":
            _, job.measurement = self._until_answered("GET", f"/jobs/{job.job}/measurement")

    def _until_answered(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        while True:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
                with closing(connection):
                    connection.request(method, path, body)
                    answer = connection.getresponse()
                    return answer.status, json.loads(answer.read())
            time.sleep(0.3)

    def _start(self) -> subprocess.Popen[bytes]:
        options = {"--port": self._port, "--jobs": 2, "--memory-mb": _MEMORY_MB}
        words = [str(word) for option in options.items() for word in option]
        return subprocess.Popen([sys.executable, "-m", "physiocam", "serve", str(self._place), *words])

    def _kill(self, accepted: int) -> None:
        while len(self._jobs) < accepted:
            time.sleep(0.05)
        self._service.kill()
        self._service.wait()
        self._service = self._start()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            with suppress(psutil.Error):
                service = psutil.Process(self._service.pid)
                self._note("service", service.memory_info().rss / 1e6)
                for child in service.children(recursive=True):
                    self._note("job", child.memory_info().rss / 1e6)

    def _note(self, which: str, megabytes: float) -> None:
        self._peak_mb[which] = max(self._peak_mb[which], megabytes)


if __name__ == "__main__":
    main()
