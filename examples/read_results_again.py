"""Read earlier results, from any number of folders, into one long table.

    python examples/read_results_again.py results frames.csv

One row per frame, with the recording as the first column, ready for statistics. Needs the extra `pandas`.
"""

import argparse
from pathlib import Path

import pandas as pd

from physiocam import Measurement


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path, help="folder; all measurements in it and below are read")
    parser.add_argument("table", help="CSV file to write")
    arguments = parser.parse_args()

    folders = sorted(path.parent for path in arguments.results.rglob("measurement.json"))
    if not folders:
        raise SystemExit(f"no measurement.json in '{arguments.results}' or below")
    measurements = {str(folder.relative_to(arguments.results)): Measurement.load(folder) for folder in folders}
    for name, measurement in measurements.items():
        print(f"{name}: {measurement.heart_rate.value} {measurement.heart_rate.unit}, {measurement.duration_s:g} s")
    frames = pd.concat({name: one.to_frame() for name, one in measurements.items()}, names=["recording", "frame"])
    frames.to_csv(arguments.table)


if __name__ == "__main__":
    main()
