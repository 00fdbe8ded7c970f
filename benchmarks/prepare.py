"""Speed and memory of preparing, against the plain NumPy and OpenCV way.

    python benchmarks/prepare.py [--frames 600] [--json OUT.json]

Frames are 480 x 640 portrait pixels in memory, cut to the bottom square: no decoding and no face detection, which are
the same for everybody. All figures of one table come from one run, in turn, on one thread a process, each the best of
five: other work on the machine can only slow them down.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import Recording
from physiocam.datasets.store.prepare import prepare
from physiocam.inputs.face_changes import face_changes
from physiocam.inputs.statistics import RunningStatistics
from physiocam.video.even_grid import Still, untimed_grid
from physiocam.video.locators import Square
from physiocam.video.reader import Video
from physiocam.video.resize import area_resize

HEIGHT, WIDTH, FS = 640, 480, 25.0
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=600, help="of each recording")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak_mb(arguments.peak))
        return
    figures: dict[str, Any] = {"memory": memory(), "speed": speed(arguments.frames)}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def few_frames() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (8, HEIGHT, WIDTH, 3), dtype=np.uint8)


@dataclass(frozen=True)
class LoopedFrames:
    """A few frames over and over: a recording of any length that needs no memory."""

    frames: int

    def open(self) -> Video:
        """Open the frames for one pass."""
        return Video("memory", _Looped(self.frames))


class _Looped:
    def __init__(self, frames: int) -> None:
        self._few = few_frames()
        self.grid = untimed_grid(frames, FS, math.inf)
        self.notes: list[str] = []

    def stills(self) -> Generator[Still, None, None]:
        for index, position in enumerate(self.grid.positions):
            yield Still(float(position), partial(self._few.__getitem__, index % len(self._few)))


@dataclass(frozen=True)
class LoopedEntry:
    """A recording of looped frames."""

    name: str
    frames: int
    subject: str = "F001"
    sources: tuple[str, ...] = ()

    def load(self) -> Recording:
        """Say where the frames are."""
        return Recording(self.name, self.subject, "T1", LoopedFrames(self.frames), crop="bottom")


def plain_way(frames: int) -> None:
    """What preprocessing does in the published code, step after step on whole arrays; the array is not grown."""
    few = few_frames()
    read = np.empty((frames, 144, 144, 3), np.float32)
    for index in range(frames):
        # The published code has read BGR from a file here.
        frame = few[index % len(few)][HEIGHT - WIDTH :].astype(np.float64) / 255
        small = cv2.resize(frame, (144, 144), interpolation=cv2.INTER_AREA).astype(np.float32)
        read[index] = np.clip(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), 1 / 255, 1)
    resized = np.zeros((frames, 144, 144, 3))
    for index in range(frames):
        resized[index] = cv2.resize(read[index], (144, 144), interpolation=cv2.INTER_AREA)
    big = resized - np.mean(resized)
    big /= np.std(big)
    big[np.isnan(big)] = 0
    changes = np.zeros((frames - 1, 144, 144, 3), np.float32)
    for index in range(frames - 2):
        before, after = resized[index], resized[index + 1]
        changes[index] = (after - before) / (after + before + 1e-7)
    changes /= np.std(changes)
    changes[np.isnan(changes)] = 0
    shrunk = np.zeros((frames - 1, 9, 9, 3))
    for index in range(frames - 1):
        shrunk[index] = cv2.resize(changes[index], (9, 9), interpolation=cv2.INTER_AREA)


def growing_read_loop(frames: int) -> None:
    """The published read loop: the array of frames grows by one frame at a time."""
    few = few_frames()
    read = np.zeros((0, 144, 144, 3), np.float32)
    for index in range(frames):
        frame = few[index % len(few)][HEIGHT - WIDTH :].astype(np.float64) / 255
        small = cv2.resize(frame, (144, 144), interpolation=cv2.INTER_AREA).astype(np.float32)
        read = np.concatenate([read, np.clip(small, 1 / 255, 1)[np.newaxis]])


def inputs_only(frames: int) -> None:
    """Our numbers without the store."""
    few = few_frames()
    square = Square(0, HEIGHT - WIDTH, WIDTH)
    big, small = RunningStatistics(), RunningStatistics()
    for face, _, change in face_changes(((few[index % 8], square) for index in range(frames)), 144):
        assert face is not None
        big.add(face)
        (face * np.float32(255) + np.float32(0.5)).astype(np.uint8)
        if change is not None:
            small.add(change)
            area_resize(change, 9, 9)


def prepared(folder: Path, recordings: int, frames: int, jobs: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as store:
        entries = [LoopedEntry(f"F{index:03d}", frames) for index in range(recordings)]
        report = prepare(entries, Path(store) / "store", jobs=jobs)
        assert not any(item.error for item in report), report


def speed(frames: int) -> list[dict[str, Any]]:
    """Frames/s of every way, in turn."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepared(folder, 2, 8, 2)  # starts the processes, which stay
        ways: list[tuple[str, Callable[[], None], int]] = [
            ("plain NumPy and OpenCV", partial(plain_way, frames), frames),
            ("its read loop as published (grows an array)", partial(growing_read_loop, frames), frames),
            ("physiocam, inputs only", partial(inputs_only, frames), frames),
            ("physiocam, into a store", partial(prepared, folder, 1, frames, 1), frames),
            ("physiocam, 4 recordings, 1 process", partial(prepared, folder, 4, frames, 1), 4 * frames),
            ("physiocam, 4 recordings, 2 processes", partial(prepared, folder, 4, frames, 2), 4 * frames),
        ]
        seconds: list[list[float]] = [[] for _ in ways]
        for _ in range(REPEATS):
            for times, (_, way, _) in zip(seconds, ways, strict=True):
                start = time.perf_counter()
                way()
                times.append(time.perf_counter() - start)
    rows = []
    for times, (name, _, count) in zip(seconds, ways, strict=True):
        rows.append({"way": name, "frames_per_s": count / min(times), "ratio": 0.0})
    for row in rows:
        row["ratio"] = row["frames_per_s"] / rows[0]["frames_per_s"]  # type: ignore[operator]
    _table("preparing 480 x 640 frames", ["way", "frames/s", "times the plain way"], rows)
    return rows


def memory() -> list[dict[str, Any]]:
    """Peak memory of a process that prepares one recording."""
    rows = []
    for minutes in (2, 10):
        command = [sys.executable, __file__, "--peak", str(round(60 * FS * minutes))]
        rows.append({"minutes": minutes, "peak_mb": float(subprocess.check_output(command))})
    _table("peak memory of a worker", ["minutes", "MB"], rows)
    return rows


def peak_mb(frames: int) -> float:
    import resource

    with tempfile.TemporaryDirectory() as scratch:
        prepared(Path(scratch), 1, frames, 1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(title: str, header: list[str], rows: list[dict[str, Any]]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        cells = [value if isinstance(value, str) else f"{value:.4g}" for value in row.values()]
        print("| " + " | ".join(cells) + " |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
