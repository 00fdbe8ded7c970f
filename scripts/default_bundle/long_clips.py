"""Generated clips of seconds with an exactly known pulse, for the network with memory.

Three carriers: portraits (real faces, moved), footage (real motion, with a pulse put into the skin) and drawn people.
All pass through the same light and the same cameras. Each clip is decided by its number and seed alone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

import physiocam
from disturbances import Disturbances, between, draw_disturbances
from encoders import draw_encoding, through_encoder
from expression_stills import CROP_FACTOR
from footage import Piece, load_footage
from numbered_files import numbered_files
from physiocam.foundation.provenance import digest_of
from physiocam.inputs.blocks import InputShape, input_blocks
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.drawn.scene import Scene, SceneSettings
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.portrait import PULSE_RGB, noise_pool
from physiocam.video.face import FaceDetector
from physiocam.video.locators import Square
from portraits import Portraits, load_portraits

SECONDS = 12.0
EVERY_FRAME = InputShape(clip_length=1, big_stride=0)
# Clips that train. Those of other people never do: they judge, or teach the confidence.
TRAINING_FOOTAGE = (
    "lp_d0", "lp_d6", "lp_d10", "lp_d12", "lp_d18", "lp_d20", "lp_s18", "lp_s32", "retalk1", "retalk3", "retalk5",
    "muse_sun", "clm_franck", "sri_collab", "hamilton", "iplap129", "tps_driving",
)  # fmt: skip
_KINDS = ("portrait", "footage", "drawn", "portrait", "footage")
_FRAME_RATES = (10.0, 12.0, 15.0, 20.0, 24.0, 25.0, 25.0, 30.0, 30.0, 30.0, 30.0)
_SPEEDS = (0.8, 1.0, 1.0, 1.25)
_CODE = ("long_clips", "disturbances", "encoders", "footage", "portraits", "expression_stills")
_PACKAGE = ("synthetic", "inputs", "video/resize.py", "video/face.py", "video/tracker.py")


@dataclass(frozen=True)
class Truth:
    """How strong a pulse there is, and at which rates.

    Attributes
    ----------
    kind : str
        "portrait", "footage" or "drawn".
    fs : float
    heart_rate, breathing_rate : float
        Means a minute.
    strength : float
        As `ClipSettings.pulse_strength`; 0 for clips without a pulse.
    seed : int
    """

    kind: str
    fs: float
    heart_rate: float
    breathing_rate: float
    strength: float
    seed: int


@dataclass(frozen=True)
class LongClip:
    """One clip, ready for training.

    Attributes
    ----------
    facts : dict
        The truth, the encoding and the true mean rate of the clip.
    small : float16 array (T, 3, 9, 9)
    target : float32 array (T,)
        Differences of the pulse, divided by their standard deviation; all zero without a pulse.
    """

    facts: dict[str, Any]
    small: NDArray[np.float16]
    target: NDArray[np.float32]


_Layers = tuple[NDArray[np.float32], NDArray[np.float32]]


class Carriers(NamedTuple):
    """Whom clips are made of: crops of portraits, and pieces of footage."""

    crops: NDArray[np.uint8]
    pieces: Sequence[Piece]


class Film(NamedTuple):
    """Frames as a camera gives them, where the face is, and the truth."""

    frames: Iterator[NDArray[np.uint8]]
    squares: Sequence[Square]
    physiology: Physiology
    facts: dict[str, Any]


Change = Callable[[Disturbances, float, np.random.Generator], Disturbances]


class _Chance(NamedTuple):
    """What a film is drawn with, how far hearts move heads, and what then changes."""

    random: np.random.Generator
    recoil: float
    change: Change | None

    def happens(self, truth: Truth, physiology: Physiology, *, moves: bool) -> Disturbances:
        recoil = self.recoil if truth.strength else 0.0
        happens = draw_disturbances(physiology, moves=moves, recoil=recoil, random=self.random)
        return self.change(happens, truth.fs, self.random) if self.change else happens


def load_carriers(expressions: Path, footage: Path, names: Sequence[str], work: Path, *, held_out: bool) -> Carriers:
    """Portraits and footage of some people."""
    portraits: Portraits = load_portraits(expressions, work / "portraits.npz")
    clips = [next(footage.glob(f"{name}.*")) for name in names]
    return Carriers(portraits.crops[portraits.held_out == held_out], load_footage(clips, work / "footage"))


def load_long_clips(folder: Path, carriers: Carriers, count: int, *, seed: int, jobs: int = 2) -> list[LongClip]:
    """Read clips, making those that are not there as they would be made now; shows its progress."""
    made_with = {"seed": seed, "seconds": SECONDS, "code": code_digest(), "carriers": carriers_digest(carriers)}
    paths = numbered_files(folder, count, partial(_generate, seed), made_with, partial(_hold, carriers), jobs=jobs)
    return [_restore(path) for path in paths]


def code_digest() -> list[str]:
    """Digests of all that decides what a clip looks like."""
    package = Path(physiocam.__file__).parent
    files = [Path(__file__).with_name(f"{name}.py") for name in _CODE]
    for part in _PACKAGE:
        files += sorted((package / part).rglob("*.py")) if (package / part).is_dir() else [package / part]
    return [digest_of(file) for file in files]


def carriers_digest(carriers: Carriers) -> list[Any]:
    """Who the carriers are."""
    return [len(carriers.crops), int(carriers.crops[::37].sum()), [(p.name, len(p.frames)) for p in carriers.pieces]]


_CARRIERS: list[Carriers] = []


def _hold(carriers: Carriers) -> None:
    cv2.setNumThreads(1)
    _CARRIERS[:] = [carriers]


def _generate(seed: int, index: int, path: Path) -> None:
    random = np.random.default_rng([seed, index])
    truth = draw_truth(_KINDS[index % len(_KINDS)], random)
    film = make_film(truth, _CARRIERS[0], SECONDS, random)
    (block,) = input_blocks(zip(film.frames, film.squares, strict=True), EVERY_FRAME, len(film.squares))
    change = np.diff(film.physiology.pulse, append=film.physiology.pulse[-1])
    target = change / change.std() if truth.strength else 0.0 * change
    np.savez(
        path,
        small=block.small[:, 0].astype(np.float16),
        target=target.astype(np.float32),
        facts=np.array(json.dumps(film.facts)),
    )


def _restore(path: Path) -> LongClip:
    with np.load(path) as stored:
        return LongClip(json.loads(str(stored["facts"])), stored["small"], stored["target"])


def draw_truth(kind: str, random: np.random.Generator) -> Truth:
    """Draw the rates and the strength of the pulse."""
    return Truth(
        kind=kind,
        fs=float(random.choice(_FRAME_RATES)),
        heart_rate=float(random.uniform(42, 165)),
        breathing_rate=float(random.uniform(6, 30)),
        strength=between(random, 0.003, 0.012),
        seed=int(random.integers(2**31)),
    )


def make_film(
    truth: Truth,
    carriers: Carriers,
    seconds: float,
    random: np.random.Generator,
    change: Change | None = None,
    *,
    recoil: float = 1.0,
    strongest: bool = False,
) -> Film:
    """Make a film of a truth; which carrier, and all else, is drawn. What happens in it may be changed.

    Hearts move heads as far as usual, or less. With `strongest` compression may leave nothing of its pulse.
    """
    carried = {"portrait": _on_portrait, "footage": _on_footage, "drawn": _on_drawn}[truth.kind]
    film = carried(truth, carriers, seconds, _Chance(random, recoil, change))
    encoding = draw_encoding(random, strongest=strongest)
    repeated = int(random.random() < 0.08) + 1
    facts = {
        **asdict(truth), **film.facts, "encoding": asdict(encoding) if encoding else None, "repeated": repeated,
        "true_rate": film.physiology.heart_rate, "true_breathing": film.physiology.breathing_rate,
    }  # fmt: skip
    frames = through_encoder(_repeated(film.frames, repeated), truth.fs, encoding)
    return film._replace(frames=frames, facts=facts)


def _repeated(frames: Iterator[NDArray[np.uint8]], times: int) -> Iterator[NDArray[np.uint8]]:
    """Each n-th frame, n times: a camera that is slower than its file says."""
    shown = None
    for index, frame in enumerate(frames):
        if shown is None or index % times == 0:
            shown = frame
        yield shown


def _on_portrait(truth: Truth, carriers: Carriers, seconds: float, chance: _Chance) -> Film:
    random = chance.random
    physiology = _physiology(truth, seconds, random)
    crop = carriers.crops[random.integers(len(carriers.crops))]
    side = int(random.integers(90, 172)) // 2 * 2
    image = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    face = side / CROP_FACTOR
    # From pale skin in warm light to dark skin in cold light; dark skin shows the pulse less.
    depth = random.uniform(0.0, 1.0)
    tint = np.array([1.15 - 0.45 * depth, 0.95 - 0.5 * depth, 0.9 - 0.55 * depth]) * random.uniform(0.9, 1.1, 3)
    image = np.clip(image * tint.astype(np.float32), 0, 255)
    truth = replace(truth, strength=truth.strength * (1.0 - 0.4 * depth))
    happens = chance.happens(truth, physiology, moves=True)
    centre = (side / 2, side / 2)
    blood = _blood(image, centre, face, _gains(random))
    frames = _lit(
        _moved(_beating(image, blood, truth, physiology), happens, centre, face),
        happens,
        between(random, 0.4, 4),
        random,
    )
    size = min(round(face * random.uniform(0.9, 1.1)), side)
    x, y = (int(np.clip((side - size) / 2 + 0.05 * face * random.standard_normal(), 0, side - size)) for _ in range(2))
    return Film(frames, [Square(x, y, size)] * len(physiology.pulse), physiology, {"depth": depth})


def _on_footage(truth: Truth, carriers: Carriers, seconds: float, chance: _Chance) -> Film:
    random = chance.random
    piece = carriers.pieces[int(random.integers(len(carriers.pieces)))]
    speed = float(random.choice(_SPEEDS))
    physiology = _physiology(truth, seconds, random)
    length = len(physiology.pulse)
    # Back and forth, where the piece is too short.
    steps = random.uniform(0, len(piece.frames)) + np.arange(length) * speed * piece.fs / truth.fs
    turned = np.mod(steps, 2 * (len(piece.frames) - 1))
    rows = np.round(np.where(turned > len(piece.frames) - 1, 2 * (len(piece.frames) - 1) - turned, turned)).astype(int)
    mirrored = bool(random.random() < 0.5)
    width = piece.frames.shape[2]
    dim = random.uniform(0.35, 1.1) if random.random() < 0.4 else 1.0
    tint = (dim * random.uniform(0.9, 1.1, 3)).astype(np.float32)
    gains = _gains(random)

    def beating() -> Iterator[NDArray[np.float32]]:
        blood: _Layers | None = None
        for t, row in enumerate(rows):
            image = piece.frames[row][:, ::-1] if mirrored else piece.frames[row]
            square = piece.squares[row]
            x = square.x + square.size / 2
            centre = (width - x if mirrored else x, square.y + square.size / 2)
            lit = image.astype(np.float32) * tint
            if blood is None or t % 3 == 0:
                blood = _blood(lit, centre, square.size, gains)
            late = physiology.pulse[max(t - 1, 0)]
            lit -= blood[0] * np.float32(truth.strength * physiology.pulse[t])
            lit -= blood[1] * np.float32(truth.strength * late)
            yield lit

    happens = chance.happens(truth, physiology, moves=False)
    first = piece.squares[rows[0]]
    shape = piece.frames.shape[1:3]
    frames = _lit(
        _moved(beating(), happens, (first.x + first.size / 2, first.y + first.size / 2), float(first.size)),
        happens, between(random, 0.3, 3), random,
    )  # fmt: skip
    squares = []
    for row in rows:
        square = piece.squares[row]
        squares.append(square._replace(x=width - square.x - square.size) if mirrored else square)
    facts = {"clip": piece.name, "speed": speed, "shape": list(shape), "dim": float(dim)}
    return Film(frames, squares, physiology, facts)


def _on_drawn(truth: Truth, _carriers: Carriers, seconds: float, chance: _Chance) -> Film:
    random = chance.random
    height = int(random.integers(150, 240)) // 2 * 2
    person = Person.invent(truth.seed)
    settings = SceneSettings(
        fs=truth.fs, duration_s=seconds, heart_rate=truth.heart_rate, breathing_rate=truth.breathing_rate,
        pulse_strength=truth.strength * (1 - 0.4 * person.skin_depth), breathing_motion=between(random, 0.0005, 0.008),
        head_motion=between(random, 0.0005, 0.03), head_turn=between(random, 0.2, 5.0), noise=between(random, 0.3, 3.0),
        light_change=0.0, flicker=0.0, height=height, width=height * 4 // 3 // 2 * 2,
        face_size=float(random.uniform(0.35, 0.6)), expressions=float(random.choice([2.0, 10.0, 25.0])),
        tint=_three(random.uniform(0.4, 1.05) * random.uniform(0.9, 1.1, 3)), seed=truth.seed,
    )  # fmt: skip
    scene = Scene(person, settings)
    faces = FaceDetector().detect(scene.frame(0))
    if faces:
        x, y, face = faces[0].x + faces[0].width / 2, faces[0].y + faces[0].height / 2, faces[0].height
    else:
        x, y, face = settings.width / 2, 0.44 * height, settings.face_size * height
    happens = chance.happens(truth, scene.physiology, moves=False)
    drawn = (frame.astype(np.float32) for frame in scene.frames())
    frames = _lit(_moved(drawn, happens, (x, y), float(face)), happens, 0.3, random)
    size = min(round(face * random.uniform(0.9, 1.1)), height)
    square = Square(
        int(np.clip(x - size / 2 + 0.05 * face * random.standard_normal(), 0, settings.width - size)),
        int(np.clip(y - size / 2 + 0.05 * face * random.standard_normal(), 0, height - size)),
        size,
    )
    return Film(frames, [square] * len(scene.physiology.pulse), scene.physiology, {"depth": person.skin_depth})


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = values.tolist()
    return red, green, blue


def _physiology(truth: Truth, seconds: float, random: np.random.Generator) -> Physiology:
    return Physiology(round(seconds * truth.fs), truth.fs, truth.heart_rate, truth.breathing_rate, random)


def _gains(random: np.random.Generator) -> NDArray[np.float32]:
    """How strongly the regions of a face beat, (5, 5): mostly the forehead more than the mouth and chin."""
    downwards = np.linspace(1.0, -1.0, 5)[:, None] * random.uniform(-0.1, 0.5)
    return np.asarray(np.clip(1.0 + downwards + 0.35 * random.standard_normal((5, 5)), 0.1, 2.2), dtype=np.float32)


def _blood(image: NDArray[np.float32], centre: tuple[float, float], face: float, gains: NDArray[np.float32]) -> _Layers:
    """What blood takes of the light: two layers (H, W, 3), of which the second, lower in the face, is a frame late."""
    height, width = image.shape[:2]
    rows = (np.arange(height, dtype=np.float32)[:, None] - centre[1]) / face
    columns = (np.arange(width, dtype=np.float32)[None] - centre[0]) / face
    inside = 1.0 / (1.0 + np.exp(np.clip(12.0 * (np.hypot(rows / 0.55, columns / 0.42) - 0.95), -30, 30)))
    brightness = image.mean(axis=2)
    usual = float(np.average(brightness, weights=inside))
    skin = inside * np.clip((brightness / max(usual, 1.0) - 0.35) / 0.3, 0.0, 1.0)
    gain = cv2.resize(gains, (width, height), interpolation=cv2.INTER_LINEAR)
    blood = image * (skin * gain)[..., None] * np.array(PULSE_RGB, dtype=np.float32)
    lower = np.clip(0.5 + 1.5 * rows, 0, 1)[..., None]
    return blood * (1 - lower), blood * lower


def _beating(
    image: NDArray[np.float32], blood: _Layers, truth: Truth, physiology: Physiology
) -> Iterator[NDArray[np.float32]]:
    upper, lower = (truth.strength * layer for layer in blood)
    for t, pulse in enumerate(physiology.pulse):
        late = physiology.pulse[max(t - 1, 0)]
        yield image - upper * np.float32(pulse) - lower * np.float32(late)


def _moved(
    frames: Iterator[NDArray[np.float32]], happens: Disturbances, centre: tuple[float, float], face: float
) -> Iterator[NDArray[np.float32]]:
    """Move the picture around the face's middle, and its mouth and lids where they move."""
    bumps = None
    for t, image in enumerate(frames):
        height, width = image.shape[:2]
        cosine = np.cos(happens.lean[t]) / happens.nearness[t]
        sine = np.sin(happens.lean[t]) / happens.nearness[t]
        right, down = happens.right[t] * face, happens.down[t] * face
        if not happens.mouth.any() and not happens.lids.any():
            x, y = centre
            matrix = np.array([
                [cosine, sine, x - cosine * (x + right) - sine * (y + down)],
                [-sine, cosine, y + sine * (x + right) - cosine * (y + down)],
            ])  # fmt: skip
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            yield cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[misc]
            continue
        if bumps is None:
            u = (np.arange(width, dtype=np.float32)[None] - centre[0]) / face
            v = (np.arange(height, dtype=np.float32)[:, None] - centre[1]) / face
            mouth = np.exp(-0.5 * ((u / 0.16) ** 2 + ((v - 0.32) / 0.12) ** 2)) * face
            eyes = np.exp(-0.5 * (((np.abs(u) - 0.2) / 0.08) ** 2 + ((v + 0.12) / 0.05) ** 2)) * face
            bumps = u * face, v * face, mouth, eyes
        i, j, mouth, eyes = bumps
        i, j = i - np.float32(right), j - np.float32(down)
        x_of = np.float32(cosine) * i + np.float32(sine) * j + np.float32(centre[0])
        y_of = np.float32(cosine) * j - np.float32(sine) * i + np.float32(centre[1])
        y_of -= np.float32(happens.mouth[t]) * mouth + np.float32(0.05 * happens.lids[t]) * eyes
        yield cv2.remap(image, x_of, y_of, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[misc]


def _lit(
    frames: Iterator[NDArray[np.float32]], happens: Disturbances, noise: float, random: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """Put frames into the light, and on a noisy sensor."""
    pool: NDArray[np.float32] | None = None
    for t, image in enumerate(frames):
        height, width = image.shape[:2]
        if pool is None:
            pool = np.ascontiguousarray(noise_pool(2 * height * width, noise, random).T)
            u = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
            v = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
        light = np.float32(happens.light[t])
        factor = light * (1 + np.float32(happens.slant[t, 0]) * u + np.float32(happens.slant[t, 1]) * v)
        start = int(random.integers(height * width))
        seen = image * factor
        seen += pool[start : start + height * width].reshape(height, width, 3)
        np.clip(seen, 0, 255, out=seen)
        yield seen[: height // 2 * 2, : width // 2 * 2].astype(np.uint8)
