"""Films that teach how far a breathing rate can be trusted: drawn people who breathe, and some who do not.

What moves and what shines in them beside the breath is drawn: hands that sway the camera, lamps, cameras that slide or
come closer, and every encoding. A third shows nobody alive, or a still.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import physiocam
from disturbances import between, rhythm
from encoders import Encoding, draw_encoding, through_encoder
from numbered_files import numbered_files
from physiocam.foundation.provenance import digest_of
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.expressions import no_expressions
from physiocam.measuring.face_frames import open_frames
from physiocam.measuring.network_inputs import SlowInputs
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.people import People
from physiocam.measuring.recording_run import RecordingOutputs, joined, slow_outputs
from physiocam.measuring.summarize import Signals
from physiocam.networks.tasks import RESPIRATION
from physiocam.signals.shoulder_judge import ShoulderJudge
from physiocam.synthetic.people import PersonScene
from physiocam.synthetic.physiology import wander
from physiocam.synthetic.recordings import DIFFICULTIES, synthetic_entries
from physiocam.video.face_source import people_locator
from physiocam.video.levels import Image
from physiocam.video.locators import Square

_LENGTHS = (15.0, 20.0, 20.0, 20.0, 30.0, 45.0)
# The slow network sees five frames a second: more are only needed to be sure that they change nothing.
_FS = (10.0, 10.0, 10.0, 15.0, 25.0)
_HEIGHT, _WIDTH = 240, 320
# One film in so many has no breath.
_LIFELESS = 3
_SLOWEST, _FASTEST = 6.0, 30.0
# A picture is enlarged by this share, so that its edge stays outside when it moves.
_MARGIN = 0.06
# What decides films, and what is seen in them.
_CODE = ("disturbances.py", "encoders.py")
_PACKAGE = ("synthetic/drawn", "synthetic/physiology.py", "inputs/shoulders.py")


@dataclass(frozen=True, eq=False)
class BreathingFilm:
    """What the slow network and the shoulders say of a film, and its truth.

    Attributes
    ----------
    facts : dict
        What it is like: among others "fs" and "kind".
    difference : float64 array (T,)
        Of the breath that the network reads.
    shifts : float64 array (T, 2)
        As in `shoulder_judge.ShoulderJudge`.
    rates : float64 array (T,)
        True breathing rate in breaths/min; NaN without a breath.
    """

    facts: dict[str, Any]
    difference: NDArray[np.float64]
    shifts: NDArray[np.float64]
    rates: NDArray[np.float64]


def load_breathing_films(
    folder: Path, bundle: str | Path, count: int, *, seed: int, jobs: int = 2
) -> list[BreathingFilm]:
    """Read what is kept of films, making those that are not there as they would be made now.

    Only the bundle's slow networks decide: one whose other networks differ hears the same.
    """
    slow = MeasureOptions(weights=bundle).bundle().info.slow
    assert slow is not None
    package = Path(physiocam.__file__).parent
    made_with = {
        "seed": seed, "networks": [entry.weights_sha256 for entry in slow.networks],
        "code": [digest_of(Path(__file__)), *(digest_of(Path(__file__).with_name(name)) for name in _CODE),
                 *(digest_of(package / part) for part in _PACKAGE)],
    }  # fmt: skip
    paths = numbered_files(folder, count, partial(_make, seed), made_with, partial(_hold, bundle), jobs=jobs)
    return [film for path in paths if (film := _restore(path)) is not None]


_HELD: list[LoadedNetworks] = []


def _hold(bundle: str | Path) -> None:
    cv2.setNumThreads(1)
    options = MeasureOptions(weights=bundle, threads=1)
    _HELD[:] = [LoadedNetworks(options.bundle(), 1, options.providers, options.precision, wait=False)]


def _make(seed: int, index: int, path: Path) -> None:
    random = np.random.default_rng([seed, index])
    alive = index % _LIFELESS != 0
    scene, facts = _person(alive, int(random.integers(2**31)), random)
    encoding = _encoding(facts["fs"], random)
    facts |= {"encoding": encoding.codec if encoding else None, "key_every": encoding.key_every if encoding else None}
    frames = list(through_encoder(_filmed(scene, facts, random), facts["fs"], encoding))
    difference, shifts = _heard(frames, facts["fs"])
    rates = scene.physiology.breathing_rates if alive else np.full(len(frames), np.nan)
    np.savez(path, difference=difference, shifts=shifts, rates=rates, facts=np.array(json.dumps(facts)))


def _person(alive: bool, seed: int, random: np.random.Generator) -> tuple[PersonScene, dict[str, Any]]:
    """Draw a person and what the film is like."""
    difficulty = str(random.choice(list(DIFFICULTIES)))
    usual = random.random() < 0.5
    # The breath of half of the people is as strong as drawn people's usually is.
    strength = 1.0 if usual else between(random, 0.15, 2.0)
    common = DIFFICULTIES[difficulty]
    seconds, fs = float(random.choice(_LENGTHS)), float(random.choice(_FS))
    bright = float(random.choice([1.0, 1.0, 0.45, 0.3]))
    settings = replace(
        common, duration_s=seconds, fs=fs, height=_HEIGHT, width=_WIDTH,
        tint=(bright, bright * random.uniform(0.85, 1.0), bright * random.uniform(0.75, 1.0)),
        breathing_motion=alive * strength * common.breathing_motion,
        chest_motion=common.chest_motion if usual else random.uniform(1.0, 5.0),
        breathing_light=alive * common.breathing_light * (1.0 if usual else between(random, 0.2, 2.0)),
        pulse_strength=alive * common.pulse_strength,
    )  # fmt: skip
    (entry,) = synthetic_entries(1, seed, settings, trials=1)
    # As often slow as fast ones.
    entry = replace(entry, settings=replace(entry.settings, breathing_rate=between(random, _SLOWEST, _FASTEST)))
    facts = {"kind": "alive" if alive else "lifeless", "difficulty": difficulty, "strength": strength, "fs": fs}
    return entry.scene(), facts


def _encoding(fs: float, random: np.random.Generator) -> Encoding | None:
    """Mostly H.264, as films are; at times key frames have a rhythm as fast as a pulse or as slow as a breath."""
    if random.random() < 0.5:
        return Encoding("h264", options={"crf": str(int(random.integers(18, 37))), "preset": "veryfast"})
    if random.random() < 0.3:
        every = round(fs * between(random, 0.5, 8.0))
        options = {"crf": str(int(random.integers(26, 40))), "preset": "veryfast", "sc_threshold": "0"}
        return Encoding("h264", key_every=every, options=options)
    return draw_encoding(random, strongest=True)


def _filmed(scene: PersonScene, facts: dict[str, Any], random: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """A person, or a still of one, before a camera that may be moved, in light that may change."""
    count, fs = len(scene.timestamps_s), scene.settings.fs
    alive = facts["kind"] == "alive"
    facts["still"] = still = not alive and bool(random.random() < 0.5)
    # People who breathe are mostly filmed well; what misleads happens to some of them too.
    happens = random.random() < (0.3 if alive else 0.85)
    places, light = _motion(count, fs, facts, random) if happens else (None, np.ones((count, 3)))
    noise = random.standard_normal((2 * _HEIGHT, _WIDTH, 3)).astype(np.float32) * between(random, 0.5, 3.0)
    image = scene.frame(0) if still else None
    for index in range(count):
        frame = (image if image is not None else scene.frame(index)).astype(np.float32)
        if places is not None:
            across, down, scale = places[index]
            x, y = (1 - scale) * _WIDTH / 2 + across, (1 - scale) * _HEIGHT / 2 + down
            place = np.array([[scale, 0, x], [0, scale, y]])
            size, edge = (_WIDTH, _HEIGHT), cv2.BORDER_REFLECT
            moved = cv2.warpAffine(frame, place, size, flags=cv2.INTER_LINEAR, borderMode=edge)
            frame = np.asarray(moved, np.float32) * light[index].astype(np.float32)
        if still:
            start = int(random.integers(_HEIGHT))
            frame = frame + noise[start : start + _HEIGHT]
        yield np.clip(frame, 0, 255).astype(np.uint8)


def _motion(
    count: int, fs: float, facts: dict[str, Any], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift to the right and down in pixels and scale of each frame, (T, 3), and the light's factors, (T, 3)."""
    ways = [str(way) for way in random.choice(["sway", "pan", "zoom", "lamp", "hand"], 2, replace=False)]
    if random.random() < 0.5:
        ways = ways[:1]
    facts["ways"] = ways
    across, down, scale, light = np.zeros(count), np.zeros(count), np.full(count, 1 + _MARGIN), np.ones((count, 3))
    gone = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)
    if "sway" in ways:
        # Most as slow as a breath, the others faster.
        hz = between(random, 0.1, 0.6) if random.random() < 0.6 else between(random, 0.6, 2.0)
        swayed = between(random, 0.3, 6.0) * rhythm(count, fs, hz, random)
        direction = random.uniform(0, 2 * np.pi)
        across, down = across + np.cos(direction) * swayed, down + np.sin(direction) * swayed
        light *= (1 + random.normal(0, 0.004) * swayed / max(float(np.abs(swayed).max()), 1e-9))[:, None]
        facts["sway_hz"] = hz
    if "pan" in ways:
        across = across + random.choice([-1, 1]) * between(random, 0.01, 0.12) * _WIDTH * (gone - 0.5)
    if "zoom" in ways:
        scale = scale + between(random, 0.01, 0.12) * gone
    if "hand" in ways:
        across, down = (one + between(random, 0.2, 2.0) * wander(count, fs, 0.4, random) for one in (across, down))
    if "lamp" in ways:
        hz = between(random, 0.1, 0.6) if random.random() < 0.5 else between(random, 0.6, 3.0)
        colour = 1.0 + 0.15 * random.standard_normal(3) if random.random() < 0.6 else random.uniform(0.4, 1.0, 3)
        light *= 1 + between(random, 0.002, 0.04) * rhythm(count, fs, hz, random)[:, None] * colour
        light *= 1 - (random.random() < 0.3) * 0.4 * gone[:, None]
        facts["lamp_hz"] = hz
    return np.stack([across, down, scale], axis=1), light


class _BreathWork:
    """Measures a person's breath alone: the slow networks and the shoulders, as `NetworkWork` does beside the rest."""

    def __init__(self, networks: LoadedNetworks, fs: float, _worked: Callable[[int], None]) -> None:
        self._networks = networks
        self._fs = fs
        self._scenes: list[RecordingOutputs] = []
        self._slow = self._new_scene()

    def add(self, image: Image | None, square: Square | None) -> None:
        """Take in the next frame."""
        self._slow.add(image, square)

    def end_scene(self, found: NDArray[np.bool_], /) -> None:
        """End a scene."""
        info, times = self._networks.bundle.info, (np.arange(len(found)) / self._fs).tolist()
        pipeline = self._networks.slow_pipeline(False)
        assert pipeline is not None
        differences, judges = slow_outputs(self._slow, pipeline, info, times, found)
        self._scenes.append(RecordingOutputs(differences, {}, judges))
        self._slow = self._new_scene()

    def signals(self, found: NDArray[np.bool_], _cuts: Sequence[int]) -> Signals:
        """Return the breath, and nothing else."""
        outputs, none = joined(self._scenes, ()), no_expressions(len(found))
        return Signals("", outputs.differences[RESPIRATION.name], none, judges=outputs.judges)

    def _new_scene(self) -> SlowInputs:
        info = self._networks.bundle.info
        assert info.slow is not None
        return SlowInputs(info.slow, info.crop, self._fs)


def _heard(frames: Sequence[NDArray[np.uint8]], fs: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the slow network reads and how the shoulders move, as `measure` finds them; NaN without a face."""
    networks, nothing = _HELD[0], np.full((len(frames), 3), np.nan)
    factor = networks.bundle.info.crop.factor
    locator = partial(people_locator, "auto", crop_factor=factor)
    with open_frames(list(frames), locator, fs=fs) as opened:
        ((_, signals),) = People(opened, partial(_BreathWork, networks, fs), "largest", factor).run()
    judge = signals.judges.get(RESPIRATION.name)
    if isinstance(signals.respiration, str) or not isinstance(judge, ShoulderJudge):
        return nothing[:, 0], nothing[:, 1:]
    return signals.respiration, judge.shifts


def _restore(path: Path) -> BreathingFilm | None:
    """A film; None where nobody's face was found."""
    with np.load(path) as stored:
        film = BreathingFilm(json.loads(str(stored["facts"])), *(stored[n] for n in ("difference", "shifts", "rates")))
    return film if np.isfinite(film.difference).any() else None
