"""What benchmarks and scripts keep between runs is of the same recipe and code, or made anew."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.foundation.provenance import keep_file

SCRIPTS = Path(__file__).parents[1] / "scripts" / "default_bundle"


def test_a_file_is_kept_as_long_as_nothing_of_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "clip.npz"
    made: list[int] = []

    def make(beside: Path) -> None:
        made.append(1)
        np.savez(beside, x=len(made))

    def again(made_with: dict[str, Any]) -> int:
        keep_file(path, made_with, make)
        return len(made)

    assert [again({"seed": 1}), again({"seed": 1}), again({"seed": 2}), again({"seed": 2})] == [1, 1, 2, 2]
    path.write_text("damaged")
    assert again({"seed": 2}) == 3
    # What lay there before there were records is not trusted.
    (tmp_path / "deep" / "clip.npz.json").unlink()
    assert again({"seed": 2}) == 4


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of videos that benchmarks write."""
    paths: list[str] = []

    def write(path: Path, *_: object) -> None:
        paths.append(path.suffix)
        path.write_bytes(b"video")

    for writer in ("accuracy.write_video", "lifeless.write_film"):
        monkeypatch.setattr(writer, write)
    return paths


def test_a_drawn_recording_is_drawn_anew_when_it_or_the_code_that_draws_changes(
    tmp_path: Path, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracy = pytest.importorskip("accuracy")
    entry, factors = accuracy.recording(0)
    entry = replace(entry, settings=replace(entry.settings, duration_s=0.2, height=64, width=64))
    other = replace(entry, settings=replace(entry.settings, noise=9.0))
    counts = []
    for one in (entry, entry, other, other):
        accuracy.film(tmp_path / "000.mp4", one, factors)
        counts.append(len(written))
    monkeypatch.setattr("films._package_digest", lambda: "another")
    accuracy.film(tmp_path / "000.mp4", other, factors)
    assert [*counts, len(written)] == [1, 1, 2, 2, 3]


def test_another_photograph_of_the_same_name_is_filmed(tmp_path: Path, written: list[str]) -> None:
    lifeless = pytest.importorskip("lifeless")
    image = pytest.importorskip("PIL.Image")
    counts = []
    for grey in (10, 10, 20):
        image.fromarray(np.full((32, 32, 3), grey, np.uint8)).save(tmp_path / "face.png")
        scene = lifeless.FilmedPicture(lifeless.Picture("photograph", tmp_path / "face.png"), 1.0, 25.0)
        lifeless.make(lifeless.Film(tmp_path / "videos" / "face.mp4", scene, 25.0, lifeless.h264(20)))
        counts.append(len(written))
    assert counts == [1, 1, 2]


def test_a_stage_of_the_default_bundle_is_trained_for_its_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("torch", "cv2", "h5py", "scipy"):
        pytest.importorskip(module)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    stage = runpy.run_path(str(SCRIPTS / "train_default_bundle.py"), run_name="script")["_stage"]
    trained: list[int] = []

    def train() -> tuple[dict[str, Any], dict[str, Any]]:
        trained.append(1)
        return {}, {"run": len(trained)}

    runs = [stage(tmp_path / "big.pt", {"epochs": epochs}, train)[1]["run"] for epochs in (1, 1, 2, 2)]
    assert runs == [1, 1, 2, 2]
