"""Read a camera with OpenCV, whose frames are BGR, and print the measurement each second.

    python examples/webcam_with_opencv.py 0
    python examples/webcam_with_opencv.py interview.mp4

Give the number of a camera (Ctrl-C ends), or a file. Needs OpenCV: `pip install opencv-python`.
"""

import argparse
import time
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

import physiocam


def frames_of(source: str) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """When each frame was taken, in seconds, and the frame in RGB."""
    live = source.isdecimal()
    capture = cv2.VideoCapture(int(source) if live else source)
    while (read := capture.read())[0]:
        taken_s = time.monotonic() if live else capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        yield taken_s, np.ascontiguousarray(read[1][..., ::-1], dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", help="number of a camera, or a video file")

    stream, told_s = physiocam.Stream(), -1.0
    for taken_s, image in frames_of(parser.parse_args().source):
        stream.push(image, timestamp_s=taken_s)
        if taken_s - told_s >= 1:
            told_s, now = taken_s, stream.measurement(last_s=30)
            print("heart", now.heart_rate.value or now.heart_rate.note)
            print("breathing", now.breathing_rate.value or now.breathing_rate.note)


if __name__ == "__main__":
    main()
