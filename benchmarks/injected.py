"""Real faces whose pulse and breath are known exactly, since they are painted in; for judging, never for training.

Clips of real people are looped back and forth, get a pulse in the skin and a breath below the chin, and go through
another camera: noise, exposure and an encoder. A film's index decides everything but the carrier's own frames.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from films import Encoding, film_code, h264, make_all, mjpeg, vp8, write_film
from inject import Injected, Injection, back_and_forth
from physiocam.foundation.provenance import digest_of, keep_file
from physiocam.video.locators import Square
from physiocam.video.reader import open_video
from physiocam.video.tracker import FaceTracker

SEED = 72_001
SECONDS, MOST_FS, LONGEST = 20.0, 30.0, 640

# Level of the face's brightness below which skin counts as dark in the picture, and above which as light.
_DARK, _LIGHT = 90.0, 150.0

# A breath is seen where at least this much of the picture is below the chin, as a share of the face's size.
_CHEST = 0.3

_CODECS = ("h264", "mjpeg", "vp8")


@dataclass(frozen=True)
class InjectedFilm:
    """One film, what it is like, and its truth.

    Attributes
    ----------
    video : Path
    factors : dict of str to str
        Carrier, codec and skin.
    heart_rate, breathing_rate : float
        Per minute; NaN where nothing below the chin is in the picture.
    """

    video: Path
    factors: dict[str, str]
    heart_rate: float
    breathing_rate: float


def injected(folder: Path, carriers: Sequence[Path], count: int, jobs: int) -> list[InjectedFilm]:
    """Write the films that are not there yet."""
    if not carriers:
        return []
    items = [(folder, carriers[index % len(carriers)], index, len(carriers)) for index in range(count)]
    return make_all(_film, items, jobs)


def recipe(index: int, carriers: int) -> tuple[Injection, Encoding, str]:
    """What is painted into a film, and the encoder with its name; codecs change from one round of carriers to the next.

    Parameters
    ----------
    index : int
        Of the film.
    carriers : int
        How many clips take turns.
    """
    random = np.random.default_rng([SEED, index])
    settings = Injection(
        heart_rate=float(random.uniform(45, 140)),
        breathing_rate=float(random.uniform(9, 26)),
        strength=float(np.exp(random.uniform(np.log(0.003), np.log(0.010)))),
        delay_s=float(random.uniform(0, 0.05)),
        breathing_motion=float(np.exp(random.uniform(np.log(0.006), np.log(0.03)))),
        drift=float(random.uniform(0.002, 0.015)),
        noise=float(random.uniform(0.5, 3.0)),
        seed=int(random.integers(2**31)),
    )
    codec = _CODECS[(index + index // carriers) % len(_CODECS)]
    encodings = {
        "h264": h264(int(random.integers(18, 29))),
        "mjpeg": mjpeg(int(random.integers(3, 9))),
        "vp8": vp8(int(random.integers(600, 2001))),
    }
    return settings, encodings[codec], codec


@lru_cache(maxsize=1)
def located(carrier: Path) -> tuple[list[NDArray[np.uint8]], list[Square | None], float]:
    """The first frames of a clip, the face's square in each, and the frames per second."""
    with open_video(carrier, max_fs=MOST_FS) as video:
        fs = video.fs
        stills = (frame.image for frame in islice(video, round(SECONDS * fs)))
        frames = [_smaller(image) for image in stills if image is not None]
    tracker = FaceTracker(fs)
    squares = [tracker.locate(image) for image in frames]
    return frames, [square if found else None for square, found in zip(squares, tracker.found, strict=True)], fs


def _film(item: tuple[Path, Path, int, int]) -> InjectedFilm:
    folder, carrier, index, carriers = item
    settings, encoding, codec = recipe(index, carriers)
    video, truth = folder / f"{index:03d}-{carrier.stem}{encoding.suffix}", folder / f"{index:03d}.truth.json"
    made_with = {
        "carrier": digest_of(carrier), "settings": asdict(settings), "encoding": asdict(encoding),
        "seconds": SECONDS, "code": film_code("injected", "inject"),
    }  # fmt: skip

    def write_truth(path: Path) -> None:
        frames, squares, fs = located(carrier)
        path.write_text(json.dumps(_truth(frames, squares, fs, settings), indent=1) + "\n", encoding="utf-8")

    def write(path: Path) -> None:
        frames, squares, fs = located(carrier)
        order = back_and_forth(len(frames), round(SECONDS * fs))
        painted = Injected(settings, len(order), fs).paint((frames[i] for i in order), [squares[i] for i in order])
        write_film(path, painted, fs, encoding)

    keep_file(truth, made_with, write_truth)
    keep_file(video, made_with, write)
    known = json.loads(truth.read_text(encoding="utf-8"))
    factors = {"carrier": carrier.stem, "codec": codec, "skin": known["skin"]}
    breath = known["breathing_rate"] if known["chest_is_seen"] else np.nan
    return InjectedFilm(video, factors, known["heart_rate"], breath)


def _truth(
    frames: list[NDArray[np.uint8]], squares: list[Square | None], fs: float, settings: Injection
) -> dict[str, Any]:
    physiology = Injected(settings, round(SECONDS * fs), fs).physiology
    seen = [(image, square) for image, square in zip(frames, squares, strict=True) if square is not None]
    if not seen:
        raise SystemExit("a carrier shows no face; give clips of a person")
    x, y, size = np.median([square for _, square in seen], axis=0)
    face = seen[len(seen) // 2][0][
        int(y + 0.25 * size) : int(y + 0.75 * size), int(x + 0.25 * size) : int(x + 0.75 * size)
    ]
    bright = float(np.median(face))
    return {
        "heart_rate": physiology.heart_rate,
        "breathing_rate": physiology.breathing_rate,
        "chest_is_seen": bool(frames[0].shape[0] - (y + 1.05 * size) > _CHEST * size),
        "skin": "dark" if bright < _DARK else "light" if bright > _LIGHT else "middle",
        "fs": fs,
        "settings": asdict(settings),
        "pulse": [round(value, 5) for value in physiology.pulse.tolist()],
        "respiration": [round(value, 5) for value in physiology.respiration.tolist()],
    }


def _smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image of even sides, the longer one at most `LONGEST`."""
    scale = min(LONGEST / max(image.shape[:2]), 1.0)
    height, width = (int(scale * side) // 2 * 2 for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
