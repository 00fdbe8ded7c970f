"""A bundle without graphs, of small networks, a recording of noise, and measurements without a recording."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.networks.config import NetworkConfig
from physiocam.weights.bundle import Bundle, BundleInfo, NetworkEntry

MakeBundle = Callable[[Mapping[str, NetworkConfig]], Bundle]


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Makes a bundle of freshly drawn networks, by name, each with weights of its own."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from physiocam.networks.registry import build

    def make(configs: Mapping[str, NetworkConfig]) -> Bundle:
        entries = []
        for name, config in configs.items():
            torch.manual_seed(sum(name.encode()))
            save_file(build(config).state_dict(), tmp_path / f"{name}.safetensors")
            entries.append(
                NetworkEntry(
                    name=name,
                    config=config,
                    weights=f"{name}.safetensors",
                    weights_sha256="0" * 64,
                    onnx=f"{name}.onnx",
                    onnx_sha256="0" * 64,
                )
            )
        info = BundleInfo(name="drawn", description="", licence="", fs=30.0, networks=tuple(entries))
        return Bundle(tmp_path, info, "0" * 64)

    return make


@pytest.fixture(scope="session")
def noise() -> NDArray[np.uint8]:
    """60 frames of noise around colours of their own, so that each can be told from all others."""
    random = np.random.default_rng(0)
    frames = random.integers(0, 60, (60, 48, 64, 3))
    return (frames + 3 * np.arange(60)[:, None, None, None]).astype(np.uint8)
