"""Rendered people in the layouts of data sets, also from the command line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout
from physiocam.synthetic.people import RenderedPeople

TINY = SceneSettings(duration_s=1.0, height=48, width=64, expressions=60.0)


def test_a_layout_holds_the_units_that_only_rendered_faces_show(made_up: Path, tmp_path: Path) -> None:
    people = RenderedPeople(made_up)
    for seed in range(20):
        scene = people.scene(seed, replace(TINY, fs=20.0, seed=seed))
        if scene.expressions.intensity("AU26").any():
            break
    assert scene.expressions.intensity("AU26").max() > 0
    assert scene.expressions.intensity("AU25").max() > 0
    assert not scene.expressions.intensity("AU09").any()
    (truth,) = write_layout("disfa", tmp_path / "set", 1, settings=TINY, people=people)
    (entry,) = open_dataset("disfa", tmp_path / "set").entries()
    codes = entry.load().action_units
    assert codes is not None
    assert truth.action_units is not None
    np.testing.assert_array_equal(codes.occurrence, truth.action_units.occurrence)


def test_the_command_line_renders_people(made_up: Path, tmp_path: Path) -> None:
    command = ["data", "generate", "folder", str(tmp_path / "set"), "--recordings", "1", "--seconds", "1"]
    rendered = [*command, "--size", "64x48", "--people", "rendered"]
    refused = CliRunner().invoke(app, rendered)
    assert isinstance(refused.exception, DatasetError)
    assert "name it (--face-model)" in str(refused.exception)
    done = CliRunner().invoke(app, [*rendered, "--face-model", str(made_up)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "set" / "S001_T1.mp4").is_file()
