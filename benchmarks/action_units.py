"""Action units on rendered people whose units are known: makes the recordings and counts what they hold.

Run as ``python benchmarks/action_units.py MODEL_FOLDER WORK_DIR --recordings 1000 --jobs 2``. It goes on where it was
interrupted. `rendered_recordings.load` reads what it makes.
"""

import argparse
from collections import Counter
from pathlib import Path

import rendered_recordings
from physiocam.networks.action_units import EXPRESSION_UNITS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the light model of ICT-FaceKit")
    parser.add_argument("folder", type=Path, metavar="WORK_DIR")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fs", type=float, default=15.0, help="frames per second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    plan = rendered_recordings.Plan(given.model, given.seconds, given.fs, given.seed)
    rendered_recordings.make(plan, given.folder, given.recordings, given.jobs)
    recordings = list(rendered_recordings.load(given.folder))
    for column, unit in enumerate(EXPRESSION_UNITS):
        shown = sum(int(recording.intensities[:, column].max() >= 1) for recording in recordings)
        print(f"{unit}: in {shown} of {len(recordings)} recordings")
    for name in recordings[0].attributes if recordings else ():
        counts = Counter(recording.attributes[name] for recording in recordings)
        print(f"{name}: {', '.join(f'{value} {count}' for value, count in sorted(counts.items()))}")


if __name__ == "__main__":
    main()
