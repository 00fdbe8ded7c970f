"""Parts of decoded frames, converted to RGB and reduced in one step."""

from collections import OrderedDict
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from physiocam.video.colours import matrix_name, range_of
from physiocam.video.orientation import Rectangle
from physiocam.video.resize import area_resize

# How swscale resizes: by the mean over the area of each pixel with exact rounding, or by picking pixels.
_MEAN, _PICKED = "area+accurate_rnd+full_chroma_int+full_chroma_inp", "neighbor"

# White, of level 255, is 255/256 in swscale's numbers.
_LEVELS = np.float32(256)

# Of each kind of part so many are expected: squares of several faces, each at several sizes.
_KEPT = 32

# swscale takes the mean over fewer pixels than this in each direction.
_MOST_REDUCED = 100


class _Kind(NamedTuple):
    """Frames and parts of one kind take the same way through FFmpeg."""

    width: int
    height: int
    pixel_format: str
    matrix: str
    full_range: bool
    part: Rectangle
    new_width: int
    new_height: int
    flags: str


class PartReader:
    """Reads parts of frames, and converts no other pixels.

    A conversion of whole frames rounds every pixel to 8 bits before the mean is taken; this does not. And it takes the
    same time however large the frame is.
    """

    def __init__(self) -> None:
        self._graphs: OrderedDict[_Kind, Graph] = OrderedDict()

    def mean(self, frame: av.VideoFrame, part: Rectangle, width: int, height: int) -> NDArray[np.float32]:
        """Return a part at another size, each pixel being the mean over its area.

        Parameters
        ----------
        frame : av.VideoFrame
        part : Rectangle
            In pixels as they are stored.
        width, height : int
            Of the result.

        Returns
        -------
        float32 array (height, width, 3)
            RGB, 0..255.

        Raises
        ------
        av.FFmpegError, ValueError
            If FFmpeg cannot convert such frames.
        """
        if _is_mean(part.width, width) and _is_mean(part.height, height):
            return self._read(frame, part, width, height, "gbrpf32", _MEAN) * _LEVELS
        # Enlarging is interpolating; swscale repeats pixels instead.
        pixels = self._read(frame, part, part.width, part.height, "gbrpf32", _MEAN) * _LEVELS
        return area_resize(pixels, height, width)

    def picked(self, frame: av.VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
        """Return a whole frame at another size, (height, width, 3) RGB, of single pixels; as `mean` else."""
        whole = Rectangle(0, 0, frame.width, frame.height)
        return self._read(frame, whole, width, height, "rgb24", _PICKED)

    def _read(
        self, frame: av.VideoFrame, part: Rectangle, width: int, height: int, result: str, flags: str
    ) -> NDArray[Any]:
        kind = _Kind(
            frame.width, frame.height, frame.format.name, matrix_name(frame), range_of(frame) == ColorRange.JPEG,
            part, width, height, flags,
        )  # fmt: skip
        graph = self._graphs.pop(kind, None) or _graph(kind, frame, result)
        graph.push(frame)
        read = graph.pull()
        assert isinstance(read, av.VideoFrame)
        # A graph that failed is not used again.
        self._graphs[kind] = graph
        if len(self._graphs) > _KEPT:
            self._graphs.popitem(last=False)
        return read.to_ndarray()


def _is_mean(source: int, target: int) -> bool:
    return target <= source <= _MOST_REDUCED * target


def _graph(kind: _Kind, frame: av.VideoFrame, result: str) -> Graph:
    """FFmpeg's filters for a kind of part."""
    graph = Graph()
    graph.threads = 1
    x, y, width, height = kind.part
    scale = (
        f"{kind.new_width}:{kind.new_height}:flags={kind.flags}:in_color_matrix={kind.matrix}"
        f":in_range={'pc' if kind.full_range else 'tv'}:out_range=pc"
    )
    nodes = [
        graph.add_buffer(width=kind.width, height=kind.height, format=frame.format, time_base=Fraction(1)),
        graph.add("crop", f"{width}:{height}:{x}:{y}:exact=1"),
        graph.add("scale", scale),
        graph.add("format", f"pix_fmts={result}"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes)
    graph.configure()
    return graph
