"""Pictures without life: photographs, drawn people who hold still, cartoons of them, empty rooms, plain grey."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.provenance import digest_of
from physiocam.synthetic.recordings import DIFFICULTIES, SyntheticRecording, synthetic_entries
from physiocam.video.face import FaceDetector

SEED = 71_001
LONGEST = 640
_HEIGHT, _WIDTH = 360, 480

# So many pictures with a face at least: drawn people join the photographs.
_FACES, _DRAWN = 8, 3


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes
    ----------
    kind : str
        What it shows.
    path : Path or None
        Of a photograph.
    seed : int
        Of what is drawn.
    """

    kind: Literal["photograph", "drawn", "cartoon", "room", "grey"]
    path: Path | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """Such as "drawn-2"."""
        return self.path.stem if self.path else f"{self.kind}-{self.seed}"

    def facts(self) -> dict[str, Any]:
        """What decides the pixels."""
        return {"photograph": digest_of(self.path)} if self.path else {"kind": self.kind, "seed": self.seed}

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, uint8 (H, W, 3), RGB."""
        if self.path:
            return _read(self.path)
        if self.kind == "room":
            return _room(self.seed)
        if self.kind == "grey":
            return np.full((_HEIGHT, _WIDTH, 3), np.random.default_rng([SEED, self.seed]).integers(8, 200), np.uint8)
        image = lifeless_person(SEED + 1000 + self.seed, "easy", seconds=1.0, size=(_HEIGHT, _WIDTH)).scene().frame(0)
        return cartoon_of(image) if self.kind == "cartoon" else image

    def face(self) -> tuple[float, float, float] | None:
        """Centre and height of the largest face."""
        found = FaceDetector().detect(self.pixels())
        return (found[0].x + found[0].width / 2, found[0].y + found[0].height / 2, found[0].height) if found else None


def faces_of(stills: Sequence[Path]) -> list[Picture]:
    """The photographs, and drawn people beside them."""
    photographs = [Picture("photograph", path) for path in stills]
    return [*photographs, *(Picture("drawn", seed=seed) for seed in range(max(_FACES - len(stills), _DRAWN)))]


def lifeless_person(
    seed: int, difficulty: str, seconds: float, size: tuple[int, int], fs: float = 25.0
) -> SyntheticRecording:
    """A drawn person who may move and make faces, but has no blood and no breath."""
    dead = replace(
        DIFFICULTIES[difficulty], duration_s=seconds, fs=fs, height=size[0], width=size[1],
        pulse_strength=0.0, breathing_motion=0.0, breathing_light=0.0,
    )  # fmt: skip
    (entry,) = synthetic_entries(1, seed, dead, trials=1)
    return entry


def cartoon_of(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Few flat colours, and black lines where they meet."""
    smooth = cv2.bilateralFilter(image, 7, 40, 5)
    flat = np.minimum(smooth.astype(int) // 48 * 48 + 24, 255)
    grey = cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 11, 4)
    return np.asarray(np.where(lines[..., None] > 0, flat, 20), dtype=np.uint8)


def person_facts(entry: SyntheticRecording) -> dict[str, Any]:
    """What decides a drawn person's frames."""
    return {"entry": asdict(entry)}


def _read(source: Path) -> NDArray[np.uint8]:
    read = cv2.imread(str(source), cv2.IMREAD_COLOR_RGB)
    if read is None:
        raise SystemExit(f"cannot read '{source}' as an image; give photographs")
    scale = min(LONGEST / max(read.shape[:2]), 1.0)
    width, height = (int(scale * side) // 2 * 2 for side in (read.shape[1], read.shape[0]))
    return np.asarray(cv2.resize(read, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _room(seed: int) -> NDArray[np.uint8]:
    """A wall, a floor, and furniture in front of them."""
    random = np.random.default_rng([SEED, seed, 2])
    wall = random.uniform(110, 220) + random.uniform(-25, 25, 3)
    room = np.empty((_HEIGHT, _WIDTH, 3), dtype=np.float32)
    room[:] = wall * np.linspace(1.05, 0.85, _WIDTH)[None, :, None]
    floor = int(random.uniform(0.65, 0.85) * _HEIGHT)
    room[floor:] = wall * random.uniform(0.4, 0.7)
    for _ in range(int(random.integers(4, 10))):
        left, top = (int(random.integers(-40, side)) for side in (_WIDTH, _HEIGHT))
        width, height = (int(random.uniform(0.06, 0.3) * side) for side in (_WIDTH, _HEIGHT))
        colour = tuple(random.uniform(20, 235, 3).tolist())
        if random.random() < 0.6:
            cv2.rectangle(room, (left, top), (left + width, top + height), colour, -1)
        else:
            cv2.ellipse(room, (left, top), (width // 2, height // 2), 0, 0, 360, colour, -1)
    grain = cv2.GaussianBlur(random.standard_normal(room.shape).astype(np.float32), (0, 0), 3)
    return np.asarray(np.clip(cv2.GaussianBlur(room, (0, 0), 1.2) + 12 * grain, 0, 255), dtype=np.uint8)
