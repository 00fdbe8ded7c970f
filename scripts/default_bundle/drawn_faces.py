"""Faces of drawn people with exactly known action units, for the default bundle."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from expression_stills import CROP_SIZE, cut_face
from physiocam.foundation.provenance import code_version, keep_file
from physiocam.synthetic.drawn.expressions import ExpressionTrack
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.recordings import SyntheticRecording, synthetic_entries
from physiocam.video.face import FaceDetector
from through_camera import through_camera

# One frame a second, and a new expression in each: what is drawn shows all there is of a person.
FRAMES = 8
_SETTINGS = SceneSettings(duration_s=float(FRAMES), fs=1.0, expressions=60.0, height=240, width=256, head_turn=3.0)

# An activation between these is neither clearly there nor clearly not.
_ABSENT, _PRESENT = 0.05, 0.2


@dataclass(frozen=True)
class DrawnFaces:
    """Crops and what they show.

    Attributes
    ----------
    crops : uint8 array (n, CROP_SIZE, CROP_SIZE, 3)
        As in `expression_stills.Stills`.
    targets : float32 array (n, 12)
        1 where a unit is present, 0 where it is absent, NaN in between.
    """

    crops: NDArray[np.uint8]
    targets: NDArray[np.float32]


def load_drawn_faces(people: int, seed: int, cache: Path) -> DrawnFaces:
    """Draw people, finding each face with the project's own detector; cached as one .npz."""
    scripts = (
        Path(__file__).with_name(f"{name}.py") for name in ("drawn_faces", "through_camera", "expression_stills")
    )
    made_with = {"people": people, "seed": seed, "settings": asdict(_SETTINGS), "physiocam": code_version(*scripts)}

    def make(path: Path) -> None:
        entries = synthetic_entries(people, seed, _SETTINGS, trials=1)
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            parts = list(pool.map(_draw, entries, chunksize=10))
        np.savez(
            path,
            crops=np.concatenate([crops for crops, _ in parts]),
            targets=np.concatenate([targets for _, targets in parts]),
        )

    keep_file(cache, made_with, make)
    with np.load(cache) as stored:
        return DrawnFaces(stored["crops"], stored["targets"])


def _draw(entry: SyntheticRecording) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    random = np.random.default_rng(entry.settings.seed)
    # From a face that fills the picture in good light to a small one in the dusk, through good encoders and poor ones.
    brightness = float(random.uniform(0.4, 1.05))
    red, green, blue = entry.settings.tint
    settings = replace(
        entry.settings,
        face_size=float(random.uniform(0.32, 0.66)),
        noise=float(np.exp(random.uniform(np.log(0.5), np.log(4.0)))),
        tint=(brightness * red, brightness * green, brightness * blue),
    )
    crf = int(random.integers(16, 34)) if random.random() < 0.6 else None
    scene = replace(entry, settings=settings).scene()
    images = through_camera(scene.frames(), settings.fs, crf)
    drawn = scene.expressions
    assert isinstance(drawn, ExpressionTrack)
    detector = FaceDetector()
    crops, targets = [np.empty((0, CROP_SIZE, CROP_SIZE, 3), np.uint8)], [np.empty((0, 12), np.float32)]
    for index, image in enumerate(images):
        faces = detector.detect(image)
        if faces:
            crops.append(cut_face(image, faces[0])[None])
            activation = drawn.action_units[index]
            clear = np.where(activation >= _PRESENT, 1.0, 0.0)
            targets.append(np.where((activation > _ABSENT) & (activation < _PRESENT), np.nan, clear)[None])
    return np.concatenate(crops), np.concatenate(targets).astype(np.float32)
