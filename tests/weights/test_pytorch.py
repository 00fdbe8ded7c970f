"""A bundle's networks in PyTorch answer like its graphs do."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import BundleError
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime, mean_of_networks

torch = pytest.importorskip("torch")


def test_they_answer_like_the_runtime() -> None:
    from physiocam.weights.pytorch import load_networks

    bundle = load_bundle("default")
    networks = load_networks(bundle)
    assert list(networks) == [entry.name for entry in bundle.info.networks]
    random = np.random.default_rng(0)
    big = random.standard_normal((2, 1, 3, 144, 144)).astype(np.float32)
    small = random.standard_normal((2, 3, 3, 9, 9)).astype(np.float32)
    expected = Runtime(bundle, threads=1).run(big, small)
    assert not any(network.training for network in networks.values())
    answers: dict[str, list[NDArray[np.float32]]] = {}
    with torch.inference_mode():
        for network in networks.values():
            for task, answer in network(torch.from_numpy(big), torch.from_numpy(small)).items():
                answers.setdefault(task, []).append(answer.numpy())
    assert set(answers) == set(expected)
    for task, outputs in answers.items():
        np.testing.assert_allclose(mean_of_networks(outputs), expected[task], rtol=1e-3, atol=1e-4)


def test_weights_that_changed_under_a_loaded_bundle_are_refused(tmp_path: Path) -> None:
    from physiocam.weights.pytorch import load_networks

    bundle = load_bundle("default")
    copied = replace(bundle, folder=Path(copytree(bundle.folder, tmp_path / "copy")))
    weights = copied.folder / bundle.info.networks[0].weights
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BundleError, match="import the bundle again"):
        load_networks(copied)
