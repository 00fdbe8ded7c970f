"""Measure beats and heart-rate variability, if the recording is long and clean enough.

    python examples/heart_rate_variability.py interview.mp4 results

It needs at least 60 s, better 5 minutes; otherwise a note says what is missing. Needs the extra `hrv`.
"""

import argparse

import physiocam


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video")
    parser.add_argument("results", help="folder for the files, beats.csv among them")
    arguments = parser.parse_args()

    measurement = physiocam.measure(arguments.video, hrv=True)
    variability = measurement.heart_rate_variability
    assert variability is not None
    print(f"{len(variability.beats_s)} beats, each timed to about {variability.timing_noise_ms or float('nan'):.0f} ms")
    for name, spread in {"SDNN": variability.sdnn, "RMSSD": variability.rmssd}.items():
        print(name, spread.note if spread.value is None else f"{spread.value:.0f} {spread.unit}")
    measurement.write(arguments.results)


if __name__ == "__main__":
    main()
