"""Write the golden vectors by which the page's rules in `web/` are tested: what the Python rules answer.

    python scripts/web/golden.py

writes web/tests/golden.json. Inputs are formulas that both languages compute, so that the file stays small. The tests
of both languages compare their answers with it: one of them fails where a rule is changed in one language alone.
"""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.blocks import InputCollector, InputShape
from physiocam.inputs.crop import Crop, recrop
from physiocam.measuring import clip_pipeline
from physiocam.measuring.expressions import read_expressions
from physiocam.measuring.measure import measure
from physiocam.measuring.memory_windows import _half
from physiocam.measuring.stream import Stream
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_files import write_measurement
from physiocam.results.unit_events import unit_events
from physiocam.signals.breath_evidence import (
    BreathConfidence,
    breath_evidence,
    rhythm_of,
    shoulders_of,
)
from physiocam.signals.comb_filter import comb_filtered
from physiocam.signals.confidence import Confidence, PulseJudge, evidence_of
from physiocam.signals.even_differences import even_differences
from physiocam.signals.judging import Candidate, Judge
from physiocam.signals.logistic import LogisticModel, pairs
from physiocam.signals.quantities import Quantity
from physiocam.signals.rate import Rate, RateSeries, estimate_rate, rates_along
from physiocam.signals.readings import LIGHT, light_of, readings_of
from physiocam.signals.settings import SETTINGS
from physiocam.signals.shoulder_judge import ShoulderJudge
from physiocam.signals.spectra import pooled_spectrum
from physiocam.signals.waveform import clean_waveform, scenes_of
from physiocam.video import people_tracker
from physiocam.video.appearance import look_of
from physiocam.video.cuts import CutFinder
from physiocam.video.even_grid import timed_grid
from physiocam.video.face import FaceBox, FaceDetector
from physiocam.video.locators import Square
from physiocam.video.people import EACH, others_note
from physiocam.video.people_tracker import PeopleTracker
from physiocam.video.resize import area_resize
from physiocam.weights.bundle import Bundle
from physiocam.weights.description import BundleInfo

GOLDEN = Path(__file__).parents[2] / "web" / "tests" / "golden.json"
_DEFAULT = SETTINGS["default"]


def golden() -> dict[str, Any]:
    """Return all answers, as JSON holds them."""
    return {
        "model": _MODEL.model_dump(),
        "breath_model": _BREATH_MODEL.model_dump(),
        "resize": [_listed(area_resize(picture(0, *size), *to)) for size, to in RESIZED],
        "recrop": [list(recrop(Square(*square), Crop(), Crop(factor=2.0, down=0.4), 640, 480)) for square in RECROPPED],
        "blocks": [_blocks(memory) for memory in (None, 20.0)],
        "waveforms": {
            name: _listed(clean_waveform(wave, fs, of, _DEFAULT)) for name, (wave, fs, of) in waves().items()
        },
        "rates": {name: _rates(wave, fs, of) for name, (wave, fs, of) in waves().items()},
        "combed": _combed(),
        "judged": _judged(),
        "shifts": _shifts(),
        "breathing": _breathing(),
        "breath_probable": _breath_probable(),
        "light": _listed(light_of(_small())),
        "half": [_listed(_half(_small()[:1], side)) for side in ("left", "right")],
        "even": _listed(even_differences(times(60), np.sin(np.arange(60.0)), np.arange(55) / 30, 0.5)),
        "grids": [_grid(list_of(80)) for list_of in (times, steady, holed)],
        "cuts": _cuts(),
        "looks": [_listed(look_of(picture(0, 90, 120), FaceBox(*box, 0.9))) for box in LOOKED_AT],
        "crowd": _crowd(),
        "others": others_note(3, 1).removesuffix(EACH),
        "detected": _detected(),
        "expressions": [_expressions(*case) for case in ((90, ()), (400, ()), (800, (350,)))],
        "recording": _measured(_whole()),
        "stream": _measured(_streamed()),
        "breather": _brief(_breather()),
        "breather_stream": _brief(_breather_streamed()),
        "film": [_brief(one) for one in _filmed()],
        "film_of_one": _brief(_filmed_one()),
        "film_stream": [_brief(one) for one in _filmed_stream()],
    }


RESIZED = (((50, 40), (9, 9)), ((201, 201), (24, 24)), ((20, 20), (36, 36)), ((144, 144), (9, 9)))
LOOKED_AT = ((40.0, 30.0, 30.0, 36.0), (-4.5, -3.0, 20.0, 26.0), (100.5, 70.0, 30.0, 30.0))
RECROPPED = ((10, 20, 101), (500, 300, 140), (300, 100, 333))


def picture(t: int, height: int, width: int) -> NDArray[np.uint8]:
    """Pixels that both languages compute."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * 73 + y * 151 + c * 199 + t * (3 + (x * y) % 11)) % 256).astype(np.uint8)


def beating(t: int, height: int, width: int) -> NDArray[np.uint8]:
    """A smooth picture whose brightness beats 72 times and breathes 15 times a minute."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    pulse = np.sin(2 * np.pi * 1.2 * t / 30.0) * (1 + c) + 2 * np.sin(2 * np.pi * 0.25 * t / 30.0) * (y / height)
    light = 120 + 40 * np.sin(x / 7.0) + 30 * np.cos(y / 5.0) + 4 * pulse
    return np.asarray(np.floor(light + 0.5), dtype=np.uint8)


def film(t: int, height: int, width: int) -> NDArray[np.uint8]:
    """Frames with hard cuts: a scene, the same one inverted, and the first one again."""
    frame = beating(t, height, width)
    return 255 - frame if FILM_CUTS[0] <= t < FILM_CUTS[1] else frame


FILM_CUTS = (250, 400)


def noise(n: int, seed: int) -> NDArray[np.float64]:
    """Numbers between -1 and 1 by a small congruential generator, the same in every language."""
    values, state = np.empty(n), seed
    for i in range(n):
        state = (state * 16807) % 2147483647
        values[i] = state / 2147483647 * 2 - 1
    return values


def times(n: int) -> NDArray[np.float64]:
    """Frame times of a camera that is not quite regular."""
    return np.asarray(np.arange(n) / 29.0 + 0.004 * np.sin(np.arange(n) * 1.7) + 0.02 * (np.arange(n) > n / 2))


def steady(n: int) -> NDArray[np.float64]:
    """Frame times in whole milliseconds."""
    return np.round(np.arange(n) * 1000 / 60.0) / 1000


def holed(n: int) -> NDArray[np.float64]:
    """Frame times with a pause of two seconds."""
    return np.asarray(np.arange(n) / 25.0 + 2.0 * (np.arange(n) >= 50) + 0.015 * (np.arange(n) % 2))


def waves() -> dict[str, tuple[NDArray[np.float64], float, Quantity]]:
    """Differences of waveforms, their frames per second, and what they are of."""

    def wave(n: int, fs: float, hz: float, much: float, seed: int) -> NDArray[np.float64]:
        return np.asarray(np.diff(np.sin(2 * np.pi * hz * np.arange(n + 1) / fs)) + much * noise(n, seed))

    gap = wave(600, 30.0, 1.3, 0.05, 5)
    gap[200:290] = np.nan
    beat = np.arange(901) / 30.0
    slow = np.diff(np.sin(2 * np.pi * 0.75 * beat) * 0.9 + np.sin(2 * np.pi * 1.5 * beat))
    return {
        "clear": (wave(450, 30.0, 1.2, 0.02, 1), 30.0, "heart"),
        "noisy": (wave(450, 30.0, 1.2, 1.0, 2), 30.0, "heart"),
        "gap": (gap, 30.0, "heart"),
        "slow": (slow, 30.0, "heart"),
        "short": (wave(100, 30.0, 1.2, 0.02, 3), 30.0, "heart"),
        "breath": (wave(1500, 30.0, 0.25, 0.01, 4), 30.0, "breathing"),
        "brief": (wave(300, 30.0, 0.25, 0.01, 4), 30.0, "breathing"),
        "flat": (np.zeros(450), 30.0, "heart"),
        "seldom": (wave(60, 4.0, 0.5, 0.0, 6), 4.0, "heart"),
    }


def _rates(
    wave: NDArray[np.float64], fs: float, of: Quantity, judge: Judge | None = None, cuts: tuple[int, ...] = ()
) -> dict[str, Any]:
    along = rates_along(wave, fs, of, _DEFAULT, None, judge, cuts)
    whole = estimate_rate(wave, fs, of, _DEFAULT, None, judge, cuts)
    return {"whole": _rate(whole), "value": _listed(along.value), "quality": _listed(along.quality)}


def _combed() -> dict[str, list[float]]:
    """A wave with a gap: its rate along it, only in places, only as a whole, and not at all."""
    wave, fs, of = waves()["gap"]
    clean = clean_waveform(wave, fs, of, _DEFAULT)
    whole, along = estimate_rate(wave, fs, of, _DEFAULT), rates_along(wave, fs, of, _DEFAULT)
    early = np.where(np.arange(len(along.value)) < 3, along.value + 1.5 * np.arange(len(along.value)), np.nan)
    nowhere = np.full(len(along.value), np.nan)
    cases = {
        "along": (whole, along.value), "early": (whole, early), "whole": (whole, nowhere),
        "nowhere": (replace(whole, value=None), nowhere),
    }  # fmt: skip
    return {
        name: _listed(comb_filtered(clean, fs, rate, RateSeries(values, along.quality), _DEFAULT.heart))
        for name, (rate, values) in cases.items()
    }


def _rate(rate: Rate) -> list[Any]:
    interval = list(rate.interval) if rate.interval else None
    return [rate.value, rate.quality, rate.note, rate.estimate, interval]


def readings(n: int) -> NDArray[np.float64]:
    """Readings beside a pulse, (n, 4 + LIGHT)."""
    phase = np.sin(2 * np.pi * 1.2 * np.arange(n + 1) / 30.0)
    columns = [np.diff(phase) * (1 + 0.1 * i) + 0.1 * (i % 5) * noise(n, 40 + i) for i in range(4 + len(LIGHT))]
    return np.column_stack(columns)


Model = TypeVar("Model", bound=LogisticModel)


def _made_up(kind: type[Model], *, products: bool) -> Model:
    """A model that is the same whatever bundle is the default one."""
    known = kind.KNOWN
    return kind(
        evidence=known,
        centre=tuple(0.1 * i - 0.5 for i in range(len(known))),
        scale=tuple(0.5 + 0.1 * i for i in range(len(known))),
        weight=tuple(round(0.3 * float(np.cos(i)), 3) for i in range(len(known))),
        products=tuple(round(0.02 * float(np.sin(i)), 4) for i in range(len(pairs(len(known))))) if products else (),
        bias=0.4,
        widths=((0.02, 60.0), (0.5, 30.0), (0.9, 1.8), (1.0, 0.9)),
    )


_MODEL = _made_up(Confidence, products=True)
_BREATH_MODEL = _made_up(BreathConfidence, products=False)


def _judge(table: NDArray[np.float64]) -> PulseJudge:
    return PulseJudge(readings_of(table), _MODEL)


def _judged() -> dict[str, Any]:
    wave, fs, of = waves()["clear"]
    with_other = _judge(readings(len(wave)))
    table = readings(len(wave))
    table[:, 3] = np.nan
    wave_with_gap = wave.copy()
    wave_with_gap[100:130] = np.nan
    pooled = pooled_spectrum(clean_waveform(wave, fs, of, _DEFAULT), fs, _DEFAULT.heart)
    assert pooled is not None
    candidate = Candidate(wave, fs, 1.21, pooled[0], pooled[1][0], 0.15, _DEFAULT.heart)
    return {
        "evidence": _listed(evidence_of(candidate, with_other.readings)),
        "probability": with_other.model.probability(evidence_of(candidate, with_other.readings)),
        "width": [with_other.model.width(probability) for probability in (0.0, 0.5, 0.9, 1.0)],
        "rates": _rates(wave, fs, of, with_other),
        "cut": _rates(wave_with_gap, fs, of, with_other, (130, 330)),
        "cut_unjudged": _rates(wave_with_gap, fs, of, None, (130, 330)),
        "without_other": _rates(wave_with_gap, fs, of, _judge(table)),
    }


def swaying(t: int, fs: float, height: int, width: int) -> NDArray[np.uint8]:
    """A picture that beats 72 times and breathes 15 times a minute; its lower part moves, the upper part hardly."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    breath = np.sin(2 * np.pi * 0.25 * t / fs)
    down = breath * np.where(y > 0.6 * height, 0.5, 0.05)
    pulse = np.sin(2 * np.pi * 1.2 * t / fs) * (1 + c)
    light = 120 + 50 * np.sin((y - down) / 5.0 + x / 9.0) + 8 * breath + 4 * pulse
    return np.asarray(np.floor(light + 0.5), dtype=np.uint8)


def _shifts() -> list[Any]:
    """Shifts of the shoulders in a block; the square moves; once nobody is there, at last no shoulders."""
    shape = InputShape(clip_length=1, big_stride=0, big_size=73, wide_crop=(Crop(), Crop(factor=2.0, down=0.4)))
    collector = InputCollector(shape, 60)
    for t in range(20):
        square = Square(40 + (t > 6), 66 if t > 15 else 16, 40)
        collector.add(swaying(t, 5.0, 110, 120), None if t == 4 else square)
    block = collector.flush()
    assert block is not None
    assert block.shifts is not None
    return [_listed(shift) for shift in block.shifts]


def shoulder_shifts() -> dict[str, NDArray[np.float64]]:
    """Shifts of shoulders and of what is above them, (1125, 2), at 25 frames/s; their breath is 15 a minute."""

    def swing(rate: float, much: float) -> NDArray[np.float64]:
        return np.diff(much * np.sin(2 * np.pi * rate / 60 * np.arange(1126) / 25.0))

    still = 1e-5 * noise(1125, 21)
    gap, jerk, late, seldom = (swing(15.0, 0.006) for _ in range(4))
    gap[400:450] = np.nan
    jerk += 0.002
    jerk[300] = 0.5
    late[:750] /= 6
    seldom[300:] = np.nan
    return {
        "agree": np.column_stack([swing(15.0, 0.006) + still, still]),
        "gap": np.column_stack([gap, still]),
        "disagree": np.column_stack([swing(9.0, 0.006), still]),
        "two": np.column_stack([swing(15.0, 0.006) + swing(25.0, 0.0045), still]),
        "still": np.column_stack([swing(15.0, 0.001), still]),
        "whole": np.column_stack([swing(15.0, 0.006), swing(15.0, 0.005)]),
        "jerk": np.column_stack([jerk, still]),
        "late": np.column_stack([1.5 * late, still]),
        "seldom": np.column_stack([seldom, still]),
        "brief": np.column_stack([seldom, np.where(np.isnan(seldom), seldom, still)]),
        "unseen": np.column_stack([np.full(1125, np.nan), still]),
    }


def _breathing() -> dict[str, Any]:
    """Rates of one breath, judged by different shoulders, of one in two scenes, and of one that noise nearly hides."""
    breath = np.diff(np.sin(2 * np.pi * 0.25 * np.arange(1126) / 25.0))
    clear, noisy = (breath + much * noise(1125, 20) for much in (0.05, 0.4))
    tables = shoulder_shifts()
    judged = {name: _rates(clear, 25.0, "breathing", ShoulderJudge(table)) for name, table in tables.items()}
    cut = clear.copy()
    cut[651] = np.nan
    agreeing = ShoulderJudge(tables["agree"])
    judged["cut"] = _rates(cut, 25.0, "breathing", agreeing, (652,))
    return judged | {"noisy": _rates(noisy, 25.0, "breathing", agreeing)}


def _breath_probable() -> dict[str, Any]:
    """The evidence for one breath, and rates that a model judges, with different shoulders and in two scenes."""
    breath = np.diff(np.sin(2 * np.pi * 0.25 * np.arange(1126) / 25.0)) + 0.05 * noise(1125, 20)
    tables = shoulder_shifts()
    pooled = pooled_spectrum(clean_waveform(breath, 25.0, "breathing", _DEFAULT), 25.0, _DEFAULT.breathing)
    assert pooled is not None
    candidate = Candidate(breath, 25.0, 0.2521, pooled[0], pooled[1][0], 0.04, _DEFAULT.breathing)
    evidence = {}
    for name, table in tables.items():
        shoulders = shoulders_of(candidate, table)
        rhythm = rhythm_of(candidate, shoulders)
        evidence[name] = rhythm and _listed(breath_evidence(candidate, shoulders, rhythm))
    judges = {name: ShoulderJudge(table, _BREATH_MODEL) for name, table in tables.items()}
    cut = breath.copy()
    cut[651] = np.nan
    return {
        "evidence": evidence,
        "rates": {name: _rates(breath, 25.0, "breathing", judge) for name, judge in judges.items()},
        "cut": _rates(cut, 25.0, "breathing", judges["agree"], (652,)),
    }


def _small() -> NDArray[np.float32]:
    return noise(4 * 243, 9).reshape(4, 3, 9, 9).astype(np.float32)


def _blocks(memory: float | None) -> list[dict[str, Any]]:
    shape = InputShape(clip_length=3, big_stride=3, big_size=16, small_size=9, big_crop=(Crop(), Crop(factor=1.3)))
    collector = InputCollector(shape, 9, memory)
    blocks = []
    for t in range(14):
        square = None if t == 10 else Square(5 + (t > 5), 7, 30)
        blocks.append(collector.add(beating(t, 50, 60), square))
    blocks.append(collector.flush())
    return [
        {
            "frames": block.frames,
            "has_motion": block.has_motion,
            "shown": block.shown.astype(int).ravel().tolist(),
            "small": _listed(block.small.reshape(-1, 243)[:, ::10]),
            "big": _listed(block.big(0, block.clips).reshape(block.clips, -1)[:, ::37]),
        }
        for block in blocks
        if block
    ]


def _grid(stamps: NDArray[np.float64]) -> dict[str, Any]:
    grid = timed_grid(stamps, 48.0)
    return {"fs": grid.fs, "positions": _listed(grid.positions), "frames": grid.frames, "together": grid.together}


def _cuts() -> list[int]:
    finder = CutFinder(30.0)
    return [t for t in (*range(236, 266), *range(386, 416)) if finder.add(None if t == 390 else film(t, 200, 300))]


CROWD_CUT = 140
# Colours of three people, and of the first one in another light.
_SKINS = ((200, 130, 100), (90, 60, 45), (40, 60, 120), (120, 110, 80))


def crowd_at(t: int) -> list[tuple[int, list[float]]]:
    """Who is in frame t, as numbers, with the boxes (x, y, width, height, score) that the detector is made to find."""
    people: list[tuple[int, list[float]]] = []
    if not 70 <= t < 100 and t < 170:
        left = 20.0 + (t > 40) * 12 + (t >= 100) * 22 - (t >= CROWD_CUT) * 30
        people.append((3 * (t >= 100), [left, 10.0, 30.0, 40.0, 0.5 if 10 < t < 25 else 0.95]))
    if t >= 30:
        # From frame 120 on, this person comes close to the first one.
        people.append((1, [max(86.0 - 0.8 * max(t - 120, 0), 62.0), 12.0, 24.0, 30.0, 0.9]))
    if 145 <= t < 195:
        people.append((2, [4.0, 45.0, 20.0, 26.0, 0.8]))
    return people


def crowd(t: int) -> NDArray[np.uint8]:
    """A picture of these people; the frame's number is its first pixel."""
    y, x, c = np.meshgrid(np.arange(90), np.arange(120), np.arange(3), indexing="ij")
    frame = (60 + (x * 3 + y * 5 + c * 7) % 40).astype(np.uint8)
    for who, (left, top, width, height, _) in crowd_at(t):
        frame[int(top) : int(top + height), int(left) : int(left + width)] = _SKINS[who]
    frame[0, 0] = t
    return frame


class _Crowd:
    """Stands for a detector that finds `crowd_at`."""

    def detect(self, image: NDArray[np.uint8], min_score: float = 0.0) -> list[FaceBox]:
        boxes = [FaceBox(*box) for _, box in crowd_at(int(image[0, 0, 0]))]
        return [box for box in boxes if box.score >= min_score]


def _crowd() -> dict[str, Any]:
    follower = PeopleTracker(30.0, 1.2, _Crowd())  # type: ignore[arg-type]
    for t in range(200):
        follower.locate(None if t == 5 else crowd(t), t == CROWD_CUT)
    return {
        "needed": follower.seen.needed,
        "people": [
            {
                "squares": [list(square) if square else None for square in person.squares[::3]],
                "found": [int(found) for found in person.found],
                "detections": person.detections,
                "doubts": person.doubts,
            }
            for person in follower.people
        ],
    }


def detector_rows() -> NDArray[np.float32]:
    """What the detector's network is made to answer: (rows, 6)."""
    rows = [[0.0, 0.9 - 0.03 * i, 0.1 + 0.02 * i, 0.2, 0.3 + 0.02 * i, 0.6] for i in range(12)]
    return np.array([*rows, [0.0, 0.99, 0.6, 0.1, 0.9, 0.7], [0.9, 0.1, 0.0, 0.0, 1.0, 1.0]], np.float32)


class _Session:
    """Stands for ONNX Runtime, and remembers what it was given."""

    def run(self, _: object, feeds: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        self.canvas = feeds["input"]
        return [detector_rows()[None]]


def _detected() -> dict[str, Any]:
    detector = FaceDetector.__new__(FaceDetector)
    session = _Session()
    detector._session, detector._input = session, "input"
    boxes = detector.detect(picture(0, 400, 300))
    return {"boxes": [list(box) for box in boxes], "canvas": _listed(session.canvas.ravel()[::1009])}


def _expressions(frames: int, cuts: tuple[int, ...]) -> dict[str, Any]:
    found = np.arange(frames) % 50 > 2
    t = np.arange(frames)[:, None]
    outputs = {
        "au": (np.sin(t / 9.0 + np.arange(3)) * 4 + np.arange(3) - 2).astype(np.float32),
        "intensity": (np.sin(t / 7.0 + np.arange(3)) * 3 + 1).astype(np.float32),
        "head_pose": np.concatenate([35 * np.sin(t / 20.0), 10 * np.cos(t / 11.0), t / 30.0], axis=1).astype(
            np.float32
        ),
    }
    read = read_expressions({name: np.where(found[:, None], one, np.nan) for name, one in outputs.items()}, found, 30.0,
                            _bundle(), "auto", scenes_of(frames, cuts))  # fmt: skip
    return {
        "probability": _listed(read.probability[::7]),
        "intensity": _listed(read.intensity[::7]),
        "pose": _listed(read.head_pose[::7]),
        "neutral": read.neutral,
        "choice": read.neutral_choice,
        "notes": list(read.notes),
    }


def _task(name: str, kind: str, *labels: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "labels": list(labels)}


def _entry(name: str, config: dict[str, Any]) -> dict[str, Any]:
    digest = "0" * 64
    return {
        "name": name, "config": config, "weights": f"{name}.safetensors", "weights_sha256": digest,
        "onnx": f"{name}.onnx", "onnx_sha256": digest,
    }  # fmt: skip


def _bundle() -> Bundle:
    """A bundle like the default one, but small; its networks are made up by `_Runtime`."""
    pulse, breath = _task("pulse", "waveform", "pulse"), _task("respiration", "waveform", "respiration")
    units = _task("au", "binary", "AU01", "AU12", "AU45")
    rated = _task("intensity", "level", "AU01", "AU12", "AU12_L")
    turned = _task("head_pose", "level", "pitch", "yaw", "roll")
    size = {"big_size": 16, "small_size": 9}
    small = {"architecture": "bigsmall", "branches": "small", **size}
    three = {"clip_length": 3, "big_stride": 3}
    fast = {"tasks": [pulse], **three, **small}
    sharp = {"architecture": "expression_cnn", "tasks": [units, rated, turned], **three, **size}
    slow = {"tasks": [breath], "clip_length": 15, "big_stride": 15, **small}
    long = {"architecture": "small_tcn", "tasks": [pulse], "clip_length": 64, **size}
    info = BundleInfo.model_validate({
        "name": "golden", "description": "", "licence": "", "fs": 30.0, "big_crop": {"factor": 1.3},
        "networks": [_entry("fast", fast), _entry("sharp", sharp)],
        "slow": {"fs": 5.0, "crop": {"factor": 2.0, "down": 0.4}, "networks": [_entry("slow", slow)],
                 "confidence": _BREATH_MODEL.model_dump()},
        "memory": {"networks": [_entry("long", long)], "confidence": _MODEL.model_dump()},
        "unit_auc": {"AU12": 0.9},
    })  # fmt: skip
    return Bundle(Path("golden"), info, "0" * 64)


class _Runtime:
    """Stands for networks: sums of their inputs."""

    def __init__(self, bundle: Bundle, _threads: object, networks: Any = None, *_: object, **__: object) -> None:
        entries = networks or bundle.info.networks
        self._tasks = {task.name: len(task.labels) for entry in entries for task in entry.config.tasks}

    def run(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return {task: output[:, 0] for task, output in self.run_phases(big, small[:, None]).items()}

    def run_phases(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        seen = big.reshape(len(big), -1)[:, ::5].sum(axis=1) if big.size else np.zeros(len(small))
        moved = small.astype(np.float64).sum(axis=(3, 4, 5)) / 243
        place = np.arange(small.shape[2])
        value = moved * (1 + 0.1 * place) + 0.001 * seen[:, None, None]
        return {
            task: np.stack([value * (1 + c) - 0.5 * c for c in range(width)], axis=-1).astype(np.float32)
            for task, width in self._tasks.items()
        }


class _OneFace:
    """Stands for a detector that finds one face, always."""

    def detect(self, _image: object, _min_score: float = 0.0) -> list[FaceBox]:
        return [FaceBox(14.0, 6.0, 30.0, 36.0, 0.95)]


class _LateFace:
    """Stands for a detector that finds a face where the first pixel is not black."""

    def detect(self, image: NDArray[np.uint8], _min_score: float = 0.0) -> list[FaceBox]:
        return _OneFace().detect(image) if image[0, 0, 0] else []


class _TwoFaces:
    """Stands for a detector that finds two faces, the second one after a while and not in the inverted scene."""

    def detect(self, image: NDArray[np.uint8], _min_score: float = 0.0) -> list[FaceBox]:
        boxes = [FaceBox(14.0, 6.0, 24.0, 30.0, 0.95), FaceBox(42.0, 20.0, 16.0, 18.0, 0.9)]
        return boxes if int(image[0, 0, 0]) >= 128 else boxes[:1]


def _with_made_up_networks(detector: type = _OneFace) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(patch.object(clip_pipeline, "Runtime", _Runtime))
    stack.enter_context(patch.object(people_tracker, "FaceDetector", detector))
    return stack


def _whole() -> Measurement:
    frames = [beating(t, 48, 64) for t in range(600)]
    with _with_made_up_networks():
        return measure(frames, weights=_bundle(), fs=30.0)


def _streamed() -> Measurement:
    with _with_made_up_networks():
        stream = Stream(weights=_bundle())
        for t, time_s in enumerate(times(700)):
            stream.push(beating(t, 48, 64), float(time_s))
        return stream.measurement(20.0)


def _breathing_frames() -> list[NDArray[np.uint8]]:
    """Someone whose shoulders are in the picture; the first pixel says whether there is a face yet."""
    frames = [swaying(t, 30.0, 76, 80) for t in range(600)]
    for frame in frames[:60]:
        frame[0, 0] = 0
    return frames


def _breather() -> Measurement:
    with _with_made_up_networks(_LateFace):
        return measure(_breathing_frames(), weights=_bundle(), fs=30.0)


def _breather_streamed() -> Measurement:
    with _with_made_up_networks(_LateFace):
        stream = Stream(weights=_bundle())
        for frame, time_s in zip(_breathing_frames(), times(600), strict=True):
            stream.push(frame, float(time_s))
        return stream.measurement(20.0)


def _film() -> list[NDArray[np.uint8]]:
    return [film(t, 48, 64) for t in range(600)]


def _filmed() -> tuple[Measurement, ...]:
    with _with_made_up_networks(_TwoFaces):
        return measure(_film(), weights=_bundle(), fs=30.0, people="all")


def _filmed_one() -> Measurement:
    with _with_made_up_networks(_TwoFaces):
        return measure(_film(), weights=_bundle(), fs=30.0)


def _filmed_stream() -> tuple[Measurement, ...]:
    with _with_made_up_networks(_TwoFaces):
        stream = Stream(weights=_bundle(), people="all")
        for frame, time_s in zip(_film(), times(600), strict=True):
            stream.push(frame, float(time_s))
        return stream.measurements(18.0)


def _brief(measurement: Measurement) -> dict[str, Any]:
    return {
        "person": measurement.person,
        "cuts": list(measurement.cuts),
        "heart": _rate(measurement.heart_rate),
        "breathing": _rate(measurement.breathing_rate),
        "pulse": _listed(measurement.pulse[::17]),
        "respiration": _listed(measurement.respiration[::23]),
        "heart_along": _listed(measurement.heart_rate_along.value),
        "breathing_along": _listed(measurement.breathing_rate_along.value),
        "probability": _listed(measurement.action_unit_probability[::29]),
        "pose": _listed(measurement.head_pose[::61]),
        "neutral": {label: unit.neutral for label, unit in measurement.action_units.items()},
        "events": [[event.unit, event.onset_s, event.offset_s] for event in unit_events(measurement)[::5]],
        "squares": measurement.face_squares[::20].tolist(),
        "notes": [note.removesuffix(EACH) for note in measurement.notes],
    }


def _measured(measurement: Measurement) -> dict[str, Any]:
    return {
        "heart": _rate(measurement.heart_rate),
        "breathing": _rate(measurement.breathing_rate),
        "pulse": _listed(measurement.pulse[::9]),
        "respiration": _listed(measurement.respiration[::9]),
        "heart_along": _listed(measurement.heart_rate_along.value),
        "breathing_along": _listed(measurement.breathing_rate_along.value),
        "probability": _listed(measurement.action_unit_probability[::11]),
        "units": {label: [unit.mean_probability, unit.active_fraction, unit.mean_intensity, unit.auc, unit.neutral]
                  for label, unit in measurement.action_units.items()},
        "squares": measurement.face_squares[::50].tolist(),
        "blinks": measurement.blinks_per_minute,
        "notes": list(measurement.notes),
        "files": _files(measurement),
    }  # fmt: skip


def _files(measurement: Measurement) -> dict[str, list[str]]:
    """The first lines of the files, by name."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_measurement(measurement, folder)
        found = {}
        for path in sorted(Path(folder).iterdir()):
            lines = path.read_text(encoding="utf-8").splitlines()
            found[path.name] = lines if path.suffix == ".json" else [*lines[:4], f"{len(lines)} lines"]
        return found


def _listed(values: Any) -> Any:
    """Numbers with seven digits; null for what is not finite."""
    if isinstance(values, np.ndarray):
        return [_listed(value) for value in values]
    return float(f"{float(values):.7g}") if np.isfinite(values) else None


def golden_text() -> str:
    """Return the content of golden.json."""
    return json.dumps(golden(), separators=(",", ":"), allow_nan=False) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(golden_text(), encoding="utf-8")
