"""From decoded frames to face squares: how exact, and how fast, whole frames and the square alone.

    python benchmarks/face_pixels.py VIDEO [--json docs/face_pixels.json]

Frames of a video are taken as the truth in RGB, and stored as 4:2:0 with the planes rounded once, as an encoder without
loss does. Their squares are then read back at the Big size in two ways: the whole frame converted to RGB of 8 bits and
the square resized, and the square converted and reduced in one step, as `physiocam measure` does. The same is timed at
several sizes of the frame, with the square half as high as the frame.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.files import complete_file
from physiocam.video.orientation import Rectangle
from physiocam.video.parts import reduced
from physiocam.video.pixels import RgbConverter
from physiocam.video.reader import open_video
from physiocam.video.resize import area_resize

BIG = 144
FRAMES = 20
SIZES = {"640 x 480": (640, 480), "1920 x 1080": (1920, 1080), "3840 x 2160": (3840, 2160)}

Way = Callable[[RgbConverter, av.VideoFrame, Rectangle], NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    with open_video(arguments.video) as video:
        frames = [frame.image for frame in islice(video, FRAMES) if frame.image is not None]
    figures = compare(frames)
    print(table(figures))
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def compare(frames: list[NDArray[np.uint8]]) -> dict[str, dict[str, Any]]:
    """The figures of both ways, by their names."""
    return {name: {**_exactness(way, frames), "milliseconds": _speed(way, frames[0])} for name, way in WAYS.items()}


def table(figures: dict[str, dict[str, Any]]) -> str:
    """A table in Markdown."""
    lines = [
        "| way | red | green | blue | mean error | " + " | ".join(f"{size}, ms" for size in SIZES) + " |",
        "|---" * (5 + len(SIZES)) + "|",
    ]
    for name, row in figures.items():
        cells = [*(f"{bias:+.2f}" for bias in row["bias"]), f"{row['error']:.2f}"]
        cells += [f"{row['milliseconds'][size]:.2f}" for size in SIZES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _whole_frame(convert: RgbConverter, frame: av.VideoFrame, part: Rectangle) -> NDArray[np.float32]:
    x, y, width, height = part
    return area_resize(np.asarray(convert(frame))[y : y + height, x : x + width], BIG, BIG)


def _square_alone(convert: RgbConverter, frame: av.VideoFrame, part: Rectangle) -> NDArray[np.float32]:
    return reduced(convert(frame), part, BIG, BIG)


WAYS: dict[str, Way] = {"whole frame": _whole_frame, "square alone": _square_alone}


def _exactness(way: Way, frames: list[NDArray[np.uint8]]) -> dict[str, Any]:
    convert = RgbConverter("frames")
    errors = []
    for rgb in frames:
        even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]
        part = _square(even.shape[1], even.shape[0])
        x, y, width, height = part
        errors.append(way(convert, stored(even), part) - area_resize(even[y : y + height, x : x + width], BIG, BIG))
    error = np.array(errors)
    return {"bias": error.mean(axis=(0, 1, 2)).round(3).tolist(), "error": round(float(np.abs(error).mean()), 3)}


def _speed(way: Way, rgb: NDArray[np.uint8]) -> dict[str, float]:
    """Milliseconds of processor time a frame, by the size of the frame."""
    speeds = {}
    for name, (width, height) in SIZES.items():
        frame = stored(np.rint(area_resize(rgb, height, width)).astype(np.uint8))
        convert, part = RgbConverter("frames"), _square(width, height)
        way(convert, frame, part)
        start = time.process_time()
        for _ in range(FRAMES):
            way(convert, frame, part)
        speeds[name] = round(1000 * (time.process_time() - start) / FRAMES, 3)
    return speeds


def _square(width: int, height: int) -> Rectangle:
    side = height // 2
    return Rectangle((width - side) // 2, (height - side) // 2, side, side)


def stored(rgb: NDArray[np.uint8]) -> av.VideoFrame:
    """The frame as 4:2:0 of BT.601 in limited range, each plane rounded once."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64) / 255, 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [16 + 219 * luma]
    for colour, share in ((blue, 1.772), (red, 1.402)):
        chroma = 128 + 224 * (colour - luma) / share
        planes.append(chroma.reshape(len(luma) // 2, 2, -1, 2).mean(axis=(1, 3)))
    width = rgb.shape[1]
    rows = [np.rint(plane).astype(np.uint8).reshape(-1, width) for plane in planes]
    frame = av.VideoFrame.from_ndarray(np.concatenate(rows), format="yuv420p")
    frame.colorspace, frame.color_range = 5, 1
    return frame


if __name__ == "__main__":
    main()
