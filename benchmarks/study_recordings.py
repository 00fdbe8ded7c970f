"""Forty drawn recordings in three conditions, with events of four programs and five kinds of damage."""

import csv
import random
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pympi import Eaf

from films import h264, write_film
from physiocam.foundation.files import complete_file
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings

FS = 20.0
RECORDINGS = 40

# Heart and breathing rate of each condition, from and to.
CONDITIONS = {
    "rest": ((56.0, 76.0), (13.0, 18.0)),
    "paced": ((56.0, 76.0), (10.0, 10.0)),
    "raised": ((92.0, 118.0), (17.0, 23.0)),
}

# Recordings, by number from 0, that are damaged; the time span of another one makes no sense.
DAMAGE = {4: "truncated", 11: "empty", 19: "no face", 26: "audio only", 33: "missing"}
WRONG_SPAN = 37

SEGMENTS = ("baseline", "task")


@dataclass(frozen=True)
class StudyPart:
    """A recording or a segment, and what is true of it.

    Attributes
    ----------
    heart_rate, breathing_rate : float
    active : dict of str to float
        By action unit, the share of the time in which it is active.
    """

    heart_rate: float
    breathing_rate: float
    active: dict[str, float]


@dataclass(frozen=True)
class MadeRecording:
    """One recording as it was made.

    Attributes
    ----------
    name : str
    participant, condition : str
    damage : str
        Empty for none.
    whole : StudyPart
    segments : dict of str to StudyPart
    """

    name: str
    participant: str
    condition: str
    damage: str
    whole: StudyPart
    segments: dict[str, StudyPart]


def write_study(folder: Path, seconds: float, seed: int) -> list[MadeRecording]:
    """Write the videos, their event files and study.csv; videos that are there already are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    made, rows = [], []
    for number in range(RECORDINGS):
        participant, condition = f"{number // 3 + 1:03d}", list(CONDITIONS)[number % 3]
        name, damage = f"p{participant}-{condition}", DAMAGE.get(number, "")
        scene = _scene(number, condition, seconds, seed)
        video = folder / f"{name}.mp4"
        if damage != "missing" and not video.exists():
            with complete_file(video) as beside:
                _write(beside, scene, damage)
        half = seconds / 2
        spans = {"baseline": (0.0, half), "task": (half, seconds)}
        parts = {label: _part(scene, *span) for label, span in spans.items()}
        about = {"video": video.name, "participant": participant, "condition": condition}
        if number == WRONG_SPAN:
            spans["task"] = (half, half - 5.0)
        rows += [about | row for row in _events(video, number, spans)]
        made.append(MadeRecording(name, participant, condition, damage, _part(scene, 0.0, seconds), parts))
    columns = ("video", "participant", "condition", "segment", "start", "end", "events")
    with complete_file(folder / "study.csv") as beside, beside.open("w", newline="") as file:
        table = csv.DictWriter(file, columns, restval="")
        table.writeheader()
        table.writerows(rows)
    return made


def _scene(number: int, condition: str, seconds: float, seed: int) -> Scene:
    chance = random.Random(1000 * seed + number)
    (slow, fast), (calm, quick) = CONDITIONS[condition]
    settings = SceneSettings(
        fs=FS, duration_s=seconds, height=240, width=320, face_size=0.6, expressions=8.0,
        heart_rate=chance.uniform(slow, fast), breathing_rate=chance.uniform(calm, quick), seed=1000 * seed + number,
    )  # fmt: skip
    return Scene(Person.invent(1000 * seed + number // 3), settings)


def _part(scene: Scene, start_s: float, end_s: float) -> StudyPart:
    frames = slice(round(start_s * FS), round(end_s * FS))
    active = scene.expressions.codes.occurrence[frames].astype(float)
    return StudyPart(
        float(scene.physiology.heart_rates[frames].mean()),
        float(scene.physiology.breathing_rates[frames].mean()),
        {label: float(active[:, index].mean()) for index, label in enumerate(AU_LABELS)},
    )


def _write(path: Path, scene: Scene, damage: str) -> None:
    if damage == "empty":
        path.touch()
    elif damage == "audio only":
        _write_tone(path, scene.settings.duration_s)
    elif damage == "no face":
        walls = np.random.default_rng(0).integers(140, 150, (round(scene.settings.duration_s * FS), 240, 320, 3))
        write_film(path, walls.astype(np.uint8), FS, h264(20))
    else:
        write_film(path, scene.frames(), FS, h264(20))
        if damage == "truncated":
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])


def _write_tone(path: Path, seconds: float) -> None:
    """A sound under the name of a video."""
    times: NDArray[np.float64] = np.arange(round(8000 * seconds)) / 8000
    with path.open("wb") as file, wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes((8000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes())


def _events(video: Path, number: int, spans: dict[str, tuple[float, float]]) -> list[dict[str, str]]:
    """Write the events of a recording in the way of one of four programs; the rows of study.csv that are left."""
    stem = video.with_suffix("")
    programs = number % 4 if number != WRONG_SPAN else 3
    if programs == 0:
        lines = [f"{start}\t{end - start}\t{label}" for label, (start, end) in spans.items()]
        _write_lines(Path(f"{stem}_events.tsv"), ["onset\tduration\ttrial_type", *lines])
    elif programs == 1:
        ends = [
            (time, label, kind)
            for label, (start, end) in spans.items()
            for time, kind in ((start, "START"), (end, "STOP"))
        ]
        lines = [f"{time},{video.name},{label},{kind}" for time, label, kind in ends]
        _write_lines(Path(f"{stem}-boris.csv"), ["Time,Media file name,Behavior,Behavior type", *lines])
        return [{"events": f"{stem.name}-boris.csv"}]
    elif programs == 2:
        annotated = Eaf()
        annotated.add_tier("phase")
        for label, (start, end) in spans.items():
            annotated.add_annotation("phase", round(1000 * start), round(1000 * end), label)
        Path(f"{stem}.eaf").unlink(missing_ok=True)
        annotated.to_file(f"{stem}.eaf")
    else:
        return [
            {"segment": label, "start": f"0:{start:04.1f}", "end": f"0:{end:04.1f}"}
            for label, (start, end) in spans.items()
        ]
    return [{}]


def _write_lines(path: Path, lines: list[str]) -> None:
    with complete_file(path) as beside:
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8")
