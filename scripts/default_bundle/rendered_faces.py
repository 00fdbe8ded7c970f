"""Faces of rendered people with exactly known action units, for the default bundle.

Run as ``python scripts/default_bundle/rendered_faces.py MODEL_FOLDER OUT --frames 12000 --jobs 2 --seed 0``. It goes on
where it was interrupted. Each shard, an .npz, holds the frames of 25 people; `Faces` has its keys.
"""

import argparse
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from expression_stills import CROP_FACTOR, CROP_SIZE
from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.provenance import code_version, digest_of, keep_file
from physiocam.networks.action_units import EXPRESSION_UNITS
from physiocam.synthetic.rendered.camera import Camera, backdrop
from physiocam.synthetic.rendered.covering import hand_over
from physiocam.synthetic.rendered.expressions import still_face
from physiocam.synthetic.rendered.folds import Folds
from physiocam.synthetic.rendered.head import RenderedHead, rotation, turned
from physiocam.synthetic.rendered.light import Lighting
from physiocam.synthetic.rendered.model import FaceModel
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.picture import render
from physiocam.synthetic.rendered.units import lips_apart
from physiocam.synthetic.rendered.view import View
from physiocam.video.resize import area_resize

PEOPLE, FRAMES = 25, 8

# Rays each way for a crop, which is then reduced.
_RAYS = 216

# The first frame of each person is neutral; of the others that are not one-sided these shares.
_KINDS = ("neutral", "units", "expression", "talking", "other")
_SHARES = (0.1, 0.5, 0.24, 0.08, 0.08)

# Where the project's detector finds rendered faces, in cm and relative to the outline of the inner face.
_ABOVE_CM, _SIDE, _ACROSS, _ACROSS_PER_DEGREE = 1.32, 0.963, 0.765, 0.032
_JITTER_CM, _JITTER_SIDE = (0.45, 0.35), 0.065


@dataclass(frozen=True)
class Faces:
    """Frames and what they show; each is an array of a shard, with one row per frame.

    Attributes
    ----------
    frames : uint8 array (F, CROP_SIZE, CROP_SIZE, 3)
        As in `expression_stills.Stills`: the middle 144 pixels are the detector's square.
    intensities : float32 array (F, 15)
        0..5 of `EXPRESSION_UNITS`, the stronger side.
    sides : float32 array (F, 15, 2)
        0..5 on the person's left and right; the person's left is on the right of the picture.
    pose : float32 array (F, 3)
        Pitch, yaw and roll in degrees: up, to the person's left, and to the right of the picture are positive.
    gaze : float32 array (F, 2)
        To the person's left and up, -1..1.
    blink : bool array (F,)
        Both eyes are at least nearly shut.
    occluded : bool array (F, 3)
        A hand is before the mouth, a cheek, an eye.
    kind : str array (F,)
        "neutral", "units", "one-sided", "expression", "talking" or "other".
    subject : int64 array (F,)
    held_out : bool array (F,)
        One person in ten.
    age, skin_depth, exposure, key, resting : float32 arrays (F,), the last (F, 4)
        Years; 0 (lightest) .. 1; mean linear level; how strong the key lamp is against the surroundings; how far the
        resting face has hanging corners, heavy brows, rolled lips, low lids, 0..1.
    sex, hair, beard, glasses : str arrays (F,)
    make_up : float32 array (F,)
    """

    frames: NDArray[np.uint8]
    intensities: NDArray[np.float32]
    sides: NDArray[np.float32]
    pose: NDArray[np.float32]
    gaze: NDArray[np.float32]
    blink: NDArray[np.bool_]
    occluded: NDArray[np.bool_]
    kind: NDArray[np.str_]
    subject: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    age: NDArray[np.float32]
    skin_depth: NDArray[np.float32]
    exposure: NDArray[np.float32]
    key: NDArray[np.float32]
    resting: NDArray[np.float32]
    sex: NDArray[np.str_]
    hair: NDArray[np.str_]
    beard: NDArray[np.str_]
    glasses: NDArray[np.str_]
    make_up: NDArray[np.float32]


def load_rendered_faces(folder: Path) -> Faces:
    """Read all complete shards of a folder."""
    parts: dict[str, list[NDArray[np.generic]]] = {field.name: [] for field in fields(Faces)}
    for path in sorted(folder.glob("people_*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            for name, rows in parts.items():
                rows.append(stored[name])
    return Faces(**{name: np.concatenate(rows) for name, rows in parts.items()})


def make_shards(model: Path, out: Path, frames: int, seed: int, jobs: int, one_sided: float = 0.0) -> None:
    """Render people until there are so many frames; existing shards stay."""
    out.mkdir(parents=True, exist_ok=True)
    scripts = (Path(__file__), Path(__file__).with_name("expression_stills.py"))
    made_with = {"model": digest_of(model), "seed": seed, "one_sided": one_sided, "physiocam": code_version(*scripts)}
    shards = range(-(-frames // (PEOPLE * FRAMES)))
    for outcome in run_jobs(partial(_keep, model, out, made_with), shards, jobs):
        print(f"shard {outcome.index + 1} of {len(shards)}: {outcome.error or 'done'}", flush=True)


def _keep(model: Path, out: Path, made_with: dict[str, object], shard: int) -> None:
    keep_file(out / f"people_{shard:04d}.npz", {**made_with, "shard": shard}, partial(_make, model, made_with, shard))


def _make(model: Path, made_with: dict[str, object], shard: int, path: Path) -> None:
    rows = [
        row
        for person in range(shard * PEOPLE, (shard + 1) * PEOPLE)
        for row in _frames_of(model, int(str(made_with["seed"])), float(str(made_with["one_sided"])), person)
    ]
    np.savez(path, allow_pickle=False, **{name: np.stack([row[name] for row in rows]) for name in rows[0]})


@cache
def _model(folder: Path) -> tuple[FaceModel, Folds]:
    model = FaceModel.load(folder)
    return model, Folds.on(model.chart)


def _frames_of(folder: Path, seed: int, one_sided: float, index: int) -> list[dict[str, NDArray[np.generic]]]:
    """All frames of one person, of which a share shows units that are stronger on one side."""
    subject = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
    random = np.random.default_rng([subject, 1])
    person = RenderedPerson.invent(subject)
    head = RenderedHead(*_model(folder), person)
    shares = [share * (1 - one_sided) for share in _SHARES]
    kinds = ("neutral", *random.choice((*_KINDS, "one-sided"), FRAMES - 1, p=(*shares, one_sided)).tolist())
    of_person = {
        "subject": subject,
        "held_out": index % 10 == 0,
        "age": np.float32(person.age),
        "skin_depth": np.float32(person.skin_depth),
        "resting": np.array(person.resting, np.float32),
        "sex": np.array(person.sex, "U12"),
        "hair": np.array(person.hair, "U12"),
        "beard": np.array(person.beard, "U12"),
        "glasses": np.array(person.glasses, "U12"),
        "make_up": np.float32(person.make_up),
    }
    light, camera = Lighting.invent(random), Camera.invent(random)
    rows = []
    for kind in kinds:
        # Half of the frames under the light of the one before, so that light says nothing about expressions.
        if random.uniform() < 0.5:
            light, camera = Lighting.invent(random), Camera.invent(random)
        own = _frame(head, kind, light, camera, random)
        rows.append({name: np.asarray(value) for name, value in (own | of_person).items()})
    return rows


def _frame(
    head: RenderedHead, kind: str, light: Lighting, camera: Camera, random: np.random.Generator
) -> dict[str, object]:
    face = still_face(kind, random)
    pose = np.clip(random.normal(0, (8.0, 14.0, 6.0)), (-25, -40, -20), (25, 40, 20))
    pitch, yaw, roll = pose.tolist()
    where = random.choice(("mouth", "cheek", "eye")) if random.uniform() < 0.06 else None
    view = _framed(head, (pitch, yaw, roll), random)
    picture = render(head, face, view, light, hand_over(where, random) if where else None)
    behind = backdrop(_RAYS, _RAYS, random)
    lit = (picture.light + (1 - picture.cover[..., None]) * behind) * camera.gain(picture)
    image = camera.develop(area_resize(lit, CROP_SIZE, CROP_SIZE), random)
    sides = face.sides.copy()
    sides[EXPRESSION_UNITS.index("AU25")] = lips_apart(head.lip_gap(face))
    return {
        "frames": _through_encoder((image + 0.5).clip(0, 255).astype(np.uint8), random),
        "intensities": sides.max(axis=1).astype(np.float32),
        "sides": sides.astype(np.float32),
        "pose": pose.astype(np.float32),
        "gaze": np.array(face.gaze, np.float32),
        "blink": bool(sides[EXPRESSION_UNITS.index("AU45")].min() >= 3.5),
        "occluded": np.array([where == place for place in ("mouth", "cheek", "eye")]),
        "kind": np.array(kind, "U12"),
        "exposure": np.float32(camera.exposure),
        "key": np.float32(sum(light.key_colour) / max(sum(light.sky), 1e-3)),
    }


def _framed(head: RenderedHead, pose: tuple[float, float, float], random: np.random.Generator) -> View:
    """The square in which the detector would find the face, enlarged by CROP_FACTOR."""
    distance = float(random.uniform(40, 140))
    face = turned(head.resting, rotation(*pose))[head.model.inner]
    left, right, low, high = View(1, 1, 1.0, (0.0, 0.0), pose, distance).outline(face)
    across = _ACROSS * (left + right) / 2 + _ACROSS_PER_DEGREE * pose[1] + _JITTER_CM[1] * random.standard_normal()
    up = (low + high) / 2 + _ABOVE_CM + _JITTER_CM[0] * random.standard_normal()
    side = _SIDE * (high - low) * (1 + _JITTER_SIDE * random.standard_normal())
    scale = _RAYS / (CROP_FACTOR * side)
    middle = (_RAYS - 1) / 2
    return View(
        _RAYS, _RAYS, float(scale), (float(middle + up * scale), float(middle - across * scale)), pose, distance
    )


def _through_encoder(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Blocks and blur of compression, in half of the frames."""
    if random.uniform() < 0.5:
        return image
    quality = int(random.integers(25, 90))
    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1], dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the light model of ICT-FaceKit")
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=12000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one-sided", type=float, default=0.0, help="share of the frames with units on one side alone")
    given = parser.parse_args()
    make_shards(given.model, given.out, given.frames, given.seed, given.jobs, given.one_sided)


if __name__ == "__main__":
    main()
