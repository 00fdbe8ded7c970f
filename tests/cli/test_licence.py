"""Naming the licence of weights that restricts their use."""

import json
from pathlib import Path

import pytest

from physiocam.cli.licence import name_licence
from physiocam.weights.bundle import load_bundle


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_licence_of_the_default_weights_is_named_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name_licence("default")
    first = capsys.readouterr()
    assert first.out == ""
    assert "physiocam weights show default" in first.err
    name_licence("default")
    assert capsys.readouterr().err == ""


def test_where_nothing_can_be_written_it_is_named_each_time(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.write_text("a file where the folder should be")
    for _ in range(2):
        name_licence("default")
        assert "licence" in capsys.readouterr().err


def test_a_bundle_without_a_licence_of_its_own_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    default = load_bundle().folder
    other = tmp_path / "other"
    other.mkdir()
    for file in default.iterdir():
        if file.name != "LICENSE":
            (other / file.name).write_bytes(file.read_bytes())
    name_licence(str(other))
    assert capsys.readouterr().err == ""
    assert "licence_text" not in json.loads(load_bundle(other).describe())


def test_the_licence_is_shown_and_restricts_use() -> None:
    bundle = load_bundle()
    shown = json.loads(bundle.describe())
    assert shown["licence"] == "LicenseRef-physiocam-weights-1.0"
    text = "\n".join(shown["licence_text"])
    assert f"SPDX: {shown['licence']}" in text
    for forbidden in ("did not agree", "diagnose", "hiring", "lies", "identify"):
        assert forbidden in text
