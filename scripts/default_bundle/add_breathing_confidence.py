"""Give a bundle the confidence of its breathing rates.

    python scripts/default_bundle/add_breathing_confidence.py --work WORK_DIR [--bundle BUNDLE] [--out BUNDLE]
        [--films 240] [--jobs 2]

Stages, kept in WORK_DIR with what they were made with, so that an interrupted run goes on where it was: films of drawn
people, a third of whom do not breathe, as the bundle's slow network and the shoulders show them; the confidence, fitted
to what is heard in them. Other networks of the bundle have no part in it: the films of another bundle with the same
slow network serve again.
"""

import argparse
from pathlib import Path

from breathing_films import load_breathing_films
from fit_breathing import hear_breaths
from fit_confidence import figures_of, fit
from physiocam.signals.breath_evidence import BreathConfidence
from physiocam.weights.bundle import load_bundle
from written_again import described_again

SEED = 91_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for what the stages leave")
    parser.add_argument("--bundle", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--out", type=Path, default=Path("src/physiocam/weights/default"))
    parser.add_argument("--films", type=int, default=240)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.bundle)
    films = load_breathing_films(
        arguments.work / "films", arguments.bundle, arguments.films, seed=SEED, jobs=arguments.jobs
    )
    heard = hear_breaths(films)
    confidence, figures = fit(heard, BreathConfidence)
    before = figures_of(heard, heard.by_rule, heard.given_by_rule)
    print(f"before: {before}\nafter:  {figures}")
    info = bundle.info
    slow = info.slow
    assert slow is not None
    stage = {
        "films": len(films), "seed": SEED, "networks": {entry.name: entry.weights_sha256 for entry in slow.networks},
    }  # fmt: skip
    update = {
        "slow": slow.model_copy(update={"confidence": confidence}),
        "provenance": {**info.provenance, "breathing_confidence_stage": stage},
        "evaluation": {**info.evaluation, "breathing_confidence": {**figures, "by_rule": before}},
    }
    print(described_again(bundle, arguments.out, info.model_copy(update=update)).describe())


if __name__ == "__main__":
    main()
