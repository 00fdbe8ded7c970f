"""Generated clips with exactly known pulse and breathing, as the networks of the default bundle take them in.

Two kinds of people: portraits (real faces, animated), whose skin is real but who have no shoulders in the picture, and
drawn ones, who move freely and breathe with their chest. Two time scales: all frames of the face, for the pulse, and
few frames of face and shoulders, for breathing.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from disturbances import between
from expression_stills import CROP_SIZE, Stills
from physiocam.foundation.provenance import code_version, keep_file, mismatch
from physiocam.inputs.blocks import InputShape, input_blocks
from physiocam.inputs.crop import Crop, recrop
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip
from physiocam.synthetic.recordings import SyntheticRecording, synthetic_entries
from physiocam.video.face import FaceDetector
from physiocam.video.locators import Square
from through_camera import through_camera

Kind = Literal["portrait", "drawn", "slow"]

FAST = InputShape()
# Face and shoulders, wherever the frame is large enough; a breath is slow.
SLOW_FS, SLOW_CROP = 5.0, Crop(factor=2.0, down=0.4)
SLOW = InputShape(clip_length=1, big_stride=0)
BIG_EVERY = 10

_FACE = 144
_FRAME_RATES = (15.0, 20.0, 24.0, 25.0, 30.0, 30.0, 30.0, 50.0, 60.0)


@dataclass(frozen=True)
class PreparedClip:
    """One generated clip, ready for training.

    Attributes
    ----------
    facts : dict
        Kind, settings of the generator, true mean `heart_rate` and `breathing_rate` a minute, and `fs` as seen.
    small : float16 array (clips, N, 3, 9, 9)
        N = 3 for fast clips and 1 for slow ones, whose frames are put together later.
    big : float16 array (ceil(clips / BIG_EVERY), 3, 144, 144)
        Standardized Big frames, one in BIG_EVERY: the face hardly changes in between. Empty for slow clips.
    target : float32 array (clips, N)
        Differences of the true pulse, or respiration for slow clips, divided by their standard deviation.
    """

    facts: dict[str, Any]
    small: NDArray[np.float16]
    big: NDArray[np.float16]
    target: NDArray[np.float32]


def load_clips(
    folder: Path, kind: Kind, stills: Stills, count: int, *, held_out: bool, seed: int
) -> list[PreparedClip]:
    """Read prepared clips, generating those that are not there as they would be now.

    Clip i depends on the seed and i alone, and on the stills if it is a portrait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    candidates = np.flatnonzero(stills.held_out == held_out)
    paths = [folder / f"{index:05d}.npz" for index in range(count)]
    scripts = (
        Path(__file__).with_name(f"{name}.py")
        for name in ("filmed_clips", "disturbances", "through_camera", "expression_stills")
    )
    common: dict[str, Any] = {"kind": kind, "seed": seed, "physiocam": code_version(*scripts)}
    if kind == "portrait":
        common |= {"held_out": held_out, "portraits": sha256(stills.crops[candidates].tobytes()).hexdigest()}
    # Fresh processes: forking one that runs PyTorch's threads may hang.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = []
        for index, path in enumerate(paths):
            made_with = {**common, "index": index}
            if mismatch(folder, made_with, f"{path.name}.json") is not None:
                random = np.random.default_rng([seed, index])
                portrait = stills.crops[random.choice(candidates)] if kind == "portrait" else None
                make = partial(_generate, kind, portrait, seed + index, random)
                jobs.append(pool.submit(keep_file, path, made_with, make))
        for job in jobs:
            job.result()
    return [_restore(path) for path in paths]


def _generate(
    kind: Kind, portrait: NDArray[np.uint8] | None, person: int, random: np.random.Generator, path: Path
) -> None:
    clip = _portrait(portrait, random) if portrait is not None else _drawn(kind, person, random)
    np.savez(path, small=clip.small, big=clip.big, target=clip.target, facts=np.array(json.dumps(clip.facts)))


def _restore(path: Path) -> PreparedClip:
    with np.load(path) as stored:
        return PreparedClip(json.loads(str(stored["facts"])), stored["small"], stored["big"], stored["target"])


def _portrait(portrait: NDArray[np.uint8], random: np.random.Generator) -> PreparedClip:
    # From pale skin in warm light to dark skin in cold light; dark skin shows the pulse less.
    depth = random.uniform(0.0, 1.0)
    tint = (1.15 - 0.45 * depth, 0.95 - 0.5 * depth, 0.9 - 0.55 * depth) * random.uniform(0.9, 1.1, 3)
    settings = ClipSettings(
        **_happenings(random),
        fs=float(random.choice(_FRAME_RATES)),
        duration_s=float(random.choice([5.0, 8.0])),
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
    )
    settings = replace(settings, pulse_strength=settings.pulse_strength * (1.0 - 0.4 * depth))
    clip = SyntheticClip(portrait, (CROP_SIZE / 2, CROP_SIZE / 2, 0.95 * _FACE), settings)
    side = int(random.integers(132, 157))
    margin = (CROP_SIZE - side) // 2
    x, y = (int(np.clip(margin + random.integers(-6, 7), 0, CROP_SIZE - side)) for _ in range(2))
    # Faces are larger in most recordings, so the codec leaves them more than its setting says.
    crf = int(random.integers(6, 20)) if random.random() < 0.5 else None
    frames = through_camera(clip.frames(), settings.fs, crf)
    return _prepared("portrait", frames, Square(x, y, side), settings, clip.physiology, crf)


def _drawn(kind: Kind, person: int, random: np.random.Generator) -> PreparedClip:
    slow = kind == "slow"
    height = int(random.integers(150, 260)) // 2 * 2
    settings = SceneSettings(
        **_happenings(random),
        fs=float(random.uniform(4.5, 5.6)) if slow else float(random.choice(_FRAME_RATES)),
        duration_s=40.0 if slow else 5.0,
        height=height,
        width=height * 4 // 3 // 2 * 2,
        face_size=float(random.uniform(0.3, 0.55)),
        head_turn=between(random, 0.2, 5.0),
        chest_motion=float(random.choice([-1, 1])) * between(random, 1.0, 10.0) if slow else 3.0,
        expressions=float(random.choice([2.0, 10.0])),
    )
    if slow and settings.chest_motion < 0:
        # Shoulders rise with a breath in; heads may sink.
        settings = replace(settings, breathing_motion=-settings.breathing_motion)
    (entry,) = synthetic_entries(1, person, settings, trials=1)
    # The entry's own rates lie closer together than those that are wanted here.
    entry = SyntheticRecording(
        entry.subject,
        entry.trial,
        entry.person_seed,
        replace(entry.settings, heart_rate=settings.heart_rate, breathing_rate=settings.breathing_rate),
    )
    scene = entry.scene()
    first = scene.frame(0)
    faces = FaceDetector().detect(first)
    if faces:
        x, y, size = faces[0].x + faces[0].width / 2, faces[0].y + faces[0].height / 2, faces[0].height
    else:
        x, y, size = first.shape[1] / 2, 0.44 * first.shape[0], settings.face_size * height
    size *= float(random.uniform(0.9, 1.1))
    x, y = x + 0.05 * size * random.standard_normal(), y + 0.05 * size * random.standard_normal()
    side = min(round(size), height)
    square = Square(
        int(np.clip(x - side / 2, 0, settings.width - side)), int(np.clip(y - side / 2, 0, height - side)), side
    )
    crf = int(random.integers(12, 30)) if random.random() < 0.5 else None
    if slow:
        square = recrop(square, Crop(), SLOW_CROP, settings.width, settings.height)
    return _prepared(
        kind, through_camera(scene.frames(), settings.fs, crf), square, entry.settings, scene.physiology, crf
    )


def _happenings(random: np.random.Generator) -> dict[str, Any]:
    """Draw what portraits and drawn people have in common."""
    return {
        "heart_rate": float(random.uniform(42, 160)),
        "breathing_rate": float(random.uniform(6, 30)),
        "pulse_strength": between(random, 0.0015, 0.012),
        "breathing_motion": between(random, 0.0005, 0.01),
        "head_motion": between(random, 0.0003, 0.03),
        "light_change": between(random, 0.0005, 0.05),
        "flicker": between(random, 0.0001, 0.003),
        "noise": between(random, 0.4, 4.0),
        "seed": int(random.integers(2**31)),
    }


def _prepared(
    kind: Kind,
    frames: Iterator[NDArray[np.uint8]],
    square: Square,
    settings: ClipSettings,
    physiology: Physiology,
    crf: int | None,
) -> PreparedClip:
    shape = SLOW if kind == "slow" else FAST
    (block,) = input_blocks(((frame, square) for frame in frames), shape, len(physiology.pulse))
    truth = np.diff(physiology.respiration if kind == "slow" else physiology.pulse)
    target = np.zeros(block.clips * shape.clip_length, dtype=np.float32)
    target[: len(truth)] = truth / truth.std()
    rates = {"heart_rate": physiology.heart_rate, "breathing_rate": physiology.breathing_rate}
    return PreparedClip(
        facts={"kind": kind, **asdict(settings), "crf": crf, **rates},
        small=block.small.astype(np.float16),
        big=block.big(0, block.clips)[::BIG_EVERY, :1].reshape(-1, 3, _FACE, _FACE).astype(np.float16),
        target=target.reshape(-1, shape.clip_length),
    )
