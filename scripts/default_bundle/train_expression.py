"""The network of expressions: action units, intensities on both sides and the head's turn, from single frames."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from augmentation import Moved, bearded, hidden, moved, plain, relit, standardized
from drawn_faces import DrawnFaces
from emotion_teacher import WORDS
from expression_stills import DRAWS, Stills, draw
from face_api import LANDMARKS
from kept_training import KeptTraining
from normalization import fold, normalize
from physiocam.networks.action_units import AU_LABELS, EXPRESSION_UNITS, MOST_INTENSE
from physiocam.networks.bigsmall import Head
from physiocam.networks.config import EXPRESSION, HEAD_POSE, INTENSITY
from physiocam.networks.expression_cnn import ExpressionCnn
from physiocam.networks.expression_config import ExpressionCnnConfig
from physiocam.networks.face_halves import from_halves
from rendered_faces import Faces
from train_action_units import OPINIONS, divergence
from unit_figures import emotion_aucs, logistic

# Steps of an epoch, and drawn faces in a batch.
_STEPS, _DRAWN = sum(DRAWS.values()) // 28, 8
_STRETCH = 0.12
# An intensity between these is neither clearly there nor clearly not.
ABSENT, PRESENT = 0.5, 1.5
# Units that the stills' weak labels know least of; what they say of them counts less.
_UNSURE = ("AU07", "AU14", "AU17", "AU23", "AU24")
_UNSURE_WEIGHT = 0.4
# Shares of the losses, and what intensities and angles are divided by.
_LEVELS, _POSE, _PLACES, _AXIS = 8.0, 6.0, 4.0, 4.0
_DEGREES = 30.0
# By how much a face's axis is missed, in half widths of the picture and in radians.
_MISSED = (0.03, 0.04)
# Landmarks on a face's axis, and those that lie beside it on the left and on the right: of eyes and nose, which no unit
# moves to one side.
_ON_AXIS = (27, 33, 8)
_BESIDE = ((36, 39, 37, 38, 40, 41, 31, 32), (45, 42, 44, 43, 47, 46, 35, 34))
# The landmark that each becomes in a mirror: jaw, brows, nose, eyes, outer and inner lips.
_MIRRORED_LANDMARKS = [
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47, 46,
    39, 38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
]  # fmt: skip
# A unit is called active in this share of neutral stills.
_FALSE_ALARMS = 0.07
# A unit is called active at 0.5 as if it were so in this share of the moments.
_ACTIVE_SHARE = 0.2


@dataclass(frozen=True)
class Round:
    """What one cycle of the learning rate learns from.

    Attributes
    ----------
    epochs : int
    stills, rendered : int
        Frames of each in a batch.
    highest : float
        The highest learning rate.
    halves : int
        Of the rendered faces in a batch, how many are also seen as two faces, each of one half and its mirror image.
    """

    epochs: int
    stills: int
    rendered: int
    highest: float
    halves: int = 0


# Each later one begins with the running mean of the weights before. Stills are learned sooner than rendered faces.
ROUNDS = (Round(18, 28, 28, 3e-3), Round(14, 14, 42, 2e-3), Round(10, 14, 42, 1.5e-3), Round(6, 14, 42, 1e-3, 16))

Landmarks = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Units = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


@dataclass(frozen=True)
class _Truth:
    """What frames show; NaN where it is not known.

    Attributes
    ----------
    units, weight : float32 tensor (n, 15)
        Probabilities, and how much each counts.
    levels : float32 tensor (n, 15)
        Intensities.
    sides : float32 tensor (n, 15, 2)
        Intensities on the person's left and right.
    pose : float32 tensor (n, 3)
        In degrees.
    places : float32 tensor (n, 68, 2)
        Landmarks, from -1 to 1 at the edges.
    """

    units: Tensor
    weight: Tensor
    levels: Tensor
    sides: Tensor
    pose: Tensor
    places: Tensor


def train_expression(
    stills: Stills,
    rendered: Faces,
    drawn: DrawnFaces,
    landmarks: Landmarks,
    seed: int,
    kept: Path,
    made_with: Any,
) -> tuple[ExpressionCnn, list[dict[str, Any]]]:
    """Train the network; each epoch is kept, and a run that was made with the same goes on after it.

    Parameters
    ----------
    stills : Stills
        Real faces, weakly labelled. Those that are held out have no part.
    rendered, drawn : Faces, DrawnFaces
        Faces whose truth is known.
    landmarks : callable
        Places (n, 68, 2) of landmarks in crops. The network learns to find them too: it then looks where units are.
    seed : int
    kept : Path
        Folder for the state after the last epoch of each cycle.
    made_with : plain values
        What decides the weights beside this file.
    """
    torch.manual_seed(seed)
    network = ExpressionCnn(ExpressionCnnConfig(tasks=(EXPRESSION, INTENSITY, HEAD_POSE)))
    normalize(network.stages)
    # Layers that are thrown away afterwards learn what classifiers of emotions think of each still, and landmarks.
    width = cast(Head, network.heads["au"]).fc1.in_features
    words, places = nn.Linear(width, len(WORDS)), nn.Linear(width, 2 * LANDMARKS)
    learning = nn.ModuleDict({"network": network, "words": words, "places": places})
    of_stills = _truth_of_stills(stills, landmarks(stills.crops))
    of_rendered = _truth_of_rendered(rendered, landmarks(rendered.frames))
    of_drawn = _truth_of_drawn(drawn, landmarks(drawn.crops))
    kept.mkdir(exist_ok=True)
    record = []
    for number, cycle in enumerate(ROUNDS):
        training = KeptTraining(learning, kept / f"cycle_{number}.pt", made_with, epochs=cycle.epochs, steps=_STEPS,
                                seed=seed + 100 * number, highest=cycle.highest)  # fmt: skip
        for random in training.epochs_left():
            drawing = cycle.stills * _STEPS
            for batch in np.array_split(draw(stills, random)[:drawing], _STEPS):
                faces = random.choice(len(rendered.frames), cycle.rendered, replace=False)
                others = random.choice(len(drawn.crops), _DRAWN, replace=False)
                seen = _seen([stills.crops[batch], rendered.frames[faces], drawn.crops[others]])
                truth = _mirrored(
                    _joined([_part(of_stills, batch), _part(of_rendered, faces), _part(of_drawn, others)]), seen
                )
                halved = slice(cycle.stills, cycle.stills + cycle.halves)
                frames, axis = standardized(seen.frames), _axis(truth.places)
                features = network.features(torch.cat([frames, _halves(frames[halved], axis[halved])]))
                features, of_halves = features[: len(frames)], features[len(frames) :]
                outputs = {name: head(features) for name, head in network.heads.items()}
                loss = _loss({**outputs, "axis": network.axis(features)}, truth, axis)
                if cycle.halves:
                    sided = truth.sides[halved].permute(2, 0, 1).flatten(0, 1) / MOST_INTENSE
                    loss = loss + _LEVELS * smooth_l1_loss(network.heads["intensity"](of_halves), sided, beta=0.2)
                found = places(features).unflatten(1, (LANDMARKS, 2))
                loss = loss + _PLACES * smooth_l1_loss(found, truth.places, beta=0.05)
                opinions = words(features[: cycle.stills])
                training.step(loss + OPINIONS * divergence(opinions, torch.from_numpy(stills.words[batch])))
            mean = cast(ExpressionCnn, training.mean["network"]).eval()
            training.end_epoch(held_out=emotion_aucs(still_logits(mean, stills.crops[stills.held_out]),
                                                     stills.emotion[stills.held_out]))  # fmt: skip
        learning.load_state_dict(training.mean.state_dict())
        record.append(training.record)
    trained = cast(ExpressionCnn, copy.deepcopy(learning["network"])).eval()
    fold(trained.stages)
    _in_units(trained)
    return trained, record


@torch.inference_mode()
def still_logits(network: ExpressionCnn, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits (n, 15) of the units in crops as they are."""
    parts = np.array_split(crops, max(len(crops) // 64, 1))
    logits = torch.cat([network.heads["au"](network.features(plain(part))) for part in parts])
    return np.asarray(logits.double())


def calibrate(network: ExpressionCnn, joint: Units, stills: Stills, rendered: Faces) -> dict[str, dict[str, float]]:
    """Fold a scale and a shift into the units' last layer; returns them.

    The scale comes from rendered faces, whose truth is known, by a logistic fit. So does the shift of units that the
    joint network does not know. Of the others, the mean of both networks is to call a small share of the neutral stills
    active: these are real faces at rest.

    Parameters
    ----------
    network : ExpressionCnn
    joint : callable
        Logits (n, 12) of the network with which this one will be averaged.
    stills, rendered : Stills, Faces
        Those that had a part in the training.
    """
    neutral = stills.crops[(stills.emotion == "neutral") & ~stills.held_out]
    quiet, theirs = still_logits(network, neutral), joint(neutral)
    logits, truth = still_logits(network, rendered.frames), _clear_units(rendered)
    last = cast(Head, network.heads["au"]).fc2
    folded = {}
    for column, label in enumerate(EXPRESSION_UNITS):
        scale, shift = logistic(
            logits[truth[:, column] == 1, column], logits[truth[:, column] == 0, column], _ACTIVE_SHARE
        )
        if label in AU_LABELS:
            mean = (scale * quiet[:, column] + shift + theirs[:, column]) / 2
            shift -= 2 * float(np.quantile(mean, 1 - _FALSE_ALARMS))
        with torch.no_grad():
            last.weight[column] *= scale
            last.bias[column] = last.bias[column] * scale + shift
        folded[label] = {"scale": round(scale, 4), "shift": round(shift, 4)}
    return folded


def _seen(crops: list[NDArray[np.uint8]]) -> Moved:
    """Crops of several kinds, each moved, lit, bearded, partly hidden and filmed anew."""
    parts = [moved(some, stretch=_STRETCH) for some in crops]
    seen = Moved(*(torch.cat(column) for column in zip(*parts, strict=True)))
    return seen._replace(frames=hidden(relit(bearded(seen.frames))))


def _mirrored(truth: _Truth, seen: Moved) -> _Truth:
    """The truth of frames after they were turned and mirrored."""
    flipped = seen.flipped[:, None]
    pose = truth.pose.clone()
    pose[:, 2] += torch.rad2deg(seen.turned)
    pose = torch.where(flipped, pose * torch.tensor([1.0, -1.0, -1.0]), pose)
    sides = torch.where(flipped[..., None], truth.sides.flip(2), truth.sides)
    places = seen.points(truth.places)
    places = torch.where(flipped[:, None], places[:, _MIRRORED_LANDMARKS], places)
    return _Truth(truth.units, truth.weight, truth.levels, sides, pose, places)


def _axis(places: Tensor) -> Tensor:
    """The axes (B, 2) of faces with landmarks (B, 68, 2), as `face_halves` takes them."""
    left, right = (places[:, beside] for beside in _BESIDE)
    along = (right - left).sum(1)
    leaning = torch.atan2(along[:, 1], along[:, 0])
    points = torch.cat([(left + right) / 2, places[:, _ON_AXIS]], 1)
    return torch.stack([(points[..., 0] + points[..., 1] * leaning.tan()[:, None]).mean(1), leaning], 1)


def _halves(frames: Tensor, axis: Tensor) -> Tensor:
    """Frames (B, C, S, S) as those of left halves, then of right halves, along axes that are somewhat missed."""
    missed = torch.randn_like(axis) * torch.tensor(_MISSED)
    return from_halves(frames, axis + missed).flatten(0, 1)


def _loss(outputs: dict[str, Tensor], truth: _Truth, axis: Tensor) -> Tensor:
    known = truth.units.isfinite()
    units = binary_cross_entropy_with_logits(outputs["au"][known], truth.units[known], truth.weight[known])
    levels, pose = truth.levels / MOST_INTENSE, truth.pose / _DEGREES
    rated, placed = levels.isfinite(), pose.isfinite()
    return (
        units
        + _LEVELS * smooth_l1_loss(outputs["intensity"][rated], levels[rated], beta=0.2)
        + _POSE * smooth_l1_loss(outputs["head_pose"][placed], pose[placed], beta=0.2)
        + _AXIS * smooth_l1_loss(outputs["axis"], axis, beta=0.05)
    )


def _truth_of_stills(stills: Stills, places: NDArray[np.float32]) -> _Truth:
    count = len(stills.crops)
    units = np.full((count, len(EXPRESSION_UNITS)), np.nan, np.float32)
    units[:, : len(AU_LABELS)] = stills.targets
    levels = np.full_like(units, np.nan)
    # Nothing is raised, pulled or pressed in a neutral face; its lids and lips are not known.
    levels[stills.emotion == "neutral", : len(AU_LABELS)] = 0.0
    weight = [_UNSURE_WEIGHT if label in _UNSURE else 1.0 for label in EXPRESSION_UNITS]
    return _truth(units, levels, places, weight=np.tile(np.array(weight, np.float32), (count, 1)))


def _truth_of_rendered(rendered: Faces, places: NDArray[np.float32]) -> _Truth:
    return _truth(_clear_units(rendered), rendered.intensities, places, rendered.sides, rendered.pose)


def _clear_units(rendered: Faces) -> NDArray[np.floating]:
    """Which units (n, 15) are there, 1, and which are not, 0; NaN where that is not clear."""
    strongest = rendered.intensities
    return np.where(strongest >= PRESENT, 1.0, np.where(strongest <= ABSENT, 0.0, np.nan))


def _truth_of_drawn(drawn: DrawnFaces, places: NDArray[np.float32]) -> _Truth:
    count = len(drawn.crops)
    units = np.full((count, len(EXPRESSION_UNITS)), np.nan, np.float32)
    units[:, : len(AU_LABELS)] = drawn.targets
    return _truth(units, np.full_like(units, np.nan), places)


def _truth(
    units: NDArray[np.floating],
    levels: NDArray[np.floating],
    places: NDArray[np.floating],
    sides: NDArray[np.floating] | None = None,
    pose: NDArray[np.floating] | None = None,
    weight: NDArray[np.floating] | None = None,
) -> _Truth:
    if sides is None:
        sides = np.full((*levels.shape, 2), np.nan)
    if pose is None:
        pose = np.full((len(units), 3), np.nan)
    if weight is None:
        weight = np.ones_like(units)
    return _Truth(*(torch.from_numpy(part.astype(np.float32)) for part in (units, weight, levels, sides, pose, places)))


def _part(truth: _Truth, chosen: NDArray[np.int64]) -> _Truth:
    rows = torch.from_numpy(chosen)
    return _Truth(*(getattr(truth, field.name)[rows] for field in fields(_Truth)))


def _joined(parts: list[_Truth]) -> _Truth:
    return _Truth(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(_Truth)))


def _in_units(network: ExpressionCnn) -> None:
    """Let the last layers give intensities and degrees instead of shares of them."""
    with torch.no_grad():
        for task, factor in (("intensity", MOST_INTENSE), ("head_pose", _DEGREES)):
            last = cast(Head, network.heads[task]).fc2
            last.weight.mul_(factor)
            last.bias.mul_(factor)
