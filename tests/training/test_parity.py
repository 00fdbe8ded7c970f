"""Losses, gradients and one step of the joint network against the reference's."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")

from torch import Tensor  # noqa: E402

from physiocam.networks.config import AU  # noqa: E402
from physiocam.networks.registry import preset  # noqa: E402
from physiocam.training.losses import published_pos_weight  # noqa: E402
from physiocam.training.module import TrainModule  # noqa: E402
from physiocam.training.order import ClipOrder  # noqa: E402
from physiocam.training.settings import TrainSettings  # noqa: E402
from physiocam.weights.importer import read_checkpoint  # noqa: E402
from physiocam.weights.tensor_names import their_names  # noqa: E402

SHORT = {"au": "au", "pulse": "bvp", "respiration": "resp"}


def clips(array: np.ndarray) -> Tensor:
    frames: Tensor = torch.from_numpy(array).float()
    return frames.reshape(-1, 3, *frames.shape[1:])


def test_losses_gradients_and_a_step_of_the_joint_network(shared: Path) -> None:
    golden = np.load(shared / "golden" / "joint_bigsmall_io.npz")
    settings = TrainSettings(store=shared, output=shared, network=preset("bigsmall"))
    module = TrainModule(settings, {"au": published_pos_weight(AU)}, ClipOrder(4, 4, seed=0))
    network = module.network.eval()
    network.load_state_dict(read_checkpoint(shared / "golden" / "joint_bigsmall_seed7_bf16.safetensors").tensors)
    optimizer = module.configure_optimizers()["optimizer"]

    big, small = clips(golden["big"])[:, :1], clips(golden["small"])
    targets = {task: clips(golden[f"t_{short}"]) for task, short in SHORT.items()}
    known = {task: torch.ones_like(values, dtype=torch.bool) for task, values in targets.items()}
    losses = module.losses(network(big, small), targets, known)
    np.testing.assert_allclose([losses[task].item() for task in SHORT], golden["losses"], rtol=1e-5)

    optimizer.zero_grad()
    torch.autograd.backward(torch.stack(list(losses.values())).sum())
    theirs = their_names(network.config)
    norms, sums = {}, {}
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        norms[theirs[name]], sums[theirs[name]] = parameter.grad.norm().item(), parameter.grad.double().sum().item()
    names = golden["grad_names"].tolist()
    assert norms == pytest.approx(dict(zip(names, golden["grad_norms"].tolist(), strict=True)), rel=1e-5)
    for name, expected in zip(names, golden["grad_sums"].tolist(), strict=True):
        # A sum of both signs is known no better than the sizes of what it sums.
        assert sums[name] == pytest.approx(expected, rel=1e-4, abs=1e-4 * norms[name])

    optimizer.step()
    with torch.inference_mode():
        outputs = network(big, small)
    for task, short in SHORT.items():
        expected_output = golden[f"after_step_{short}"]
        error = np.abs(outputs[task].flatten(0, 1).numpy() - expected_output).max()
        # The first step of Adam is the gradient's sign: where that is near zero, rounding decides.
        assert error <= 1e-2 * np.abs(expected_output).max()
