"""How well a network of expressions does on faces that had no part in its training, alone and with another network."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from augmentation import plain
from drawn_faces import DrawnFaces
from expression_stills import Stills
from physiocam.networks.action_units import EXPRESSION_UNITS, SIDED_UNITS
from physiocam.networks.config import INTENSITY
from physiocam.networks.expression_cnn import ExpressionCnn
from rendered_faces import Faces
from train_expression import ABSENT, PRESENT, Units
from unit_figures import area_under_roc, drawn_aucs, still_figures

# One side moves alone where the other does less than this share of it.
_ONE_SIDED = 0.5
# A group of fewer faces says nothing.
_ENOUGH = 30


def judged(units: Units, network: ExpressionCnn, rendered: Faces, stills: Stills, drawn: DrawnFaces) -> dict[str, Any]:
    """All figures of the units as a bundle gives them, and of the network's intensities and head pose."""
    return {
        "held_out_rendered": _rendered(units(rendered.frames), network, rendered),
        **still_figures(units(stills.crops[stills.held_out]), stills),
        "held_out_drawn_auc": drawn_aucs(units(drawn.crops), drawn),
    }


@torch.inference_mode()
def _rendered(logits: NDArray[np.float64], network: ExpressionCnn, faces: Faces) -> dict[str, Any]:
    parts = np.array_split(faces.frames, max(len(faces.frames) // 64, 1))
    seen = [network(plain(part)[:, None]) for part in parts]
    rated, pose = (np.concatenate([one[task][:, 0] for one in seen]) for task in ("intensity", "head_pose"))
    sided, rated = rated, np.clip(rated[:, : len(EXPRESSION_UNITS)], 0, 5)
    true = faces.intensities
    r, error = {}, {}
    for column, label in enumerate(EXPRESSION_UNITS):
        r[label] = round(float(np.corrcoef(rated[:, column], true[:, column])[0, 1]), 3)
        error[label] = round(float(np.abs(rated[:, column] - true[:, column]).mean()), 3)
    auc = _aucs(logits, true)
    return {
        "faces": len(true),
        "auc": {label: area for label, area in auc.items() if area is not None},
        "intensity_r": r,
        "intensity_error": error,
        "side": {unit: _sides(sided, faces, unit) for unit in SIDED_UNITS},
        "head_pose_error": [round(float(e), 2) for e in np.abs(pose - faces.pose).mean(axis=0)],
        "by": {
            name: {value: _group(logits, rated, true, values == value) for value in np.unique(values).tolist()}
            for name, values in _attributes(faces).items()
        },
    }


def _attributes(faces: Faces) -> dict[str, NDArray[np.str_]]:
    """What the people and pictures are like."""

    def split(values: NDArray[np.floating[Any]], limits: tuple[float, ...], names: tuple[str, ...]) -> NDArray[np.str_]:
        found: NDArray[np.str_] = np.array(names)[np.digitize(values, limits)]
        return found

    return {
        "skin": split(faces.skin_depth, (1 / 3, 2 / 3), ("1 light", "2 middle", "3 dark")),
        "age": split(faces.age, (35, 55), ("1 under 35", "2 from 35 to 55", "3 over 55")),
        "sex": faces.sex,
        "glasses": np.where(faces.glasses == "none", "without", "with"),
        "beard": np.where(faces.beard == "none", "without", "with"),
        "light": split(faces.exposure, (0.16, 0.27), ("1 dim", "2 middle", "3 bright")),
        "head": split(np.abs(faces.pose[:, 1]), (10, 20), ("1 to the camera", "2 turned by 10 degrees", "3 by 20")),
    }


def _group(
    logits: NDArray[np.float64], rated: NDArray[np.floating[Any]], true: NDArray[np.float32], rows: NDArray[np.bool_]
) -> dict[str, float | int]:
    count = int(rows.sum())
    if count < _ENOUGH:
        return {"faces": count}
    areas = [area for area in _aucs(logits[rows], true[rows]).values() if area is not None]
    return {
        "faces": count,
        "auc": round(float(np.mean(areas)), 3),
        "intensity_error": round(float(np.abs(rated[rows] - true[rows]).mean()), 3),
    }


def _aucs(logits: NDArray[np.float64], true: NDArray[np.float32]) -> dict[str, float | None]:
    areas: dict[str, float | None] = {}
    for column, label in enumerate(EXPRESSION_UNITS):
        present, absent = true[:, column] >= PRESENT, true[:, column] <= ABSENT
        both = present.any() and absent.any()
        areas[label] = area_under_roc(logits[:, column], present, absent) if both else None
    return areas


def _sides(sided: NDArray[np.floating[Any]], faces: Faces, unit: str) -> dict[str, float | int]:
    """Of faces in which one side moves alone, how often that side is the stronger one."""
    sides = faces.sides[:, EXPRESSION_UNITS.index(unit)]
    alone = (sides.max(axis=1) >= PRESENT) & (sides.min(axis=1) < _ONE_SIDED * sides.max(axis=1))
    left, right = (sided[:, INTENSITY.labels.index(f"{unit}_{side}")] for side in ("L", "R"))
    agrees = (left > right) == (sides[:, 0] > sides[:, 1])
    return {"faces": int(alone.sum()), "right": round(float(agrees[alone].mean()), 3) if alone.any() else 0.0}
