"""Train the default bundle: the joint BigSmall, on weakly labelled stills and generated clips.

    python scripts/train_default_bundle.py EXPRESSIONS_DIR --work WORK_DIR [--clip VIDEO --heart-rate BPM]

Three stages, the first two kept in WORK_DIR, so that an interrupted run goes on where it was: the Big branch and the
action-unit head on stills; the Small branch and the heads of pulse and respiration on clips generated from the same
stills, on summed maps with Big frozen; the action-unit head again, on summed maps, and its calibration. About an hour
and a half on two cores. Held-out stills and clips made from them evaluate it; a real clip with a known heart rate can
be added to the report, and no weight is ever fitted to it.
"""

import argparse
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, dropout

from expression_stills import Stills, load_stills
from physiocam.measuring import measure
from physiocam.networks.bigsmall import BigSmall, Head
from physiocam.networks.config import AU_LABELS, BigSmallConfig
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS, Quantity
from physiocam.weights.bundle import Bundle
from physiocam.weights.export import export_bundle
from train_action_units import augment, draw, emotion_aucs, plain, train_big
from train_rates import PreparedClip, load_clips, train_small, waveforms

SEED = 100
BIG_EPOCHS = 16
SMALL_EPOCHS = 10
CLIPS, HELD_OUT_CLIPS = 400, 30
# Short ones teach more faces in the same time; what is measured is half a minute.
CLIP_S, HELD_OUT_CLIP_S = (6.0, 10.0), (30.0,)
HEAD_EPOCHS = 8

# A unit is called active at 0.5 as if it were so in this share of the moments: false alarms count twice.
ACTIVE_SHARE = 1 / 3

# The detector's box as it is: what lies beyond it in the stills is no picture.
CROP_FACTOR = 1.0
FS = 30.0

DESCRIPTION = (
    "Joint BigSmall (N = 3, wrapping shift), a first version: pulse and respiration learned on generated clips only, "
    "action units on weakly labelled stills without FACS coding. No recording of a person with sensors was used."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expressions", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument("--out", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--clip", type=Path, help="a real clip with a known heart rate, for the report only")
    parser.add_argument("--heart-rate", type=float, help="that clip's heart rate in beats/min")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)

    stills = load_stills(arguments.expressions, arguments.work / "stills.npz")
    record: dict[str, Any] = {
        "stills": {"count": len(stills.crops), "held_out": int(stills.held_out.sum()), "sha256": stills.source_sha256},
        "generated_clips": {"training": CLIPS, "held_out": HELD_OUT_CLIPS},
    }
    network = BigSmall(BigSmallConfig())
    record["big_stage"] = _big_stage(network, stills, arguments.work / "big.pt")
    clips = load_clips(arguments.work / "clips", stills, CLIPS, held_out=False, durations_s=CLIP_S, seed=SEED + 1)
    record["small_stage"] = _small_stage(network, clips, arguments.work / "small.pt")
    record["head_stage"] = _head_stage(network, stills, clips)
    network.eval()

    held_out = load_clips(
        arguments.work / "held_out",
        stills,
        HELD_OUT_CLIPS,
        held_out=True,
        durations_s=HELD_OUT_CLIP_S,
        seed=SEED + 2,
    )
    evaluation: dict[str, Any] = {
        **_still_figures(network, stills),
        "held_out_generated_clips": {quantity: _rate_errors(network, held_out, quantity) for quantity in _TASKS},
    }
    bundle = _export(network, arguments.out, record, evaluation)
    if arguments.clip:
        evaluation["real_clip"] = _real_clip(bundle, arguments.clip, arguments.heart_rate)
        bundle = _export(network, arguments.out, record, evaluation)
    print(bundle.describe())


def _big_stage(network: BigSmall, stills: Stills, kept: Path) -> dict[str, Any]:
    if not kept.is_file():
        trained, record = train_big(stills, BIG_EPOCHS, SEED)
        _keep({"state": trained.state_dict(), "record": record}, kept)
    stored = torch.load(kept, weights_only=True)
    network.load_state_dict(stored["state"], strict=False)
    return dict(stored["record"])


def _small_stage(network: BigSmall, clips: list[PreparedClip], kept: Path) -> dict[str, Any]:
    if not kept.is_file():
        record = train_small(network, clips, SMALL_EPOCHS, SEED)
        _keep({"state": network.state_dict(), "record": record}, kept)
    stored = torch.load(kept, weights_only=True)
    network.load_state_dict(stored["state"])
    return dict(stored["record"])


def _keep(content: dict[str, Any], path: Path) -> None:
    beside = path.with_suffix(".partial")
    torch.save(content, beside)
    beside.replace(path)


def _head_stage(network: BigSmall, stills: Stills, clips: list[PreparedClip]) -> dict[str, Any]:
    """Train the action-unit head on summed maps, then make 0.5 a sensible decision for each unit."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    started = time.monotonic()
    order = np.concatenate([draw(stills, random) for _ in range(2)])
    maps = _maps(network, (augment(stills.crops[part]) for part in np.array_split(order, len(order) // 64)))
    motion = _motion(network, clips)
    targets = torch.from_numpy(stills.targets[order])
    head = network.heads["au"]
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-4, weight_decay=0.01)
    losses = []
    for _ in range(HEAD_EPOCHS):
        total = 0.0
        batches = torch.split(torch.randperm(len(order)), 128)
        for batch in batches:
            moving = motion[torch.randint(len(motion), (len(batch),))].float()
            logits = head((dropout(maps[batch].float(), 0.5) + moving).flatten(1))
            loss = binary_cross_entropy_with_logits(logits, targets[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() / len(batches)
        losses.append(round(total, 4))
    _calibrate(network, stills, motion)
    return {"seconds": round(time.monotonic() - started), "epochs": HEAD_EPOCHS, "losses": losses}


@torch.inference_mode()
def _maps(network: BigSmall, frames: Iterable[Tensor]) -> Tensor:
    """Float16 maps of batches of Big frames."""
    network.big.eval()
    parts = []
    for batch in frames:
        with torch.autocast("cpu", torch.bfloat16):
            maps = network.big(batch)
        parts.append(maps.half())
    return torch.cat(parts)


@torch.inference_mode()
def _motion(network: BigSmall, clips: list[PreparedClip]) -> Tensor:
    """What the Small branch adds to the maps in moving faces: (frames, 64, 9, 9) of some clips."""
    small = np.concatenate([clip.small[::7] for clip in clips])
    maps: Tensor = network.small(torch.from_numpy(small).float().flatten(0, 1))
    return maps.half()


@torch.inference_mode()
def _still_logits(network: BigSmall, crops: NDArray[np.uint8], motion: Tensor) -> NDArray[np.float64]:
    maps = _maps(network, (plain(part) for part in np.array_split(crops, max(len(crops) // 64, 1)))).float()
    generator = torch.Generator().manual_seed(0)
    moving = motion[torch.randint(len(motion), (len(maps),), generator=generator)].float()
    logits: NDArray[np.float64] = network.heads["au"]((maps + moving).flatten(1)).double().numpy()
    return logits


def _calibrate(network: BigSmall, stills: Stills, motion: Tensor) -> None:
    """Fold a scale and a shift into the last layer, by a logistic fit to where the weak labels are clear."""
    random = np.random.default_rng(SEED)
    chosen = random.permutation(np.flatnonzero(~stills.held_out))[:3000]
    rare = np.flatnonzero(~stills.held_out & ~np.isin(stills.emotion, ["neutral", "happiness"]))
    chosen = np.union1d(chosen, rare)
    logits, targets = _still_logits(network, stills.crops[chosen], motion), stills.targets[chosen]
    last = cast(Head, network.heads["au"]).fc2
    for column in range(len(AU_LABELS)):
        active, inactive = _sides(targets[:, column])
        scale, shift = _logistic(logits[active, column], logits[inactive, column])
        with torch.no_grad():
            last.weight[column] *= scale
            last.bias[column] = last.bias[column] * scale + shift


def _logistic(active: NDArray[np.float64], inactive: NDArray[np.float64]) -> tuple[float, float]:
    """Scale and shift of scores that make them log odds, with a slight pull towards the scale as trained."""
    x = np.concatenate([active, inactive])
    sign = np.concatenate([np.ones(len(active)), -np.ones(len(inactive))])
    shares = ((active, ACTIVE_SHARE), (inactive, 1 - ACTIVE_SHARE))
    weight = np.concatenate([np.full(len(side), share / len(side)) for side, share in shares])

    def loss(parameters: NDArray[np.float64]) -> float:
        misfit = weight @ np.logaddexp(0.0, -sign * (parameters[0] * x + parameters[1]))
        return float(misfit + 5e-4 * ((parameters[0] - 1.0) ** 2 + parameters[1] ** 2))

    scale, shift = minimize(loss, [1.0, 0.0]).x
    return float(scale), float(shift)


_TASKS: dict[Quantity, str] = {"heart": "pulse", "breathing": "respiration"}


def _rate_errors(network: BigSmall, clips: list[PreparedClip], quantity: Quantity) -> dict[str, float | int]:
    """Errors of the rates that are given, a minute, and how many are withheld."""
    settings = SETTINGS["default"]
    errors, withheld = [], 0
    for clip in clips:
        difference = waveforms(network, clip)[_TASKS[quantity]]
        truth = clip.heart_rate if quantity == "heart" else clip.breathing_rate
        rate = estimate_rate(difference, clip.settings["fs"], quantity, settings)
        if rate.value is None:
            withheld += 1
        else:
            errors.append(abs(rate.value - truth))
    if not errors:
        return {"clips": len(clips), "withheld": withheld}
    return {
        "clips": len(clips),
        "withheld": withheld,
        "mean_absolute_error": round(float(np.mean(errors)), 2),
        "median_absolute_error": round(float(np.median(errors)), 2),
    }


def _still_figures(network: BigSmall, stills: Stills) -> dict[str, Any]:
    """How well held-out stills are told apart, and how the decision at 0.5 falls."""
    chosen = stills.held_out
    # A face that stands still: what the Small branch makes of no change at all.
    with torch.inference_mode():
        still = network.small(torch.zeros(3, 3, 9, 9)).half()
    logits, targets = _still_logits(network, stills.crops[chosen], still), stills.targets[chosen]
    decisions = {}
    for column, label in enumerate(AU_LABELS):
        active, inactive = _sides(targets[:, column])
        decisions[label] = {
            "active": int(active.sum()),
            "found": round(float((logits[active, column] >= 0).mean()), 2),
            "inactive": int(inactive.sum()),
            "false_alarms": round(float((logits[inactive, column] >= 0).mean()), 2),
        }
    return {
        "held_out_stills_auc": emotion_aucs(logits, stills.emotion[chosen]),
        "held_out_stills_decisions": decisions,
    }


def _sides(targets: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a unit's weak labels say clearly that it is active, and that it is not."""
    return targets >= 0.45, targets <= 0.15


def _real_clip(bundle: Bundle, video: Path, heart_rate: float) -> dict[str, Any]:
    measured = measure(video, bundle)
    return {
        "sha256": sha256(video.read_bytes()).hexdigest(),
        "true_heart_rate": heart_rate,
        "heart_rate": None if measured.heart_rate.value is None else round(measured.heart_rate.value, 1),
        "quality": round(measured.heart_rate.quality, 2),
    }


def _export(network: BigSmall, folder: Path, record: dict[str, Any], evaluation: dict[str, Any]) -> Bundle:
    return export_bundle(
        {"bigsmall": network},
        folder,
        name="default",
        description=DESCRIPTION,
        licence="Apache-2.0",
        fs=FS,
        crop_factor=CROP_FACTOR,
        provenance=record,
        evaluation=evaluation,
        overwrite=True,
    )


if __name__ == "__main__":
    main()
