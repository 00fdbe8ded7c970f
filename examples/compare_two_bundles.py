"""Compare two bundles on a prepared store, whose recordings have sensors or codes.

    python examples/compare_two_bundles.py stores/mine default runs/first/bundle

Use a store on which neither of them was trained. Needs the extra `train`.
"""

import argparse

from physiocam import SETTINGS
from physiocam.evaluation.evaluate import Evaluation, evaluate
from physiocam.evaluation.metrics import RateScores
from physiocam.evaluation.predict import predict_with_bundle


def error(scores: RateScores | None) -> str:
    """Mean absolute error, and how many recordings it is of."""
    if scores is None or scores.mae.value is None:
        return "none"
    return f"{scores.mae.value:.2f} ({scores.answered} of {scores.recordings})"


def figures(found: Evaluation) -> dict[str, str]:
    """What is shown of a bundle."""
    units = found.action_units
    f1 = "none" if units is None or units.mean_f1 is None else f"{units.mean_f1:.1f} %"
    return {"heart rate": error(found.heart), "breathing rate": error(found.breathing), "action units, F1": f1}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("bundles", nargs=2, help="folders or names")
    arguments = parser.parse_args()

    for name in arguments.bundles:
        predictions = list(predict_with_bundle(name, arguments.store))
        print(name, figures(evaluate(predictions, SETTINGS["default"])))


if __name__ == "__main__":
    main()
