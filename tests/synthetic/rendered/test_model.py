"""The folder of the face model: what is read of it, and what is said where it is not the model."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from physiocam.errors import DatasetError
from physiocam.synthetic.rendered.model import CHART_SHAPE, FaceModel, chart_places


def test_the_chart_shows_the_places_that_its_pixels_stand_for(made_up: Path) -> None:
    model = FaceModel.load(made_up)
    assert model.chart.shape == (*CHART_SHAPE, 3)
    rows, columns = np.mgrid[40:300:20, 40:500:20]
    expected = np.stack([rows, columns], axis=-1)
    np.testing.assert_allclose(chart_places(model.chart[rows, columns]), expected, atol=0.6)
    # On the ball, whose surface is known.
    x, y, z = model.chart[200, 272]
    assert (x / 8) ** 2 + ((y - 1.5) / 12) ** 2 + (z / 12.4) ** 2 == pytest.approx(1, abs=0.02)


def test_triangles_belong_to_parts(made_up: Path) -> None:
    model = FaceModel.load(made_up)
    eyes = model.triangles_of("eyes")
    assert len(eyes)
    assert (model.vertices[eyes.ravel(), 2] > 7).all()
    assert len(model.triangles_of("teeth")) == 0


def test_a_folder_that_is_not_the_model_is_named_in_one_line(made_up: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no mesh\.npz, expected a folder with the light model") as error:
        FaceModel.load(tmp_path)
    assert "\n" not in str(error.value)
    for name in ("mesh.npz", "expressions.npz", "identities.npz"):
        shutil.copy(made_up / name, tmp_path)
    np.savez(tmp_path / "mesh.npz", vertices=np.zeros((9, 3)), quads=np.zeros((2, 4), np.uint16))
    with pytest.raises(DatasetError, match="holds a mesh of 9 vertices"):
        FaceModel.load(tmp_path)
    half = (made_up / "mesh.npz").read_bytes()
    for content in (b"not a zip archive", half[: len(half) // 2], b""):
        (tmp_path / "mesh.npz").write_bytes(content)
        with pytest.raises(DatasetError, match="cannot be read as the face model"):
            FaceModel.load(tmp_path)


def test_a_missing_shape_is_named(made_up: Path, tmp_path: Path) -> None:
    for name in ("mesh.npz", "identities.npz"):
        shutil.copy(made_up / name, tmp_path)
    np.savez(tmp_path / "expressions.npz", names=np.array(["jawOpen"]), offsets=np.zeros((1, 26719, 3), np.float16))
    with pytest.raises(DatasetError, match="has no shape 'browDown_L'"):
        FaceModel.load(tmp_path)
