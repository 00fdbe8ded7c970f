"""Give the default bundle its network with memory for the pulse, and the confidence of its heart rates.

    python scripts/default_bundle/add_memory.py EXPRESSIONS_DIR FOOTAGE_DIR --work WORK_DIR
        [--initial BUNDLE] [--jobs 2]

Stages, all kept in WORK_DIR with what they were made with, so that an interrupted run goes on where it was: clips with
a known pulse, on portraits, real footage and drawn people; real motion, as networks see it; the network, epoch by
epoch; then those of `add_heart_confidence.py`.
`--initial` begins with the network with memory of another bundle. The result then lies halfway between these weights
and the trained ones: it reads what is unlike the clips better than either (Wortsman and others 2022, arXiv 2109.01903).
"""

import copy
from pathlib import Path

import numpy as np
import torch

from add_heart_confidence import parser_of, with_heart_confidence
from calibration_films import FOOTAGE
from fit_confidence import unfitted
from long_clips import TRAINING_FOOTAGE, load_carriers, load_long_clips
from physiocam.foundation.provenance import digest_of
from physiocam.networks.small_tcn import SmallTcn
from physiocam.signals.confidence import Confidence
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.export import BundleAbout, Memory
from physiocam.weights.pytorch import load_network
from real_motion import load_motions
from train_memory import correlations, train_memory
from written_again import written_again

SEED = 1000
CLIPS, OTHERS = 1000, 60
EPOCHS = 30

DESCRIPTION = (
    "Joint BigSmall (N = 3, wrapping shift) for action units and pulse, a slow Small network for breathing, and a "
    "network with memory (SmallTcn) that reads the pulse. Pulse and breathing learned on generated clips, and on real "
    "footage with a pulse put into the skin; action units on weakly labelled stills and drawn faces, without FACS "
    "coding. No recording of a person with sensors was used."
)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--initial", type=Path, help="a bundle with a network with memory to go on from")
    arguments = parser.parse_args()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.jobs)
    places = arguments.expressions, arguments.footage
    trained = load_carriers(*places, TRAINING_FOOTAGE, work, held_out=False)
    unseen = load_carriers(*places, FOOTAGE, work, held_out=True)
    clips = load_long_clips(work / "clips", trained, CLIPS, seed=SEED, jobs=arguments.jobs)
    others = load_long_clips(work / "others", unseen, OTHERS, seed=SEED + 1, jobs=arguments.jobs)
    motions = load_motions(trained.pieces, work / "motions.npz")
    initial = load_bundle(arguments.initial) if arguments.initial else None
    known = initial.info.memory if initial else None
    first = known.networks[0].weights_sha256 if known else None
    made_with = {
        "initial": first, "clips": digest_of(work / "clips"), "epochs": EPOCHS,
        "motions": digest_of(work / "motions.npz"),
        "code": [digest_of(Path(__file__).with_name(f"{name}.py"))
                 for name in ("train_memory", "kept_training", "cycle")],
    }  # fmt: skip
    before = memory_of(initial)
    network, record = train_memory(clips, motions, others, EPOCHS, SEED, work / "memory.pt", made_with, before)
    if before is not None:
        network = halfway(before, network)
        r = np.quantile(correlations(network, others), (0.25, 0.5, 0.75))
        record = {**record, "halfway_r_of_others": r.round(4).tolist()}
    bundle = load_bundle(arguments.bundle)
    provenance = {
        **bundle.info.provenance,
        "memory_stage": {
            **record, "clips": CLIPS, "footage": list(TRAINING_FOOTAGE), "footage_of_others": list(FOOTAGE),
            "initial": {"weights_sha256": first, **initial.info.provenance["memory_stage"]} if initial else None,
        },
    }  # fmt: skip
    # A bundle that had such a network is described already, perhaps with what other scripts have added since.
    description = bundle.info.description if bundle.info.memory else DESCRIPTION
    about = BundleAbout(description, bundle.info.licence, provenance, bundle.info.evaluation, bundle.info.unit_auc)
    memory = Memory({"pulse": network}, unfitted(Confidence))
    trained_again = written_again(bundle, work / "unfitted", about, memory=memory)
    print(with_heart_confidence(trained_again, arguments.out, unseen, work, arguments.jobs).describe())


def memory_of(bundle: Bundle | None) -> SmallTcn | None:
    """The network with memory of a bundle that has one."""
    if bundle is None or bundle.info.memory is None:
        return None
    network = load_network(bundle, bundle.info.memory.networks[0])
    assert isinstance(network, SmallTcn)
    return network


def halfway(before: SmallTcn, after: SmallTcn) -> SmallTcn:
    """The network whose weights are the mean of those of two."""
    network, theirs = copy.deepcopy(after), before.state_dict()
    weights = {name: (own.double() + theirs[name].double()).div(2).to(own) for name, own in after.state_dict().items()}
    network.load_state_dict(weights)
    return network


if __name__ == "__main__":
    main()
