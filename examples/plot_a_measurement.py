"""Plot a measurement: waveforms, rates along the recording, action units.

    python examples/plot_a_measurement.py interview.mp4 measurement.png

The figure is a matplotlib figure, so you can change everything in it. Needs the extra `report`.
"""

import argparse

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video")
    parser.add_argument("picture", help="PNG, SVG or PDF file to write")
    arguments = parser.parse_args()

    figure = physiocam.measure(arguments.video).plot()
    figure.savefig(arguments.picture, dpi=150)


if __name__ == "__main__":
    main()
