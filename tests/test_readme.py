"""The README's commands: they exist, take the options shown, and the test command is what CI runs."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from physiocam.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    command.strip()
    for block in BLOCKS
    for line in block.splitlines()
    for command in line.split("&&")
    if command.strip().startswith("physiocam ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command: str) -> None:
    # Help comes only after all other words have been understood.
    result = CliRunner().invoke(app, [*shlex.split(command)[1:], "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    assert CliRunner().invoke(app, ["measure", "x.mp4", "--no-such-option", "--help"]).exit_code != 0


def test_the_two_commands_of_a_fresh_machine_are_there() -> None:
    demo = re.search(r"<!-- demo command -->\n```sh\n(.*?)\n```", README)
    test = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```", README)
    assert demo is not None
    assert "physiocam demo" in demo[1]
    assert test is not None
    assert test[1].endswith("python -m pytest -n auto")
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_every_page_it_points_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).is_file(), target
