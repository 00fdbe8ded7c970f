"""Measure a video, print the results, and keep the files.

    python examples/measure_a_video.py interview.mp4 results

If a rate cannot be measured, its value is None, and a note says why.
"""

import argparse

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video")
    parser.add_argument("results", help="folder for the files")
    arguments = parser.parse_args()

    measurement = physiocam.measure(arguments.video)
    for name, rate in {"heart rate": measurement.heart_rate, "breathing rate": measurement.breathing_rate}.items():
        if rate.value is None:
            print(f"no {name}: {rate.note}")
        else:
            print(f"{name}: {rate.value:.1f} {rate.unit}, quality {rate.quality:.2f}")
    for label, unit in measurement.action_units.items():
        if unit.active_fraction:
            print(f"{label} ({unit.name}): active {unit.active_fraction:.0%} of the time")
    for note in measurement.notes:
        print(f"note: {note}")
    measurement.write(arguments.results)


if __name__ == "__main__":
    main()
