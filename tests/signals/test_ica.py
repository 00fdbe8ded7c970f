import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.ica import jade


def sources(samples: int = 5000) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    time = np.arange(samples)
    found = np.stack([np.sin(0.13 * time), random.uniform(-1, 1, samples), random.laplace(size=samples)])
    found -= found.mean(axis=1, keepdims=True)
    return np.asarray(found / found.std(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_jade_separates_mixed_sources(seed: int) -> None:
    true = sources()
    separated = jade(np.random.default_rng(seed).normal(size=(3, 3)) @ true)
    agreement = np.abs(separated @ true.T) / true.shape[1]
    # Each source once, in some order and with some sign.
    np.testing.assert_allclose(np.sort(agreement.max(axis=0)), 1.0, atol=0.02)
    assert sorted(agreement.argmax(axis=0)) == [0, 1, 2]


def test_jade_answers_hardly_depend_on_where_it_starts() -> None:
    true = sources(300)
    one = jade(true)
    other = jade(np.array([[1.0, 2.0, 0.5], [0.1, -1.0, 0.3], [0.7, 0.2, 3.0]]) @ true)
    np.testing.assert_allclose(np.sort(np.abs(one @ other.T / 300).max(axis=0)), 1.0, atol=1e-6)


def test_jade_drops_what_depends_on_other_channels() -> None:
    true = sources()[:2]
    separated = jade(np.stack([true[0], true[1], true[0] + 2 * true[1]]))
    assert separated.shape == true.shape
    assert np.isfinite(separated).all()
