"""Measure every video of a folder, and show one table of all results.

    python examples/folder_to_one_table.py my_videos results --jobs 2

If you stop it and start it again, it resumes. Needs the extra `pandas`, and `cluster` for more than one job.
"""

import argparse
from pathlib import Path

import pandas as pd

import physiocam


def tell(outcome: physiocam.VideoOutcome) -> None:
    print(f"{outcome.video}: {outcome.error or 'measured'}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("videos", help="folder of videos, also in folders below")
    parser.add_argument("results", help="folder for the table, and for the files of each video")
    parser.add_argument("--jobs", type=int, default=1, help="videos measured at a time")
    arguments = parser.parse_args()

    outcomes = physiocam.measure_many(arguments.videos, arguments.results, jobs=arguments.jobs, progress=tell)
    failed = [outcome.video for outcome in outcomes if outcome.error]
    if len(failed) < len(outcomes):
        table = pd.read_csv(Path(arguments.results) / "summary.csv", index_col="video")
        rates = [f"{name}_{part}" for name in ("heart_rate", "breathing_rate") for part in ("value", "quality", "note")]
        print(table.reindex(columns=rates).to_string())
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
