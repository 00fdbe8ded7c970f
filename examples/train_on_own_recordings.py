"""Train your own weights on a folder of recordings with sensors, and measure with them.

    python examples/train_on_own_recordings.py my_recordings mine interview.mp4 --epochs 5

The folder holds videos and a recordings.csv that names the sensors' files (docs/data.md). The run starts from the
default weights. If you stop it and start it again, it resumes. Needs the extra `train`.
"""

import argparse
from pathlib import Path

import physiocam
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import prepare
from physiocam.training.fit import fit
from physiocam.training.settings import TrainSettings


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("output", type=Path, help="folder for the store and the run")
    parser.add_argument("video", help="one that is not among the recordings, to be measured in the end")
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()

    store, run = arguments.output / "store", arguments.output / "run"
    for one in prepare(open_dataset("folder", arguments.recordings).entries(), store):
        print(f"{one.name}: {one.error or f'{one.frames} frames'}")
    settings = {"store": store, "output": run, "epochs": arguments.epochs}
    bundle = fit(TrainSettings(**settings, initial_bundle="default", learning_rate=1e-4))
    print(f"trained: {bundle.folder}")
    print(physiocam.measure(arguments.video, weights=bundle))


if __name__ == "__main__":
    main()
