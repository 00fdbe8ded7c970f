"""Help pages that fit the terminal and speak plainly, hints for what was mistyped, and options called as they are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from physiocam.cli import app
from physiocam.cli.console import in_options, name_options
from physiocam.cli.help import _no_command


def commands() -> Iterator[tuple[str, ...]]:
    def below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, each in getattr(command, "commands", {}).items():
            yield from below(each, (*path, name))

    yield from below(get_command(app), ())


def page(command: tuple[str, ...], option: str, columns: int = 80) -> str:
    result = CliRunner().invoke(app, [*command, option], env={"COLUMNS": str(columns)})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_page_is_plain_and_fits(command: tuple[str, ...]) -> None:
    text = page(command, "--help")
    assert page(command, "-h") == text
    assert text.startswith("Usage: ")
    for sign in ("<", ">", "{", "}", "[[", "list[", "None"):
        assert sign not in text
    for columns in (40, 60, 80):
        lines = page(command, "-h", columns).splitlines()
        assert max(map(len, lines)) <= columns


def test_every_option_says_what_it_takes() -> None:
    def params(command: Any) -> Iterator[Any]:
        yield from command.params
        for each in getattr(command, "commands", {}).values():
            yield from params(each)

    for param in params(get_command(app)):
        assert param.help, param.name
        assert param.param_type_name == "argument" or param.is_flag or param.metavar, param.name


def test_usage_names_arguments_once() -> None:
    assert page(("measure",), "-h").splitlines()[0].endswith("measure [OPTIONS] VIDEO...")
    assert page(("train",), "-h").splitlines()[0].endswith("train [OPTIONS] [CONFIG]")
    assert "  -o, --output FOLDER  " in page(("measure",), "-h")
    assert "[default: network]" in page(("measure",), "-h")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clip.mp4"], "'clip.mp4' is not a command; to measure a video: physiocam measure clip.mp4"),
        (["a b.mov", "c.avi", "--json"], "physiocam measure 'a b.mov' c.avi --json"),
        (["mesure", "a.mp4"], "did you mean 'measure'?"),
        (["nonsense"], "expected one of measure, live, demo"),
        (["store", "inf"], "did you mean 'info'?"),
        (["measure", "a.mp4", "--ouput", "x"], "--output"),
    ],
)
def test_what_was_meant_is_said(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_a_folder_of_videos_is_hinted_at_with_a_place_for_the_results(tmp_path: Path) -> None:
    assert _no_command([str(tmp_path)], ["measure"], within=False).endswith(f"measure {tmp_path} -o results")
    assert _no_command([str(tmp_path), "-o", "x"], ["measure"], within=False).endswith(f"measure {tmp_path} -o x")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("a folder has no frame rate; pass fs=, its frames per second", "a folder has no frame rate; pass --fs, its"),
        ("pass the rate as fs=", "pass the rate as --fs"),
        ("fs is -1; expected more", "--fs is -1; expected more"),
        ("settings='fast'; expected default", "--settings 'fast'; expected default"),
        ("moments is 99; expected", "--frames is 99; expected"),
        ("take another name, or pass overwrite=True", "take another name, or pass --overwrite"),
        # Not: names of files, other settings, other programs' words, the file's own rate.
        ("'my fs=30.mp4' is empty", "'my fs=30.mp4' is empty"),
        ("prepare with --set fs=3", "prepare with --set fs=3"),
        ("'a.mkv' cannot be measured: fs is 0.02", "'a.mkv' cannot be measured: fs is 0.02"),
        ("this needs offs=3", "this needs offs=3"),
    ],
)
def test_errors_name_options_not_arguments(message: str, said: str) -> None:
    name_options({"fs": "--fs", "settings": "--settings", "moments": "--frames", "overwrite": "--overwrite"})
    assert in_options(message).startswith(said)


def physiocam(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "physiocam", *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_folder_of_images_without_a_rate_asks_for_the_option(tmp_path: Path) -> None:
    for index in range(3):
        Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(tmp_path / f"{index}.png")
    answer = physiocam("measure", tmp_path)
    assert answer.returncode == 1
    assert "--fs" in answer.stderr
    assert "fs=" not in answer.stderr


def test_what_is_piped_is_not_folded_nor_coloured(tmp_path: Path) -> None:
    folder = tmp_path / ("a-long-name-" * 8)
    folder.mkdir()
    for index in range(3):
        Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(folder / f"{index}.png")
    answer = physiocam("measure", folder, "--fs", 30, "-o", tmp_path / "out", TERM="dumb")
    assert answer.returncode == 0, answer.stderr
    assert str(folder) in answer.stdout
    assert "heart rate      not measured: no face was found" in answer.stdout
    assert "\x1b" not in answer.stdout
