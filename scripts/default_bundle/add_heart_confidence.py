"""Give a bundle the confidence of its heart rates.

    python scripts/default_bundle/add_heart_confidence.py EXPRESSIONS_DIR FOOTAGE_DIR --work WORK_DIR
        [--bundle BUNDLE] [--out BUNDLE] [--jobs 2]

Stages, kept in WORK_DIR with what they were made with, so that an interrupted run goes on where it was: films of people
on whom the bundle's networks never learned, and films without blood, as its joint network sees them; the confidence,
fitted to what this network and the one with memory hear in them. `add_memory.py` ends with the same.
"""

import argparse
from pathlib import Path

from calibration_films import FOOTAGE, load_calibration_films
from fit_confidence import fit, hear
from long_clips import Carriers, load_carriers
from physiocam.signals.confidence import Confidence
from physiocam.weights.bundle import Bundle, load_bundle
from written_again import described_again

SEED, FILMS = 1003, 800
# How much a film without blood counts: recordings in which nobody lives are rarer than such films.
_LIFELESS = 0.4


def main() -> None:
    arguments = parser_of(__doc__).parse_args()
    unseen = load_carriers(arguments.expressions, arguments.footage, FOOTAGE, arguments.work, held_out=True)
    bundle = load_bundle(arguments.bundle)
    print(with_heart_confidence(bundle, arguments.out, unseen, arguments.work, arguments.jobs).describe())


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """What both this script and `add_memory.py` are told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expressions", type=Path, help="folder with images.tar and labels.csv")
    parser.add_argument("footage", type=Path, help="folder with clips of people whose own pulse a codec has removed")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument("--bundle", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--out", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--jobs", type=int, default=2)
    return parser


def with_heart_confidence(bundle: Bundle, folder: Path, unseen: Carriers, work: Path, jobs: int) -> Bundle:
    """Write a bundle with a network with memory again, with a confidence for what it hears.

    Parameters
    ----------
    bundle : Bundle
    folder : Path
        Where to write it.
    unseen : Carriers
        People on whom it never learned.
    work : Path
        Folder for what the stages leave.
    jobs : int
        Processes.
    """
    films = load_calibration_films(work / "films", unseen, bundle.folder, FILMS, seed=SEED, jobs=jobs)
    confidence, figures = fit(hear(films, bundle.folder), Confidence, products=True, lifeless=_LIFELESS)
    print(figures)
    info = bundle.info
    memory = info.memory
    assert memory is not None
    stage = {
        "films": len(films), "seed": SEED, "footage": list(FOOTAGE),
        "networks": {entry.name: entry.weights_sha256 for entry in (info.networks[0], *memory.networks)},
    }  # fmt: skip
    update = {
        "memory": memory.model_copy(update={"confidence": confidence}),
        "provenance": {**info.provenance, "heart_confidence_stage": stage},
        "evaluation": {**info.evaluation, "confidence": figures},
    }
    return described_again(bundle, folder, info.model_copy(update=update))


if __name__ == "__main__":
    main()
