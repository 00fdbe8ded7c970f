"""Networks in PyTorch answer as ONNX Runtime does, whatever the device and the batch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("zarr")

from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.evaluation import device_runtime  # noqa: E402
from physiocam.evaluation.device_runtime import DeviceRuntime  # noqa: E402
from physiocam.foundation.frame_sizes import height_width  # noqa: E402
from physiocam.weights.bundle import load_bundle  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402


@pytest.mark.parametrize("part", ["joint", "slow", "memory"])
def test_every_network_of_the_default_bundle(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two calls, of which the second is smaller.
    monkeypatch.setattr(device_runtime, "DEVICE_CLIPS", 2)
    bundle = load_bundle()
    info = bundle.info if part == "joint" else getattr(bundle.info, part)
    random = np.random.default_rng(0)
    clips, phases = 3, 2
    strides = info.clip_length // bundle.info.big_stride if part == "joint" else 0
    big = random.standard_normal((clips, strides, 3, *height_width(info.big_size)), np.float32)
    small = random.standard_normal((clips, phases, info.clip_length, 3, *height_width(info.small_size)), np.float32)
    expected = Runtime(bundle, 1, info.networks).run_phases(big, small)
    found = DeviceRuntime(bundle, info.networks, "cpu").run_phases(big, small)
    assert found.keys() == expected.keys()
    for task, output in expected.items():
        assert found[task].shape == output.shape
        assert np.abs(found[task] - output).max() <= 1e-4 * max(1.0, np.abs(output).max())


def test_a_device_that_is_not_there_is_one_line() -> None:
    bundle = load_bundle()
    with pytest.raises(PhysiocamError, match="no device 'quantum'") as caught:
        DeviceRuntime(bundle, bundle.info.networks, "quantum")
    assert len(str(caught.value).splitlines()) == 1
