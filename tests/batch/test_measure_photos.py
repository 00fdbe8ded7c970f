"""Photographs of any size: one row each; what cannot be read never stops the others."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam.batch.measure_photos import measure_photos
from physiocam.cli import app
from physiocam.errors import PhysiocamError, VideoError
from physiocam.measuring.measure import measure

image = pytest.importorskip("PIL.Image")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, size in (("a10.png", (48, 64)), ("a9.png", (60, 60)), ("more/b.jpg", (80, 50))):
        image.fromarray(rng.integers(0, 256, (*size, 3)).astype(np.uint8)).save(folder / name)
    (folder / "broken.png").write_text("no image")
    return folder


def test_one_row_each(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = CliRunner().invoke(app, ["photos", str(photos), "-o", str(out), "--face", "center", "--threads", "1"])
    assert answer.exit_code == 1
    assert "4 photos, a face in 3 of them" in answer.output
    with (out / "photos.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["photo"]).name for row in rows] == ["a9.png", "a10.png", "broken.png", "b.jpg"]
    assert [(row["face_x"], row["face_y"], row["face_size"]) for row in rows][:2] == [
        ("0", "0", "60"),
        ("8", "0", "48"),
    ]
    assert 0 <= float(rows[0]["AU12_p"]) <= 1
    assert rows[0]["AU12_c"] == str(int(float(rows[0]["AU12_p"]) >= 0.5))
    assert "cannot be read as an image" in rows[2]["error"]
    assert rows[2]["AU12_p"] == ""


def test_a_photograph_without_a_face_has_no_units(photos: Path) -> None:
    (found,) = measure_photos(photos / "a9.png", threads=1)
    assert (found.probability, found.square, found.notes) == ({}, None, ("no face was found",))


def test_what_cannot_be_measured_is_refused(photos: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(PhysiocamError, match="holds no image"):
        measure_photos(empty)
    with pytest.raises(PhysiocamError, match="photographs have no pulse"):
        measure_photos(photos, method="pos")
    (photos / "broken.png").unlink()
    with pytest.raises(VideoError, match="single photographs: physiocam photos"):
        measure(photos, fs=10.0, face="center")
