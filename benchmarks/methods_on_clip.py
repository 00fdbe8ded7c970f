"""What every method measures in one clip, as a Markdown table.

    python benchmarks/methods_on_clip.py VIDEO --truth BEATS_PER_MIN [--weights NAME ...]

Lists the classical methods, the default bundle, and any further bundles, with the default settings (where a rate may be
withheld) and with the reference's (where it never is).
"""

import argparse
from typing import Literal

import physiocam
from physiocam.signals.methods import METHODS
from physiocam.signals.rate import Rate


def measured(video: str, method: str, weights: str, settings: Literal["default", "paper"]) -> Rate:
    return physiocam.measure(video, weights=weights, method=method, settings=settings).heart_rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--truth", type=float, help="heart rate by a sensor, in beats/min")
    parser.add_argument("--weights", nargs="*", default=[], help="further bundles, by name or folder")
    arguments = parser.parse_args()
    ways = [(name.upper(), name, "default") for name in METHODS]
    ways += [(f"network, bundle `{name}`", "network", name) for name in ("default", *arguments.weights)]
    print("| method | default settings | quality | error | paper settings | error |\n|---|---|---|---|---|---|")
    for title, method, weights in ways:
        usual = measured(arguments.video, method, weights, "default")
        paper = measured(arguments.video, method, weights, "paper")
        cells = [
            title,
            shown(usual.value),
            f"{usual.quality:.2f}",
            error(usual.value, arguments.truth),
            shown(paper.value),
            error(paper.value, arguments.truth),
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def error(value: float | None, truth: float | None) -> str:
    return "" if value is None or truth is None else f"{value - truth:+.1f}"


if __name__ == "__main__":
    main()
