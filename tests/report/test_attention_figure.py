"""The figure of what networks look at: what stands where, in which colours."""

import io
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from matplotlib.image import imread
from matplotlib.text import Text

from physiocam.report.attention import Attention, Branch, View
from physiocam.report.attention_figure import draw


def example(start: float = 0.0, stop: float = 1.0) -> Attention:
    """Two moments of grey faces; all that is found is in the third row and seventh column of the second."""
    maps = np.zeros((2, 8, 8), dtype=np.float32)
    maps[1, 2, 6] = 64.0
    return Attention(
        source="/somewhere/me.mp4",
        bundle="default",
        target=None,
        face_s=12.0,
        times_s=np.array([1.0, 9.0]),
        faces=np.full((2, 32, 32, 3), 128, dtype=np.uint8),
        mean_face=np.full((32, 32, 3), 128, dtype=np.uint8),
        views=(View(Branch("small", ("pulse", "au"), start, stop), maps, maps.mean(axis=0)),),
    )


def words(attention: Attention) -> str:
    figure = draw(attention)
    return "\n".join(part.get_text() for part in figure.findobj(Text) if isinstance(part, Text))


def test_titles_say_source_weights_branch_tasks_and_time() -> None:
    said = words(example())
    for expected in ("me.mp4\nweights 'default'", "Small branch", "pulse\nAU", "1.0 s", "9.0 s", "mean of 12.0 s"):
        assert expected in said
    assert "times the mean" in said
    assert "contribution of each place to AU12" in words(replace(example(), target="AU12"))


@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (0.25, 0.75)])
def test_what_is_found_lights_up_in_its_place(start: float, stop: float) -> None:
    figure = draw(example(start, stop))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    drawn.seek(0)
    picture = imread(drawn)[:, :, :3]
    height, width, _ = picture.shape
    lit = []
    # Axes come row by row: three faces, then three maps.
    for axis in figure.axes[3:6]:
        box = axis.get_position()
        part = picture[
            round((1 - box.y1) * height) + 3 : round((1 - box.y0) * height) - 3,
            round(box.x0 * width) + 3 : round(box.x1 * width) - 3,
        ]
        colour = part.max(axis=2) - part.min(axis=2)
        lit.append((float(colour.max()), np.unravel_index(int(colour.argmax()), colour.shape), colour.shape))
    assert lit[0][0] < 0.1
    assert lit[1][0] > 0.4
    (row, column), (rows, columns) = lit[1][1:]
    cell = (stop - start) / 8
    assert row / rows == pytest.approx(start + 2.5 * cell, abs=cell)
    assert column / columns == pytest.approx(start + 6.5 * cell, abs=cell)


def test_nothing_found_is_drawn_too() -> None:
    nothing = np.zeros((2, 8, 8), dtype=np.float32)
    view = replace(example().views[0], maps=nothing, mean=nothing[0])
    draw(replace(example(), views=(view,))).savefig(io.BytesIO(), format="png")


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_file_s_name_is_no_formula() -> None:
    draw(replace(example(), source=r"a $\frac{ b$ \u9854.mp4")).savefig(io.BytesIO(), format="png")
