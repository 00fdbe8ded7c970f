"""The stream: whether it agrees with the recording, how fast it is, and whether its memory stays flat.

    python benchmarks/stream.py WORK_DIR VIDEO... [--recordings 48] [--soak-minutes 60] [--json OUT.json]

Each VIDEO, and the first recordings of the generated benchmark of accuracy.py (drawn into WORK_DIR where they are not
there yet), are measured as files and pushed frame by frame. Speed is taken on one core with the first VIDEO at
640 x 480: how long each push takes, and what the answer for the last 30 s costs. The soak pushes that many minutes of
frames as fast as they go, and looks at the process's memory after each.
"""

import argparse
import json
import math
import os
import platform
from pathlib import Path
from time import perf_counter
from typing import Any

# One thread everywhere; set before NumPy and ONNX Runtime are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import av
import numpy as np
import psutil
from numpy.typing import NDArray

import physiocam
from accuracy import drawn
from physiocam.live.observer import SHOWN_S
from physiocam.video.reader import open_video

FS = 30.0
SIZE = (640, 480)
SPEED_FRAMES = 3000

# Seconds of frames that are held and pushed again and again, forwards and backwards, so that nothing jumps.
LOOP_S = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--recordings", type=int, default=48)
    parser.add_argument("--soak-minutes", type=int, default=60)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    figures: dict[str, Any] = {"machine": f"{platform.machine()}, one core of {os.cpu_count()}"}
    generated = [recording.video for recording in drawn(arguments.work / "videos", arguments.recordings, 1)]
    figures["clips"] = [agreement(video) for video in arguments.videos]
    figures["generated"] = [agreement(video) for video in generated]
    loop = frames_of(arguments.videos[0])
    figures["speed"] = speed(loop)
    figures["soak"] = soak(loop, arguments.soak_minutes)
    print(tables(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def agreement(video: Path) -> dict[str, Any]:
    """What the file says, and what its frames say when they are pushed."""
    whole = physiocam.measure(video, threads=1)
    stream = physiocam.Stream(threads=1, keep_s=math.inf)
    with open_video(video) as frames:
        for frame in frames.own_frames():
            stream.push(frame.image, frame.timestamp_s)
    told = stream.measurement()
    units = [
        abs(unit.mean_probability - other)
        for label, unit in whole.action_units.items()
        if unit.mean_probability is not None and (other := told.action_units[label].mean_probability) is not None
    ]
    return {
        "video": video.name,
        "heart": [whole.heart_rate.value, told.heart_rate.value],
        "heart_quality": [whole.heart_rate.quality, told.heart_rate.quality],
        "breathing": [whole.breathing_rate.value, told.breathing_rate.value],
        "breathing_quality": [whole.breathing_rate.quality, told.breathing_rate.quality],
        "face": [whole.face.found_fraction, told.face.found_fraction],
        "largest_au_difference": max(units, default=None),
    }


def frames_of(video: Path) -> list[NDArray[np.uint8]]:
    """A few seconds of a recording at 640 x 480, to and fro."""
    with av.open(str(video)) as container:
        images: list[NDArray[np.uint8]] = [
            frame.reformat(*SIZE, format="rgb24").to_ndarray().astype(np.uint8, copy=False)
            for _, frame in zip(range(round(LOOP_S * FS)), container.decode(video=0), strict=False)
        ]
    return [*images, *images[-2:0:-1]]


def speed(loop: list[NDArray[np.uint8]]) -> dict[str, float]:
    stream = physiocam.Stream(threads=1)
    pushes, answers = [], []
    for index in range(SPEED_FRAMES):
        started = perf_counter()
        stream.push(loop[index % len(loop)], index / FS)
        pushes.append(perf_counter() - started)
        if index % 30 == 29:
            started = perf_counter()
            stream.measurement(SHOWN_S)
            answers.append(perf_counter() - started)
    return {
        "frames_per_s": len(pushes) / sum(pushes),
        "push_median_ms": 1000 * float(np.median(pushes)),
        "push_p99_ms": 1000 * float(np.quantile(pushes, 0.99)),
        "push_longest_ms": 1000 * max(pushes),
        "answer_median_ms": 1000 * float(np.median(answers)),
        "answer_p99_ms": 1000 * float(np.quantile(answers, 0.99)),
    }


def soak(loop: list[NDArray[np.uint8]], minutes: int) -> dict[str, Any]:
    stream = physiocam.Stream(threads=1)
    process = psutil.Process()
    resident, slowest = [], []
    started = perf_counter()
    for minute in range(minutes):
        pushes = []
        for index in range(round(60 * FS)):
            number = minute * round(60 * FS) + index
            before = perf_counter()
            stream.push(loop[number % len(loop)], number / FS)
            pushes.append(perf_counter() - before)
            if index % round(10 * FS) == 0:
                stream.measurement(SHOWN_S)
        resident.append(process.memory_info().rss / 1e6)
        slowest.append(1000 * float(np.quantile(pushes, 0.99)))
    half = resident[len(resident) // 2 :]
    return {
        "minutes": minutes,
        "frames": stream.frames,
        "took_s": perf_counter() - started,
        "resident_mb": resident,
        "growth_of_second_half_mb": half[-1] - half[0] if half else None,
        "push_p99_ms": slowest,
    }


def tables(figures: dict[str, Any]) -> str:
    lines = []
    for group in ("clips", "generated"):
        rows = figures[group]
        lines.append(f"{group}: {len(rows)} recordings")
        for name in ("heart", "breathing"):
            both = [row[name] for row in rows if None not in row[name]]
            one = sum((row[name][0] is None) != (row[name][1] is None) for row in rows)
            apart = [abs(a - b) for a, b in both]
            lines.append(
                f"  {name}: both answer {len(both)}, only one {one}; apart by {np.mean(apart):.2f} in the mean, "
                f"{max(apart):.2f} at most"
                if both
                else f"  {name}: both answer 0, only one {one}"
            )
        apart = [row["largest_au_difference"] for row in rows if row["largest_au_difference"] is not None]
        if apart:
            lines.append(f"  mean AU probability: apart by {max(apart):.3f} at most")
    lines += [f"{name}: {value:.2f}" for name, value in figures["speed"].items()]
    soak = figures["soak"]
    if soak["minutes"]:
        lines.append(
            f"soak: {soak['frames']} frames in {soak['took_s']:.0f} s; resident after the first minute "
            f"{soak['resident_mb'][0]:.1f} MB, at the end {soak['resident_mb'][-1]:.1f} MB, over its second half "
            f"{soak['growth_of_second_half_mb']:+.1f} MB; 99 % of pushes within {max(soak['push_p99_ms']):.1f} ms "
            "in the slowest minute"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
