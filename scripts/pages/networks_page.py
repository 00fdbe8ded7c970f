"""Draws docs/networks.svg, the family in one figure, and fills the table of docs/networks.md.

Run `python scripts/pages/networks_page.py` after a change of the networks (needs the extras `train` and `report`).
"""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from physiocam.networks.complexity import cost
from physiocam.networks.config import HIDDEN, BigSmallConfig
from physiocam.networks.registry import preset, preset_names
from physiocam.networks.temporal_shift import FOLD_DIV

DOCS = Path(__file__).parents[2] / "docs"
FIGURE, PAGE = DOCS / "networks.svg", DOCS / "networks.md"
START, END = "<!-- networks table -->\n", "<!-- end of networks table -->"

# What each name changes, in the paper's terms, and which row of the paper it is.
ROWS = {
    "bigsmall": ("the network of the paper", "Table 1"),
    "bigsmall-tsm": ("`shift=zero`", "Table 1"),
    "bigsmall-no-shift": ("`shift=none`", "Table 1"),
    "bigsmall-every-frame": ("`big_stride=1`", "Table 1"),
    "bigsmall-base": ("`shift=none`, `big_stride=1`", ""),
    "big": ("`branches=big`, action units alone", "Table 1"),
    "small": ("`branches=small`, `shift=none`, both waveforms", ""),
    "small-pulse": ("`small` with one task", "Table 1"),
    "small-respiration": ("`small` with one task", "Table 1"),
    "bigsmall-concat": ("`fusion=concat`", "Table 6"),
    "bigsmall-lateral": ("`lateral=both`", "Table 6"),
    "bigsmall-big-to-small": ("`lateral=big_to_small`", "Table 6"),
    "bigsmall-small-to-big": ("`lateral=small_to_big`", "Table 6"),
    "bigsmall-grey": ("`big_channels=1`", "Table 7"),
    "bigsmall-convnext": ("`backbone=convnext`", ""),
    "small-tcn": ("convolutions along time, over seconds of 9 x 9 differences", ""),
    "expression-cnn": ("residual convolutions over single Big frames, action units alone", ""),
    "deepphys": ("DeepPhys on 9 x 9 differences", "Table 2"),
    "mtts-can": ("MTTS-CAN on 9 x 9 differences", "Table 2"),
    "drml": ("DRML on Big frames", "Table 2"),
    "alexnet": ("AlexNet on Big frames", "Table 2"),
    "deepphys-36": ("DeepPhys as in the rPPG-Toolbox", ""),
    "deepphys-72": ("DeepPhys as in the rPPG-Toolbox", ""),
    "ts-can-36": ("TS-CAN as in the rPPG-Toolbox", ""),
    "ts-can-72": ("TS-CAN as in the rPPG-Toolbox", ""),
    "mtts-can-36": ("MTTS-CAN as in the rPPG-Toolbox", ""),
    "mtts-can-72": ("MTTS-CAN as in the rPPG-Toolbox", ""),
}

# Colours that stay apart for colour-blind readers and in grey print (Okabe and Ito).
BIG, SMALL, HEAD, OPTION, INK = "#8ECDF0", "#F2B84B", "#7FD1B9", "#CC79A7", "#222222"
ROW_BIG, ROW_SMALL, ROW_HEAD = 5.2, 2.2, 3.7


def main() -> None:
    config = BigSmallConfig()
    mpl.rcParams.update({"font.size": 8, "font.family": "DejaVu Sans", "svg.hashsalt": "physiocam"})
    figure, axes = plt.subplots(figsize=(11.5, 6.2))
    axes.set_xlim(0, 16.4)
    axes.set_ylim(-1.15, 7.4)
    axes.axis("off")
    _big(axes, config)
    _small(axes, config)
    _lateral(axes)
    _fusion_and_heads(axes, config)
    _shift(axes, config.clip_length)
    figure.savefig(FIGURE, bbox_inches="tight", metadata={"Date": None})
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(before + START + "\n".join(_table()) + "\n" + END + after, encoding="utf-8")
    print(f"wrote {FIGURE} and the table of {PAGE}")


def _table() -> list[str]:
    lines = ["| name | what | paper | parameters | MACs a frame (M) |", "|---|---|---|---|---|"]
    for name in preset_names():
        what, row = ROWS[name]
        counted = cost(preset(name))
        lines.append(f"| `{name}` | {what} | {row} | {counted.parameters:,} | {counted.macs_per_frame / 1e6:.2f} |")
    return lines


def _box(axes: Axes, x: float, y: float, width: float, height: float, colour: str, text: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.08", fc=colour, ec=INK, lw=0.8
        )
    )
    axes.text(x + width / 2, y, text, ha="center", va="center", color=INK, linespacing=1.25)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = INK, bend: float = 0.0
) -> None:
    style = "--" if colour == OPTION else "-"
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, color=colour, lw=1.2, ls=style,
            connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip


def _option(axes: Axes, x: float, y: float, text: str, align: str = "center") -> None:
    axes.text(x, y, text, ha=align, va="center", color="#8A2F63", fontsize=7.5, style="italic")


def _big(axes: Axes, config: BigSmallConfig) -> None:
    size = config.big_shape[0]
    layers = config.big_layers
    axes.text(0.1, 7.1, "Big: what the face looks like", weight="bold", color="#1F6E9C", fontsize=10)
    _box(axes, 0.1, ROW_BIG, 1.9, 1.9, "white", f"1 of every M\nframes\nstandardized\n3 x {size} x {size}")
    _option(axes, 1.05, ROW_BIG + 1.2, "big_channels: 3, 1 (grey)")
    x, side = 2.6, size
    for first, pool in ((0, 2), (2, 2), (4, 4)):
        width, height = 2.15, 1.0 + 0.9 * side / size
        after = side // pool
        _arrow(axes, (x - 0.6 if first == 0 else x - 0.45, ROW_BIG), (x, ROW_BIG))
        text = (
            f"conv{first + 1}  {layers[first][0]} → {layers[first][1]}\n"
            f"conv{first + 2}  {layers[first + 1][0]} → {layers[first + 1][1]}\n"
            f"at {side} x {side}\npool {pool} → {after} x {after}"
        )
        _box(axes, x, ROW_BIG, width, height, BIG, text)
        x, side = x + width + 0.45, after
    _arrow(axes, (x - 0.45, ROW_BIG), (x, ROW_BIG))
    _box(axes, x, ROW_BIG, 1.75, 0.9, "white", f"64 x {side} x {side}\nonce for each\nof its M frames")
    _arrow(axes, (x + 0.9, ROW_BIG - 0.45), (12.05, ROW_HEAD + 0.4))


def _small(axes: Axes, config: BigSmallConfig) -> None:
    size = config.small_shape[0]
    axes.text(0.1, 1.1, "Small: how its colour changes", weight="bold", color="#9A6A00", fontsize=10)
    _box(axes, 0.1, ROW_SMALL, 1.9, 1.3, "white", f"all N differences\nnormalized\n3 x {size} x {size}")
    x = 2.6
    for i, (inputs, outputs) in enumerate(config.small_layers, start=1):
        _arrow(axes, (x - (0.6 if i == 1 else 0.24), ROW_SMALL), (x, ROW_SMALL))
        _box(axes, x, ROW_SMALL, 1.76, 1.0, SMALL, f"temporal shift\nconv{i}  {inputs} → {outputs}\nat {size} x {size}")
        x += 2.0
    _arrow(axes, (x - 0.24, ROW_SMALL), (x, ROW_SMALL))
    _box(axes, x, ROW_SMALL, 1.3, 0.7, "white", f"64 x {size} x {size}\na frame")
    _arrow(axes, (x + 1.3, ROW_SMALL + 0.1), (12.05, ROW_HEAD - 0.4))
    _option(axes, 6.5, ROW_SMALL - 0.8, "shift: wrap, zero, none")


def _lateral(axes: Axes) -> None:
    # Both leave behind the second convolution and arrive before the third.
    _arrow(axes, (4.6, ROW_BIG - 0.95), (6.65, ROW_SMALL + 0.5), OPTION, bend=0.0)
    _arrow(axes, (6.25, ROW_SMALL + 0.5), (5.3, ROW_BIG - 0.73), OPTION, bend=0.0)
    _option(axes, 6.5, ROW_HEAD - 0.05, "lateral: none,\nbig_to_small, small_to_big, both", "left")


def _fusion_and_heads(axes: Axes, config: BigSmallConfig) -> None:
    _box(axes, 11.6, ROW_HEAD, 0.9, 0.8, "white", "+")
    _option(axes, 11.45, ROW_HEAD, "fusion:\nsum, concat", "right")
    names = {"au": "action units", "pulse": "pulse", "respiration": "respiration"}
    for task, y in zip(config.tasks, (ROW_HEAD + 1.5, ROW_HEAD, ROW_HEAD - 1.5), strict=True):
        _arrow(axes, (12.5, ROW_HEAD), (13.3, y))
        width = config.map_features
        _box(axes, 13.3, y, 1.75, 0.9, HEAD, f"{width} → {HIDDEN}\n{HIDDEN} → {task.outputs}")
        axes.text(15.15, y, f"{names[task.name]}\nN x {task.outputs}", va="center", color=INK)
    _option(axes, 14.2, ROW_HEAD - 2.3, "tasks: any list")


def _shift(axes: Axes, n: int) -> None:
    """The wrapping shift inside one clip: which frame each channel group comes from."""
    left, top, cell = 12.0, 0.85, 0.42
    axes.text(left - 0.1, top + 0.2, "wrapping temporal shift", weight="bold", color=INK, ha="left")
    rows = ((f"first 1/{FOLD_DIV} of channels", 1), (f"second {1}/{FOLD_DIV}", -1), ("rest", 0))
    for row, (label, step) in enumerate(rows):
        y = top - (row + 1) * cell - 0.05
        axes.text(left - 0.1, y + cell / 2, label, ha="right", va="center", color=INK, fontsize=7)
        for t in range(n):
            source = t + step
            wrapped = not 0 <= source < n
            axes.add_patch(
                Rectangle((left + t * 0.9, y), 0.9, cell, fc=OPTION if wrapped else "#F7E3B5", ec=INK, lw=0.6)
            )
            axes.text(left + (t + 0.5) * 0.9, y + cell / 2, f"frame {source % n}", ha="center", va="center", fontsize=7)
    for t in range(n):
        axes.text(left + (t + 0.5) * 0.9, top - 3 * cell - 0.22, f"at {t}", ha="center", va="center", fontsize=7)
    axes.text(
        left + n * 0.9 + 0.1,
        top - 1.5 * cell - 0.05,
        "shaded: wrapped\n(zero: filled\nwith zeros)",
        va="center",
        fontsize=7,
    )


if __name__ == "__main__":
    main()
