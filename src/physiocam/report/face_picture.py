"""A small picture of the recorded face for the top of the report; it needs no extra."""

import os
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.results.measurement import Measurement
from physiocam.video.levels import shown
from physiocam.video.orientation import Rectangle
from physiocam.video.parts import reduced
from physiocam.video.reader import open_video

_SIDE = 160


@dataclass(frozen=True)
class FacePicture:
    """The square that was measured in one frame.

    Attributes
    ----------
    png : bytes
        A PNG file.
    side : int
        Its width and height in pixels.
    time_s : float
        When the frame was taken.
    """

    png: bytes
    side: int
    time_s: float


def face_picture(
    measurement: Measurement, source: str | os.PathLike[str] | NDArray[np.uint8], fs: float | None = None
) -> FacePicture | None:
    """Take the face out of the recording, in the middle of the frames that show one.

    Parameters
    ----------
    measurement : Measurement
        Of this recording.
    source, fs
        As they were given to `physiocam.measure`.

    Returns
    -------
    FacePicture or None
        None where no face was found or looked for.

    Raises
    ------
    VideoError
        If the source cannot be read.
    """
    found = np.flatnonzero(measurement.face_found)
    if not len(found) or measurement.face.choice == "whole":
        return None
    index = int(found[len(found) // 2])
    x, y, side = measurement.face_squares[index].tolist()
    time_s = float(measurement.timestamps_s[index])
    with open_video(source, fs=fs, channels=None) as video:
        for frame in video:
            if frame.picture is not None and frame.timestamp_s > time_s - 0.5 / video.fs:
                face = shown(reduced(frame.picture, Rectangle(x, y, side, side), _SIDE, _SIDE))
                return FacePicture(_png(face), _SIDE, frame.timestamp_s)
    return None


def _png(image: NDArray[np.uint8]) -> bytes:
    picture = av.VideoFrame.from_ndarray(image, format="rgb24")
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "rgb24"
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
