"""A made-up face model: balls for the head and the eyes, in files like the real one's."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.synthetic.rendered.expressions import OTHERS, TALKING
from physiocam.synthetic.rendered.units import ACTIVE_SHAPES

VERTICES = 26719
_EYES = 21451
_LASHES = 25351
_LIPS = 9000
_GRID = (36, 48)


def _ball(radii: tuple[float, float, float], centre: tuple[float, float, float]) -> NDArray[np.float64]:
    up = np.linspace(np.pi / 2, -np.pi / 2, _GRID[0])[:, None]
    round_ = np.linspace(-np.pi, np.pi, _GRID[1])[None]
    points = np.stack([np.cos(up) * np.sin(round_), np.sin(up) + 0 * round_, np.cos(up) * np.cos(round_)], axis=-1)
    return points.reshape(-1, 3) * radii + centre


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model whose shapes move a few places only."""
    folder = tmp_path_factory.mktemp("model")
    vertices = np.zeros((VERTICES, 3), dtype=np.float32)
    rows, columns = _GRID
    index = np.arange(rows * columns).reshape(_GRID)
    grid = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    vertices[: rows * columns] = _ball((8.0, 12.0, 12.4), (0.0, 1.5, 0.0))
    quads = [grid]
    for number, side in enumerate((3.156, -3.156)):
        begin = _EYES + number * rows * columns
        vertices[begin : begin + rows * columns] = _ball((1.5, 1.5, 1.5), (side, 3.6, 9.9))
        quads.append(grid + begin)
    # Hardly seen: lashes.
    vertices[_LASHES : _LASHES + 3] = (2.0, 4.0, 11.4), (2.1, 4.0, 11.4), (2.0, 4.1, 11.4)
    quads.append(np.array([[_LASHES, _LASHES + 1, _LASHES + 2, _LASHES + 2]]))
    # The edges of the lips; the jaw moves the lower one.
    vertices[_LIPS], vertices[_LIPS + 1] = (0.0, -3.2, 11.8), (0.0, -3.3, 11.8)
    others = {name for shapes in (*OTHERS, *(shapes for _, _, shapes in TALKING)) for name in shapes}
    names = sorted(ACTIVE_SHAPES | others)
    offsets = np.zeros((len(names), VERTICES, 3), dtype=np.float16)
    offsets[names.index("jawOpen"), _LIPS + 1] = (0.0, -3.0, 0.0)
    face = vertices[: rows * columns]
    for side, shape in ((1.0, "L"), (-1.0, "R")):
        mouth = np.exp(-0.5 * (((face[:, 0] - side * 2.6) / 1.5) ** 2 + ((face[:, 1] + 3.5) / 1.5) ** 2))
        offsets[names.index(f"mouthSmile_{shape}"), : rows * columns, 1] = mouth * (face[:, 2] > 0)
    identities = np.zeros((2, VERTICES, 3), dtype=np.float16)
    identities[0, : rows * columns, 0] = 0.03 * face[:, 0]
    np.savez(folder / "mesh.npz", vertices=vertices, quads=np.concatenate(quads).astype(np.uint16))
    np.savez_compressed(folder / "expressions.npz", names=np.array(names), offsets=offsets)
    np.savez_compressed(folder / "identities.npz", offsets=identities)
    return folder
