"""Use your own face locator, settings and devices, in fifteen lines: for a camera that is fixed above a cot.

    python examples/own_face_locator.py interview.mp4 --providers cpu

The face is in the upper middle of every picture, and the heart rate is looked for between 40 and 200 beats/min. With
the package `onnxruntime-gpu`, `--providers cuda cpu` uses an NVIDIA GPU.
"""

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physiocam import SETTINGS, Square, measure


class UpperMiddle:
    """The same square in every frame; one that searches would look at the image."""

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        """Give the square, or None where the recording has a gap."""
        return None if image is None else Square(image.shape[1] // 4, 0, image.shape[1] // 2)


parser = argparse.ArgumentParser()
parser.add_argument("video")
parser.add_argument("--providers", nargs="+", default=["cpu"], help="devices, the preferred first")
arguments = parser.parse_args()
heart = replace(SETTINGS["default"].heart, band_hz=(40 / 60, 200 / 60))
wide = replace(SETTINGS["default"], name="wide", heart=heart)
print(measure(arguments.video, face=lambda _fs: UpperMiddle(), settings=wide, providers=tuple(arguments.providers)))
