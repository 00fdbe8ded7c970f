"""Several people in one recording, and hard cuts: identities, rates and units as of each alone, and costs.

    python benchmarks/people.py WORK_DIR [--seeds 4] [--seconds 50] [--json docs/people.json]

Three drawn people stand, cross, leave and come back; all of them are measured together, and each in a recording
without the others, whose frames show them in the same places. A film has four scenes of two people and a card. The cost
is that of 1, 2 and 3 people in H.264 files of 640 x 480, measured in turn, in seconds of processor time, and by stage
as in `profile_measure.py`. Recordings in WORK_DIR are used again.
"""

import argparse
import cProfile
import json
import os
import platform
import pstats
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import process_time, thread_time
from typing import Any

# One thread everywhere; set before NumPy and ONNX Runtime are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

import physiocam
from films import h264, write_film
from physiocam.foundation.files import complete_file
from physiocam.results.measurement import Measurement
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.encoding import write_avi
from physiocam.synthetic.film import Film, Shot
from physiocam.synthetic.group import GroupScene, three_people, three_walkers
from profile_measure import DECODING, REST, STAGES, stage_times

FS = 20.0
HEIGHT = 300
COST_S = 12.0
COST_REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=50.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {"machine": f"{platform.machine()}, one core of {os.cpu_count()}"}
    figures["cost"] = cost(arguments.work)
    figures["film"] = [film(seed) for seed in range(arguments.seeds)]
    figures["people"] = [
        row for seed in range(arguments.seeds) for row in people(arguments.work, seed, arguments.seconds)
    ]
    print(tables(figures))
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def written(scene: GroupScene, path: Path) -> Path:
    """Without loss, so that nothing but the people decides."""
    if not path.exists():
        with complete_file(path) as beside:
            write_avi(beside, scene.frames(), FS, "ffv1", "bgr0")
    return path


def people(work: Path, seed: int, seconds: float) -> list[dict[str, Any]]:
    """One row for each of three people."""
    scene, walkers = three_people(seconds, seed, FS, HEIGHT), three_walkers(seconds, seed, FS, HEIGHT)
    together = physiocam.measure(written(scene, work / f"group{seed}.avi"), people="all", threads=1)
    rows = []
    for number, walker in enumerate(walkers):
        clear = scene.seen[:, number] & scene.apart[:, number]
        shares = [float(on_face(one, scene.faces[:, number])[clear].mean()) for one in together]
        best = together[int(np.argmax(shares))]
        single = GroupScene([walker], HEIGHT, 2 * HEIGHT, seed=seed)
        alone = physiocam.measure(written(single, work / f"group{seed}-{number}.avi"), threads=1)
        truth = scene.scenes[number].physiology
        both = clear & best.face_found & alone.face_found
        units = np.abs(best.action_unit_probability - alone.action_unit_probability)[both]
        rows.append(
            {
                "seed": seed,
                "person": number,
                "people_found": len(together),
                "identity": max(shares),
                "heart": [best.heart_rate.value, alone.heart_rate.value, truth.heart_rate],
                "heart_guess": [best.heart_rate.estimate, alone.heart_rate.estimate],
                "breathing": [best.breathing_rate.value, alone.breathing_rate.value, truth.breathing_rate],
                "units": float(units.mean()),
            }
        )
    return rows


def on_face(measurement: Measurement, faces: NDArray[np.float64]) -> NDArray[np.bool_]:
    """In which frames the middle of a face (T, 3) lies in a measured square."""
    x, y, size = measurement.face_squares.T
    right, down = np.abs(faces[:, 0] - x - size / 2), np.abs(faces[:, 1] - y - size / 2)
    return np.asarray(measurement.face_found & (np.maximum(right, down) < size / 2))


def film(seed: int) -> dict[str, Any]:
    """Two people in four scenes, with a card between them."""
    settings = SceneSettings(fs=FS, duration_s=24.0, height=240, width=320, heart_rate=66.0, seed=seed)
    one = Scene(Person.invent(100 + 2 * seed), settings)
    other = Scene(Person.invent(101 + 2 * seed), replace(settings, heart_rate=90.0, seed=seed + 1))
    made = Film([Shot(one, 0.0, 12.0), Shot(None, 0.0, 3.0), Shot(other, 0.0, 14.0), Shot(one, 12.0, 12.0)])
    found = physiocam.measure(np.stack(list(made.frames())), fs=FS, people="all", threads=1)
    bounds = [0, *made.cuts, found[0].frames]
    seen = [[round(float(one.face_found[start:stop].mean()), 3) for start, stop in pairwise(bounds)] for one in found]
    return {
        "cuts": list(made.cuts),
        "found": list(found[0].cuts),
        "seen": seen,
        "heart": [one.heart_rate.value for one in found],
        "truth": [66.0, 90.0],
    }


def cost(work: Path) -> dict[str, Any]:
    """Seconds of processor time for 1, 2 and 3 people, in all and by stage, once everything is loaded."""
    walkers = three_walkers(50.0, 0, FS, 320)
    videos = []
    for count in (1, 2, 3):
        group = GroupScene(walkers[:count], 320, 640)
        wall = np.full((160, 640, 3), 150, np.uint8)
        videos.append(work / f"cost{count}.mp4")
        if not videos[-1].exists():
            frames = (np.concatenate([wall, group.frame(index)]) for index in range(round(COST_S * FS)))
            with complete_file(videos[-1]) as beside:
                write_film(beside, frames, FS, h264(20))
    physiocam.measure(videos[0], people="all", threads=1)
    seconds: list[list[float]] = [[], [], []]
    for _ in range(COST_REPEATS):
        for count, video in enumerate(videos, 1):
            started = process_time()
            found = physiocam.measure(video, people="all", threads=1)
            seconds[count - 1].append(process_time() - started)
            assert len(found) == count, f"{len(found)} people found of {count}"
    return {"seconds": [median(runs) for runs in seconds], "stages": [stages(video) for video in videos]}


def stages(video: Path) -> dict[str, float]:
    """Seconds of processor time by stage; the profiler itself makes all but the networks slower."""
    profiler = cProfile.Profile(thread_time)
    started = process_time()
    profiler.enable()
    physiocam.measure(video, people="all", threads=1)
    profiler.disable()
    found = stage_times(pstats.Stats(profiler))
    return {**found, DECODING: process_time() - started - sum(found.values())}


def tables(figures: dict[str, Any]) -> str:
    one, two, three = figures["cost"]["seconds"]
    lines = [
        f"{COST_S:g} s at {FS:g} frames/s of 640 x 480: {one:.2f} s for one person, {two:.2f} s for two, {three:.2f} s",
        f"for three; one more takes {100 * (three - one) / 2 / one:.0f} % more.",
        "",
        "| seconds, while profiled | one person | two | three | each further one |",
        "|---|---|---|---|---|",
    ]
    for stage in (*STAGES, REST, DECODING):
        spent = [some[stage] for some in figures["cost"]["stages"]]
        cells = " | ".join(f"{value:.2f}" for value in (*spent, (spent[2] - spent[0]) / 2))
        lines.append(f"| {stage} | {cells} |")
    lines += [
        "",
        "| seed | person | identity | heart rate (together, alone, true) | breathing (likewise) | units differ by |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['seed']} | {row['person'] + 1} | {row['identity']:.1%} | {told(row['heart'])} "
        f"| {told(row['breathing'])} | {row['units']:.3f} |"
        for row in figures["people"]
    ]
    lines += [
        "",
        "| cuts | found | share seen in each scene, by person | heart rates (true: 66, 90) |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row['cuts']} | {row['found']} | {row['seen']} | {told(row['heart'])} |" for row in figures["film"]]
    return "\n".join(lines)


def told(values: list[float | None]) -> str:
    return ", ".join("-" if value is None else f"{value:.1f}" for value in values)


if __name__ == "__main__":
    main()
