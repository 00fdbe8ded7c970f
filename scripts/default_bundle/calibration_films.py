"""Films that teach how far a heart rate can be trusted: people who never train the network, and faces without blood.

Most recordings are calm: people sit in a steady light before a fair camera. A few are not. Films are of both kinds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from disturbances import Disturbances, between, calmed, rhythm
from long_clips import Carriers, carriers_digest, code_digest, draw_truth, make_film
from numbered_files import numbered_files
from physiocam.foundation.provenance import digest_of
from physiocam.inputs.blocks import input_blocks
from physiocam.measuring.clip_pipeline import ClipPipeline
from physiocam.measuring.network_inputs import block_frames, input_shape
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.runtime import Runtime

FOOTAGE = ("sri_track", "echo_b", "echo_c", "ani_kara")
_KINDS = ("portrait", "footage", "drawn", "portrait", "drawn")
_LENGTHS = (8.0, 12.0, 12.0, 20.0, 30.0)
# Whether the films of a group of kinds, in turn, show blood, and whether they are calm.
_LIVING = ((True, True), (True, True))
_GROUPS = ((False, True), *_LIVING, (False, False), *_LIVING, (False, True), (True, False))
# How far hearts move heads: a swing of the heart looks like that of a hand, and a confidence that has often seen the
# one as a sign of life would trust the other.
_RECOIL = 0.15


@dataclass(frozen=True)
class SeenFilm:
    """What networks see of a film, and its truth.

    Attributes
    ----------
    facts : dict
        As of `long_clips.LongClip`.
    small : float16 array (T, 3, 9, 9)
    other : float32 array (T,)
        Differences of the pulse that the joint network reads.
    rates : float32 array (T,)
        True heart rate in beats/min; NaN without a pulse.
    """

    facts: dict[str, Any]
    small: NDArray[np.float16]
    other: NDArray[np.float32]
    rates: NDArray[np.float32]


def load_calibration_films(
    folder: Path, carriers: Carriers, bundle: Path, count: int, *, seed: int, jobs: int = 2
) -> list[SeenFilm]:
    """Read what is kept of films, making those that are not there as they would be made now."""
    made_with = {
        "seed": seed, "code": [*code_digest(), digest_of(Path(__file__))], "carriers": carriers_digest(carriers),
        "bundle": load_bundle(bundle).info.networks[0].weights_sha256,
    }  # fmt: skip
    paths = numbered_files(folder, count, partial(_make, seed), made_with, partial(_hold, carriers, bundle), jobs=jobs)
    return [_restore(path) for path in paths]


_HELD: list[tuple[Carriers, Bundle, Runtime]] = []


def _hold(carriers: Carriers, bundle: Path) -> None:
    cv2.setNumThreads(1)
    loaded = load_bundle(bundle)
    _HELD[:] = [(carriers, loaded, Runtime(loaded, 1))]


def _make(seed: int, index: int, path: Path) -> None:
    carriers, bundle, runtime = _HELD[0]
    random = np.random.default_rng([seed, index])
    kind = _KINDS[index % len(_KINDS)]
    truth = draw_truth(kind, random)
    lives, calm = _GROUPS[index // len(_KINDS) % len(_GROUPS)]
    seconds = float(random.choice(_LENGTHS))
    truth = truth if lives else replace(truth, strength=0.0)
    change = partial(_changed, lives=lives, calm=calm)
    # Calm people film themselves well; a print may have gone through anything.
    strongest = not calm or (not lives and random.random() < 0.5)
    film = make_film(truth, carriers, seconds, random, change, recoil=_RECOIL, strongest=strongest)
    shape, frames = input_shape(bundle.info), len(film.squares)
    pipeline = ClipPipeline(bundle.info, runtime, every_phase=True)
    small = []
    for block in input_blocks(zip(film.frames, film.squares, strict=True), shape, block_frames(truth.fs, frames)):
        for time in range(block.frames):
            pipeline.log.append(time / truth.fs)
        pipeline.run(block, block.shown.reshape(-1)[: block.frames])
        small.append(block.small.reshape(-1, *block.small.shape[2:])[: block.frames].astype(np.float16))
    rates = film.physiology.heart_rates if lives else np.full(frames, np.nan)
    np.savez(
        path,
        small=np.concatenate(small),
        other=pipeline.log.rows["pulse"],
        rates=rates.astype(np.float32),
        facts=np.array(json.dumps(film.facts)),
    )


def _changed(happens: Disturbances, fs: float, random: np.random.Generator, *, lives: bool, calm: bool) -> Disturbances:
    happens = calmed(happens, random) if calm else happens
    return happens if lives else mislead(happens, fs, random)


def mislead(happens: Disturbances, fs: float, random: np.random.Generator) -> Disturbances:
    """Let something other than blood beat: a lamp, a hand that sways, both, or nothing but what happens anyway."""
    frames = len(happens.right)
    way = random.random()
    light, right, down = happens.light, happens.right, happens.down
    if way < 0.45:
        wave = rhythm(frames, fs, between(random, 0.65, 3.2), random)
        # Lamps are as grey as the light around them, or warm, or cold.
        colour = 1.0 + 0.15 * random.standard_normal(3) if random.random() < 0.6 else random.uniform(0.4, 1.0, 3)
        light = light * (1.0 + between(random, 0.001, 0.04) * wave[:, None] * colour)
    if 0.35 < way < 0.9:
        wave = rhythm(frames, fs, between(random, 0.65, 2.2), random)
        direction = random.uniform(0, 2 * np.pi)
        swayed = between(random, 0.002, 0.08) * wave
        right, down = right + np.cos(direction) * swayed, down + np.sin(direction) * swayed
        if random.random() < 0.6:
            # A swayed print turns into the light and out of it.
            light = light * (1.0 + random.normal(0, 0.01) * wave[:, None])
    return replace(happens, light=light, right=right, down=down)


def _restore(path: Path) -> SeenFilm:
    with np.load(path) as stored:
        return SeenFilm(json.loads(str(stored["facts"])), stored["small"], stored["other"], stored["rates"])


def pieces(film: SeenFilm) -> Sequence[slice]:
    """The whole of a film, and its first 8 and last 12 seconds where it is longer."""
    frames, fs = len(film.small), film.facts["fs"]
    found = [slice(0, frames)]
    if frames > 10 * fs:
        found.append(slice(0, round(8 * fs)))
    if frames > 14 * fs:
        found.append(slice(frames - round(12 * fs), frames))
    return found
