"""Write your own pulse method, and compare it with the classical ones on the same skin.

    python examples/own_classical_method.py interview.mp4

With an entry point in its pyproject.toml, a package makes it a method like `pos`, in Python and on the command line:

    [project.entry-points."physiocam.methods"]
    green-red = "own_classical_method:green_red"
"""

import argparse

import numpy as np
from numpy.typing import NDArray

import physiocam
from physiocam.signals.methods import METHODS
from physiocam.signals.rate import estimate_rate
from physiocam.video.reader import open_video


def green_red(rgb: NDArray[np.float64], fs: float) -> NDArray[np.float64]:  # noqa: ARG001 - others need fs
    """Blood takes more green than red away; what both have in common is light and motion."""
    waveform: NDArray[np.float64] = np.log(rgb[:, 1]) - np.log(rgb[:, 0])
    return waveform


def skin_colours(video: str, squares: NDArray[np.int32]) -> NDArray[np.float64]:
    """Mean red, green and blue of each frame's square, (T, 3); NaN where there is no face."""
    colours = np.full((len(squares), 3), np.nan)
    with open_video(video) as frames:
        for colour, frame, (x, y, size) in zip(colours, frames, squares, strict=True):
            if frame.image is not None and size > 0:
                colour[:] = frame.image[y : y + size, x : x + size].mean(axis=(0, 1))
    return colours


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("video")
    video = parser.parse_args().video

    measured = physiocam.measure(video, method="pos")
    colours = skin_colours(video, measured.face_squares)
    for name, method in {**METHODS, "green-red": green_red}.items():
        change = np.append(np.diff(method(colours, measured.fs)), np.nan)
        print(name, estimate_rate(change, measured.fs, "heart", physiocam.SETTINGS["default"]))


if __name__ == "__main__":
    main()
