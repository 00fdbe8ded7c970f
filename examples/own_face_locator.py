"""One's own face locator, settings and hardware in fifteen lines: for a camera that is fixed above a cot.

    python examples/own_face_locator.py interview.mp4

The face lies in the upper middle of every picture, newborns' hearts beat up to 200 times a minute, and the networks run
on a GPU where there is one.
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
heart = replace(SETTINGS["default"].heart, band_hz=(40 / 60, 200 / 60))
newborn = replace(SETTINGS["default"], name="newborn", heart=heart)
video = parser.parse_args().video
print(measure(video, face=lambda _fs: UpperMiddle(), settings=newborn, providers=("cuda", "cpu")))
