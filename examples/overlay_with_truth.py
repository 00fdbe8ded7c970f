"""Draw what sensors and coders recorded beside what was measured, into a video.

    python examples/overlay_with_truth.py my_recordings overlay.mp4

It is the first recording of a data set, here of a folder of your own. White are the sensors' waves, and the squares of
units that were coded as present; coloured is what was measured.
"""

import argparse

import physiocam
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.report.overlay import write_overlay
from physiocam.report.truth import truth_of


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("overlay", help="the video to write")
    parser.add_argument("--dataset", default="folder", help="as in: physiocam data list")
    arguments = parser.parse_args()

    entry = open_dataset(arguments.dataset, arguments.folder).entries()[0]
    recording, video = entry.load(), entry.sources[0]
    measurement = physiocam.measure(video)
    truth = truth_of(recording, measurement)
    write_overlay(measurement, video, arguments.overlay, truth=truth)
    for quantity, rate in truth.rates.items():
        print(f"{quantity} of the sensor: {'unknown' if rate is None else f'{rate:.1f} per minute'}")
    print(measurement)


if __name__ == "__main__":
    main()
