"""The networks against the reference's answers on fixed inputs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from physiocam.networks.baseline_configs import DeepPhysConfig, MttsCanConfig  # noqa: E402
from physiocam.networks.config import PULSE, BigSmallConfig, NetworkConfig  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402
from physiocam.networks.temporal_shift import TemporalShift  # noqa: E402
from physiocam.weights.importer import read_checkpoint  # noqa: E402


def clips(array: np.ndarray, n: int = 3) -> Tensor:
    frames: Tensor = torch.from_numpy(array)
    return frames.reshape(-1, n, *frames.shape[1:])


def close(ours: Tensor, golden: np.ndarray, relative: float = 1e-5) -> None:
    error = np.abs(ours.detach().flatten(0, 1).numpy() - golden).max()
    assert error <= relative * np.abs(golden).max()


@pytest.mark.parametrize(("mode", "prefix"), [("wrap", "wtsm"), ("zero", "tsm")])
@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("channels", [3, 7, 32, 64])
def test_shift_is_exact(shared: Path, mode: str, prefix: str, n: int, channels: int) -> None:
    golden = np.load(shared / "golden" / "shift_modules.npz")
    x = torch.from_numpy(golden[f"x_n{n}_c{channels}"])
    ours = TemporalShift(n, channels, mode)(x)  # type: ignore[arg-type]
    np.testing.assert_array_equal(ours.numpy(), golden[f"{prefix}_n{n}_c{channels}"])


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize(("kind", "task"), [("Big_AU", "au"), ("Small_Heart", "pulse"), ("Small_Resp", "respiration")])
def test_single_task_checkpoints(shared: Path, kind: str, task: str, split: int) -> None:
    golden = np.load(shared / "golden" / "checkpoints_io.npz")
    (path,) = (shared / "weights" / "authors").glob(f"BP4D_{kind}_Clip3_Split{split}_*.pth")
    checkpoint = read_checkpoint(path)
    network = build(checkpoint.config)
    network.load_state_dict(checkpoint.tensors)
    network.eval()
    with torch.inference_mode():
        outputs = network(big=clips(golden["big"]), small=clips(golden["small"]))
    close(outputs[task], golden[f"out_{kind}_split{split}"])


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        (None, "joint"),
        ("bigsmall", "joint"),
        ("bigsmall-tsm", "tsm"),
        ("bigsmall-no-shift", "noshift"),
        ("bigsmall-every-frame", "nodown"),
        ("bigsmall-base", "base"),
    ],
)
def test_joint_network_and_its_variants(shared: Path, name: str | None, prefix: str) -> None:
    golden = np.load(shared / "golden" / "joint_bigsmall_io.npz")
    checkpoint = read_checkpoint(shared / "golden" / "joint_bigsmall_seed7_bf16.safetensors", name)
    network = build(checkpoint.config).eval()
    network.load_state_dict(checkpoint.tensors)
    big = clips(golden["big"])
    with torch.inference_mode():
        outputs = network(big[:, :: network.config.big_stride], clips(golden["small"]))
    for task, short in (("au", "au"), ("pulse", "bvp"), ("respiration", "resp")):
        close(outputs[task], golden[f"{prefix}_{short}"])


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        (preset("bigsmall"), "joint"),
        (preset("bigsmall-concat"), "concat"),
        (preset("bigsmall-lateral"), "lat_bi"),
        (preset("bigsmall-big-to-small"), "lat_b2s"),
        (preset("bigsmall-small-to-big"), "lat_s2b"),
        (preset("bigsmall-grey"), "grey"),
        (preset("big"), "big_only"),
        (BigSmallConfig(branches="small", shift="none", tasks=(PULSE,)), "small_only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_variant_of_the_family(
    shared: Path, fill: Callable[[nn.Module], None], config: NetworkConfig, prefix: str
) -> None:
    golden = np.load(shared / "golden" / "models_fill_io.npz")
    network = build(config).eval()
    fill(network)
    with torch.inference_mode():
        outputs = network(clips(golden["big"])[:, :: config.big_stride], clips(golden["small"]))
    for i, task in enumerate(config.tasks):
        close(outputs[task.name], golden[f"{prefix}_out{i}"])


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        (DeepPhysConfig(), "deepphys9"),
        (DeepPhysConfig(antialias=True), "deepphys9_antialias"),
        (MttsCanConfig(), "mttscan9"),
        (MttsCanConfig(antialias=True), "mttscan9_antialias"),
        (preset("drml"), "drml"),
        (preset("alexnet"), "alexnet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_papers_baselines(
    shared: Path, fill: Callable[[nn.Module], None], config: NetworkConfig, prefix: str
) -> None:
    golden = np.load(shared / "golden" / "models_fill_io.npz")
    network = build(config).eval()
    fill(network)
    with torch.inference_mode():
        outputs = network(clips(golden["big"]), clips(golden["small"]))
    for i, task in enumerate(config.tasks):
        close(outputs[task.name], golden[f"{prefix}_out{i}"])


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("deepphys-36", ["tb_deepphys36"]),
        ("ts-can-36", ["tb_tscan36_fd10"]),
        ("mtts-can-72", ["tb_mttscan72_fd10_y", "tb_mttscan72_fd10_r"]),
    ],
)
def test_the_toolbox_forms(shared: Path, fill: Callable[[nn.Module], None], name: str, keys: list[str]) -> None:
    golden = np.load(shared / "golden" / "models_fill_io.npz")
    config = preset(name)
    network = build(config).eval()
    fill(network)
    x = torch.from_numpy(golden["x36"])
    if config.big_size == 72:
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    # The toolbox stacks differences and frames as six channels.
    small, big = x.reshape(-1, config.clip_length, *x.shape[1:]).chunk(2, dim=2)
    with torch.inference_mode():
        outputs = network(big, small)
    for task, key in zip(config.tasks, keys, strict=True):
        close(outputs[task.name], golden[key])
