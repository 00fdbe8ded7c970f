"""Parts of the scripts that train the default bundle's network of expressions."""

import copy
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from physiocam.networks.expression_cnn import ExpressionCnn  # noqa: E402
from physiocam.networks.expression_config import ExpressionCnnConfig  # noqa: E402

SCRIPTS = Path(__file__).parents[2] / "scripts" / "default_bundle"


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module(name)


def test_normalization_is_folded_into_the_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    normalization = script("normalization", monkeypatch)
    torch.manual_seed(0)
    plain = ExpressionCnn(ExpressionCnnConfig(big_size=32))
    network = copy.deepcopy(plain)
    normalization.normalize(network.stages)
    network.train()
    for _ in range(3):
        network.features(3 * torch.randn(8, 3, 32, 32) + 1)
    network.eval()
    frames = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        expected = network.features(frames)
        normalization.fold(network.stages)
        assert list(network.state_dict()) == list(plain.state_dict())
        torch.testing.assert_close(network.features(frames), expected, atol=1e-5, rtol=1e-4)
        assert not torch.allclose(plain.features(frames), expected, atol=0.1)


def test_landmarks_move_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    augmentation = script("augmentation", monkeypatch)
    # Nothing is put around the faces: a dot alone is to be found again.
    monkeypatch.setattr(augmentation, "_surrounded", lambda image: image)
    crops = np.zeros((12, 172, 172, 3), np.uint8)
    crops[:, 99:103, 59:63] = 255
    torch.manual_seed(1)
    seen = augmentation.moved(crops, stretch=0.1)
    assert 0 < int(seen.flipped.sum()) < 12
    # The dot's middle is between pixels 100 and 101 down, 60 and 61 across.
    places = torch.tensor([61.0, 101.0]).div(172 / 2).sub(1).expand(12, 1, 2)
    for frame, (place,) in zip(seen.frames, seen.points(places), strict=True):
        weight = frame.mean(0)
        grid = (torch.arange(144) + 0.5) / 72 - 1
        found = torch.stack([(weight.sum(0) * grid).sum(), (weight.sum(1) * grid).sum()]) / weight.sum()
        torch.testing.assert_close(place, found, atol=0.01, rtol=0)
