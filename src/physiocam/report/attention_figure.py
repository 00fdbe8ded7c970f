"""The figure of what networks look at: moments of a recording side by side, one row per branch."""

import io
import os
import warnings
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from physiocam.foundation.arguments import folder_path
from physiocam.foundation.files import complete_files
from physiocam.report.attention import Attention, Branch, View

_BRANCHES = {
    "big": "Big branch",
    "small": "Small branch",
    "mask1": "first mask",
    "mask2": "second mask",
    "appearance": "appearance branch",
    "motion": "motion branch",
    "expression_cnn": "network of expressions",
    "drml": "DRML",
    "alexnet": "AlexNet",
}


def _colours() -> ListedColormap:
    """A perceptually uniform colour map that is transparent at low values, so that the face shows."""
    colours = colormaps["inferno"](np.linspace(0.0, 1.0, 256))
    colours[:, 3] = np.linspace(0.1, 0.85, 256)
    return ListedColormap(colours)


_COLOURS = _colours()

# Inches: side of a picture, and space for labels and colour bars.
_SIDE, _LEFT, _RIGHT, _TOP = 1.5, 1.15, 0.7, 0.6
_DPI = 150


def draw(attention: Attention) -> Figure:
    """Draw maps over faces; no window system is needed.

    Parameters
    ----------
    attention : Attention

    Returns
    -------
    Figure
        A row of faces and a row for each view; a column for each moment, and one for the means.
    """
    faces = [*attention.faces, attention.mean_face]
    rows, columns = 1 + len(attention.views), len(faces)
    width, height = _LEFT + columns * _SIDE + _RIGHT, _TOP + rows * _SIDE
    figure = Figure(figsize=(width, height), dpi=_DPI)
    axes = figure.subplots(rows, columns, squeeze=False, gridspec_kw={"wspace": 0.04, "hspace": 0.04})
    figure.subplots_adjust(left=_LEFT / width, right=1 - _RIGHT / width, top=1 - _TOP / height, bottom=0.01)
    titles = [f"{time:.1f} s" for time in attention.times_s] + [f"mean of {attention.face_s:.1f} s"]
    for axis, face, title in zip(axes[0], faces, titles, strict=True):
        _frame(axis)
        axis.imshow(face, extent=(0, 1, 1, 0), interpolation="bilinear")
        axis.set_title(title, fontsize=9)
    _label(axes[0, 0], "face")
    for row, view in zip(axes[1:], attention.views, strict=True):
        for axis, face, values in zip(row, faces, [*view.maps, view.mean], strict=True):
            image = _overlay(axis, face, values, view)
        _label(row[0], _BRANCHES.get(view.branch.name, view.branch.name), *_tasks(view.branch))
        _bar(figure, row[-1], image)
    what = f"contribution of each place to {attention.target}" if attention.target else "where the networks look"
    title = f"{Path(attention.source).name}\nweights '{attention.bundle}': {what}"
    # A file's name is not a formula, whatever characters it holds.
    figure.suptitle(title, fontsize=9, x=0.01, ha="left", y=1 - 0.06 / height, parse_math=False)
    return figure


def branch_name(branch: Branch) -> str:
    """Return a branch in words, with the tasks that its networks answer."""
    return f"{_BRANCHES.get(branch.name, branch.name)} ({', '.join(_tasks(branch))})"


def _tasks(branch: Branch) -> list[str]:
    return [task.upper() if task == "au" else task for task in branch.tasks]


def thumbnails(attention: Attention, view: View) -> list[bytes]:
    """Draw a view's maps over the faces as separate pictures: the moments, and the mean.

    Parameters
    ----------
    attention : Attention
    view : View
        One of its views.

    Returns
    -------
    list of bytes
        PNG files.
    """
    pictures = []
    faces = [*attention.faces, attention.mean_face]
    for face, values in zip(faces, [*view.maps, view.mean], strict=True):
        figure = Figure(figsize=(_SIDE, _SIDE), dpi=_DPI)
        _overlay(figure.add_axes((0.0, 0.0, 1.0, 1.0)), face, values, view)
        png = io.BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None})
        pictures.append(png.getvalue())
    return pictures


def _overlay(axis: Axes, face: NDArray[np.uint8], values: NDArray[np.float32], view: View) -> AxesImage:
    _frame(axis)
    grey = face.astype(np.float64) @ (0.299, 0.587, 0.114)
    axis.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=(0, 1, 1, 0), interpolation="bilinear")
    start, stop = view.branch.start, view.branch.stop
    extent = (start, stop, stop, start)
    # A single bright place must not make all others dark.
    low, high = np.percentile([*view.maps, view.mean], (0.0, 99.5))
    image = axis.imshow(
        values, cmap=_COLOURS, vmin=low, vmax=max(high, low + 1e-6), extent=extent, interpolation="bicubic"
    )
    axis.set_xlim(0, 1)
    axis.set_ylim(1, 0)
    return image


def _bar(figure: Figure, axis: Axes, image: AxesImage) -> None:
    place = axis.get_position()
    bar = figure.colorbar(
        image, extend="max", cax=figure.add_axes((place.x1 + 0.01, place.y0 + 0.005, 0.012, place.height - 0.01))
    )
    # The colours are drawn over a grey face.
    bar.ax.set_facecolor("0.5")
    bar.set_label("times the mean", fontsize=7)
    bar.ax.tick_params(labelsize=7)


def _frame(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_linewidth(0.4)


def _label(axis: Axes, title: str, *lines: str) -> None:
    axis.text(-0.06, 0.5, title, transform=axis.transAxes, ha="right", va="bottom", fontsize=9)
    axis.text(-0.06, 0.47, "\n".join(lines), transform=axis.transAxes, ha="right", va="top", fontsize=7)


def write_attention(attention: Attention, folder: str | bytes | os.PathLike[str]) -> None:
    """Write attention.png and attention.npz into a folder, which is made if it does not exist.

    The files are complete when they appear: they are written under temporary names and then renamed.

    Raises
    ------
    PhysiocamError
        If it cannot be a folder's name, the folder cannot be written to, or the disk is full.
    """
    with complete_files(folder_path(folder, "folder"), ("attention.npz", "attention.png")) as beside:
        with warnings.catch_warnings():
            # About signs in the recording's name that the font lacks.
            warnings.simplefilter("ignore")
            draw(attention).savefig(beside / "attention.png")
        np.savez_compressed(beside / "attention.npz", allow_pickle=False, **attention.arrays())
