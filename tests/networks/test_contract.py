"""What every network promises, whatever its architecture: the same checks for every name in the registry."""

import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from safetensors.torch import load_file  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss  # noqa: E402

from physiocam.networks.config import NetworkConfig  # noqa: E402
from physiocam.networks.network import Network  # noqa: E402
from physiocam.networks.registry import build, preset, preset_names  # noqa: E402
from physiocam.weights.bundle import load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

# A task with outputs of the whole face and of its halves.
_SIDED = {"name": "au", "kind": "level", "labels": ["AU10", "AU12_R", "AU12", "AU12_L"]}

# The smallest frames that leave each architecture whole, and frames that nothing divides evenly.
SMALLEST: dict[str, dict[str, Any]] = {
    "bigsmall": {"big_size": 32, "small_size": 2},
    "deepphys": {"big_size": 12, "small_size": 12},
    "mtts_can": {"big_size": 12, "small_size": 12},
    "small_tcn": {"small_size": 6, "clip_length": 20},
    "expression_cnn": {"big_size": 17, "tasks": [_SIDED]},
    "drml": {"big_size": 66},
    "alexnet": {"big_size": 63},
}
ODD: dict[str, dict[str, Any]] = {
    "bigsmall": {"big_size": 145, "small_size": 9},
    "deepphys": {"big_size": 37, "small_size": 37},
    "mtts_can": {"big_size": 37, "small_size": 37},
    "small_tcn": {"small_size": 10, "clip_length": 37},
    "expression_cnn": {"big_size": 145},
    "drml": {"big_size": 77},
    "alexnet": {"big_size": 101},
}

pytestmark = pytest.mark.usefixtures("traced_once")


def changed(config: NetworkConfig, changes: dict[str, Any]) -> NetworkConfig:
    return type(config).model_validate({**config.model_dump(), **changes})


def smallest_config(name: str) -> NetworkConfig:
    return changed(preset(name), SMALLEST[preset(name).architecture])


every_network = pytest.mark.parametrize("name", preset_names())

# With the smallest frames, presets that differ in the size of their frames alone are one network.
KINDS = {smallest_config(name): name for name in preset_names()}
every_kind = pytest.mark.parametrize("name", KINDS.values())
# One of each architecture, and what exchanges more between its branches than they do.
ARCHITECTURES = {preset(name).architecture: name for name in reversed(KINDS.values())}
every_architecture = pytest.mark.parametrize(
    "name", [*ARCHITECTURES.values(), "bigsmall-lateral", "bigsmall-concat", "bigsmall-convnext"]
)


@cache
def smallest(name: str) -> Network:
    torch.manual_seed(0)
    return build(smallest_config(name)).eval()


def frames(config: NetworkConfig, clips: int) -> dict[str, Tensor]:
    """Inputs that the network takes, and no others."""
    random = torch.Generator().manual_seed(1)
    inputs = {}
    if config.uses_big:
        inputs["big"] = torch.randn(clips, config.big_frames, 3, config.big_size, config.big_size, generator=random)
    if config.uses_small:
        shape = (clips, config.clip_length, 3, config.small_size, config.small_size)
        inputs["small"] = torch.randn(shape, generator=random)
    return inputs


def answers(network: Network, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    with torch.inference_mode():
        outputs: dict[str, Tensor] = network(**inputs)
    return outputs


def close(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    return bool((found - expected).abs().max() <= tolerance * max(1.0, float(expected.abs().max())))


@every_network
def test_constructs_as_described(name: str) -> None:
    config = preset(name)
    # Shapes alone are computed, so that the full size costs nothing.
    with torch.device("meta"):
        network = build(config).eval()
        outputs = network(**{key: x.to("meta") for key, x in frames(config, 1).items()})
    assert network.config == config
    assert [(key, tuple(x.shape)) for key, x in network.state_dict().items()] == list(config.tensor_shapes().items())
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {
        task.name: (1, config.clip_length, task.outputs) for task in config.tasks
    }


@every_kind
def test_trains_a_step(name: str) -> None:
    network = deepcopy(smallest(name)).train()
    before = deepcopy(network.state_dict())
    outputs = network(**frames(network.config, 2))
    losses = []
    for task in network.config.tasks:
        loss = binary_cross_entropy_with_logits if task.kind == "binary" else mse_loss
        losses.append(loss(outputs[task.name], torch.ones_like(outputs[task.name])))
    torch.stack(losses).sum().backward()
    torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.0).step()
    for key, parameter in network.named_parameters():
        assert parameter.isfinite().all(), key
        assert not torch.equal(parameter, before[key]), f"{key} has no part in the answers"


@every_kind
def test_saves_and_loads_as_a_bundle(name: str, tmp_path: Path) -> None:
    network = smallest(name)
    export_bundle({"one": network}, tmp_path / "b", name="b", about=BundleAbout("a test", "none"), fs=25.0)
    bundle = load_bundle(tmp_path / "b")
    (entry,) = bundle.info.networks
    again = build(entry.config).eval()
    again.load_state_dict(load_file(bundle.folder / entry.weights))
    runtime = Runtime(bundle, threads=1)
    for clips in (1, 5):
        inputs = frames(network.config, clips)
        expected = answers(network, inputs)
        unused = {key: np.zeros((clips, 0), np.float32) for key in ("big", "small") if key not in inputs}
        on_runtime = runtime.run(**{key: x.numpy() for key, x in inputs.items()}, **unused)
        assert list(on_runtime) == list(expected)
        for task, output in answers(again, inputs).items():
            assert torch.equal(output, expected[task])
            assert close(torch.from_numpy(on_runtime[task]), expected[task], 1e-5)


@every_architecture
def test_compiles_whole(name: str) -> None:
    network = smallest(name)
    inputs = frames(network.config, 2)
    torch.compiler.reset()
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    for task, output in answers(network, inputs).items():
        assert close(answers(compiled, inputs)[task], output, 1e-6)


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler, which this backend needs")
def test_compiles_to_machine_code() -> None:
    network = smallest("small")
    inputs = frames(network.config, 2)
    torch.compiler.reset()
    # Workers that compile side by side take longer to start than this network takes to compile.
    compiled = torch.compile(network, fullgraph=True, options={"compile_threads": 1})
    for task, output in answers(network, inputs).items():
        assert close(answers(compiled, inputs)[task], output, 1e-5)


@every_network
def test_takes_odd_sizes_and_other_clips_which_do_not_see_each_other(name: str) -> None:
    config = preset(name)
    other = {"clip_length": 4, "big_stride": 1 if config.big_stride == 1 else 2}
    torch.manual_seed(0)
    network = build(changed(config, ODD[config.architecture] | other)).eval()
    inputs = frames(network.config, 2)
    together = answers(network, inputs)
    alone = answers(network, {key: x[1:] for key, x in inputs.items()})
    for task in config.tasks:
        assert together[task.name].shape == (2, 4, task.outputs)
        assert close(together[task.name][1:], alone[task.name], 1e-5)


@every_kind
def test_works_in_half_precision(name: str) -> None:
    network = smallest(name)
    inputs = frames(network.config, 1)
    half = answers(deepcopy(network).bfloat16(), {key: x.bfloat16() for key, x in inputs.items()})
    for task, output in answers(network, inputs).items():
        assert half[task].dtype == torch.bfloat16
        assert close(half[task].float(), output, 0.05)


@every_kind
@pytest.mark.parametrize("missing", ["big", "small"])
def test_says_which_input_is_missing(name: str, missing: str) -> None:
    network = smallest(name)
    inputs = frames(network.config, 1)
    if inputs.pop(missing, None) is None:
        assert answers(network, inputs)
    else:
        with pytest.raises(ValueError, match=f"{missing} is None"):
            answers(network, inputs)
