"""Writes docs/gallery.md from the examples' docstrings and code, and draws their pictures.

    python scripts/pages/gallery.py
    python scripts/pages/gallery.py --page      # the page alone

The pictures are of a drawn person, and need the extras `pandas` and `report`.
"""

import ast
import contextlib
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

ROOT = Path(__file__).parents[2]
EXAMPLES, PAGE, PICTURES = ROOT / "examples", ROOT / "docs" / "gallery.md", ROOT / "docs" / "gallery"

# In the order of the page.
TITLES = {
    "measure_a_video": "Measure a video",
    "plot_a_measurement": "Plot it",
    "action_units_as_table": "Action units as a table",
    "heart_rate_variability": "Heart-rate variability",
    "folder_to_one_table": "A folder into one table",
    "overlay_with_truth": "Sensors and coders beside it",
    "read_results_again": "Read results again",
    "webcam_with_opencv": "A webcam with OpenCV",
    "stream_from_array": "Frames of your own program",
    "own_face_locator": "Your own face locator, settings and devices",
    "own_classical_method": "Your own pulse method",
    "own_bundle": "Your own weights",
    "train_on_own_recordings": "Train on your own recordings",
    "compare_two_bundles": "Compare two bundles",
}

# The pictures that examples write, by what they are called in their commands, and what is to be seen.
DRAWN = {
    "plot_a_measurement": ("measurement.png", "Waveforms, rates along a recording, and action units"),
    "action_units_as_table": ("action_units.png", "The four most active units, second by second"),
}

_INTRODUCTION = """\
# Gallery

Short programs, each for one thing. They are in `examples/` of the repository, and the tests run the commands below.
(This page is made by `scripts/pages/gallery.py`; change the examples, not the page.)
"""

_NOTEBOOKS = """\
## Notebooks

Two longer examples are notebooks in Python format: `examples/notebooks/first_measurement.py` measures one clip in
detail, and `examples/notebooks/own_recordings_to_results.py` goes from a folder of recordings to errors against a
sensor and one long table. Jupyter opens them if [jupytext](https://jupytext.readthedocs.io) is installed;
`jupytext --to ipynb first_measurement.py` makes an ordinary notebook.
"""


def page() -> str:
    """Return the page; its code is inserted when the site is built."""
    return "\n".join([_INTRODUCTION, *(_section(name) for name in TITLES), _NOTEBOOKS])


def _section(name: str) -> str:
    content = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(content)
    said = ast.get_docstring(tree) or ""
    parts = [f"## {TITLES[name]}", *_blocks(said)]
    if name in DRAWN:
        file, seen = DRAWN[name]
        parts.append(f"![{seen}](gallery/{file})")
    # The code after the docstring, which is shown above.
    code = "\n".join(content.splitlines()[tree.body[1].lineno - 1 :])
    parts.append(f"```python\n{code}\n```")
    return "\n\n".join(parts) + "\n"


def _blocks(docstring: str) -> Iterator[str]:
    """The paragraphs of a docstring, with its commands and files as blocks of their kind."""
    for paragraph in docstring.split("\n\n"):
        if not paragraph.startswith("    "):
            yield paragraph
            continue
        block = "\n".join(line.removeprefix("    ") for line in paragraph.splitlines())
        yield f"```{'sh' if block.startswith('python ') else 'toml'}\n{block}\n```"


def draw() -> None:
    """Run the examples that draw, on a drawn person who makes faces."""
    settings = SceneSettings(duration_s=40.0, width=480, height=360, expressions=20.0, weakest=0.7)
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        write_layout("folder", "drawn", 1, seed=5, settings=settings)
        (video,) = Path("drawn").glob("*.mp4")
        video.rename("interview.mp4")
        PICTURES.mkdir(exist_ok=True)
        for name, (file, _) in DRAWN.items():
            told = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))) or ""
            (command,) = (line.split() for line in told.splitlines() if line.startswith("    python examples/"))
            sys.argv = command[1:]
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
            with Image.open(file) as image:
                image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(PICTURES / file, optimize=True)
            print(f"drew {PICTURES / file}")


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
    if "--page" not in sys.argv:
        draw()


if __name__ == "__main__":
    main()
