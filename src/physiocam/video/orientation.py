"""How stored pictures are turned and mirrored to stand upright."""

from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

# AVFrameSideDataType: the display matrix, and a number larger than all types.
_DISPLAY_MATRIX, _SIDE_DATA_KINDS = 6, 64


class Rectangle(NamedTuple):
    """Part of a picture, in whole pixels."""

    x: int
    y: int
    width: int
    height: int


class Orientation(NamedTuple):
    """How a stored picture becomes upright: rows and columns are exchanged, then each is read forwards or backwards."""

    swapped: bool = False
    rows_step: int = 1
    columns_step: int = 1

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "Orientation":
        """Read the display matrix; angles other than quarter turns are ignored, as in players."""
        side_data: Any = _with_display_matrix_only(frame).side_data.get("DISPLAYMATRIX")
        if side_data is None:
            return cls()
        # Stored rows and columns (a b; c d) map a point (x, y) to (a x + c y, b x + d y).
        a, b, _, c, d = np.frombuffer(bytes(side_data), dtype=np.int32, count=5).astype(np.int64)
        swapped = bool(a == d == 0 and b and c)
        if swapped:
            a, d = c, b
        elif b or c:
            return cls()
        return cls(swapped, -1 if d < 0 else 1, -1 if a < 0 else 1)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of an upright picture of this stored size, or the reverse."""
        return (height, width) if self.swapped else (width, height)

    def upright(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return an upright view of a stored picture (H, W, C)."""
        if self.swapped:
            image = image.swapaxes(0, 1)
        return image[:: self.rows_step, :: self.columns_step]

    def stored(self, part: Rectangle, width: int, height: int) -> Rectangle:
        """Return where a part of the upright picture, of this width and height, is in the stored one."""
        x = part.x if self.columns_step > 0 else width - part.x - part.width
        y = part.y if self.rows_step > 0 else height - part.y - part.height
        if self.swapped:
            return Rectangle(y, x, part.height, part.width)
        return Rectangle(x, y, part.width, part.height)


def _with_display_matrix_only(frame: av.VideoFrame) -> av.VideoFrame:
    """The same picture without its other side data.

    PyAV's `side_data` must not read them: it frees the text of some, such as the name of an ICC profile, and the frame
    frees it again, which crashes the process. It also fails on unknown types, like EXIF.
    """
    graph = Graph()
    node = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    for kind in range(_SIDE_DATA_KINDS):
        if kind != _DISPLAY_MATRIX:
            following = graph.add("sidedata", f"mode=delete:type={kind}")
            node.link_to(following)
            node = following
    sink = graph.add("buffersink")
    node.link_to(sink)
    graph.configure()
    graph.push(frame)
    bare = graph.pull()
    assert isinstance(bare, av.VideoFrame)
    return bare
