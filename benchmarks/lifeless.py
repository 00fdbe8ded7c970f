"""Videos of faces that have no pulse and do not breathe: photographs, prints held in a hand, mannequins."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.provenance import Facts, code_version, digest_of, keep_file
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip
from physiocam.synthetic.recordings import DIFFICULTIES, synthetic_entries
from physiocam.video.face import FaceDetector
from physiocam.video.writer import write_video

SEED = 71_001
SECONDS, FS = 20.0, 25.0
HEIGHT, WIDTH = 240, 320

# Standard deviation of the sensor's noise in levels, and constant rate factor of H.264.
_WAYS = {"plain": (0.0, 20), "noisy": (2.0, 10), "compressed": (2.0, 32)}


def photographs(folder: Path, sources: Sequence[Path]) -> list[Path]:
    """Write each photograph as videos in which nothing moves: as it is, with noise, and strongly compressed too."""
    videos = []
    for source in sources:
        image = _read(source).astype(np.float32)
        for way, (noise, crf) in _WAYS.items():
            videos.append(folder / f"{source.stem}-{way}.mp4")
            made_with = {"photograph": digest_of(source), "noise": noise}
            _write(videos[-1], made_with, _noisy(image, noise), crf)
    return videos


def prints(folder: Path, sources: Sequence[Path]) -> list[Path]:
    """Write each photograph as if somebody held it before a camera: it moves, and so does the light."""
    videos = []
    for number, source in enumerate(sources):
        image = _read(source)
        faces = FaceDetector().detect(image)
        if not faces:
            continue
        face = faces[0]
        place = (face.x + face.width / 2, face.y + face.height / 2, face.height)
        settings = ClipSettings(
            duration_s=SECONDS, fs=FS, pulse_strength=0.0, breathing_motion=0.0, head_motion=0.015, light_change=0.02,
            noise=2.0, seed=SEED + number,
        )  # fmt: skip
        videos.append(folder / f"{source.stem}-print.mp4")
        made_with = {"photograph": digest_of(source), "settings": asdict(settings)}
        _write(videos[-1], made_with, SyntheticClip(image, place, settings).frames(), 20)
    return videos


def mannequins(folder: Path, count: int) -> list[Path]:
    """Write drawn people who move and make faces, but have no blood and no breath; of every difficulty."""
    videos = []
    for index in range(count):
        difficulty = list(DIFFICULTIES)[index % len(DIFFICULTIES)]
        dead = replace(
            DIFFICULTIES[difficulty], duration_s=SECONDS, fs=FS, height=HEIGHT, width=WIDTH,
            pulse_strength=0.0, breathing_motion=0.0, breathing_light=0.0,
        )  # fmt: skip
        (entry,) = synthetic_entries(1, SEED + index, dead, trials=1)
        videos.append(folder / f"mannequin-{index:02d}-{difficulty}.mp4")
        _write(videos[-1], {"entry": asdict(entry)}, entry.scene().frames(), 20)
    return videos


def _read(source: Path) -> NDArray[np.uint8]:
    read = cv2.imread(str(source), cv2.IMREAD_COLOR_RGB)
    if read is None:
        raise SystemExit(f"cannot read '{source}' as an image; give photographs")
    scale = min(640 / max(read.shape[:2]), 1.0)
    width, height = (int(scale * side) // 2 * 2 for side in (read.shape[1], read.shape[0]))
    return np.asarray(cv2.resize(read, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _noisy(image: NDArray[np.float32], noise: float) -> Iterator[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    for _ in range(round(SECONDS * FS)):
        grain = noise * random.standard_normal(image.shape, dtype=np.float32)
        yield np.clip(image + grain + 0.5, 0, 255).astype(np.uint8)


def _write(video: Path, made_with: Facts, frames: Iterator[NDArray[np.uint8]], crf: int) -> None:
    known = {**made_with, "fs": FS, "seconds": SECONDS, "crf": crf, "physiocam": code_version(__file__)}
    keep_file(video, known, lambda path: write_video(path, frames, FS, crf))
