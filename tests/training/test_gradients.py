"""Gradients task by task, against the reference's surgery and against geometry."""

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchjd")

from torch import Tensor, nn  # noqa: E402

from physiocam.training.gradients import (  # noqa: E402
    resolve_conflicts,
    shared_parameters,
    task_angles,
    task_gradients,
)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 3)
        self.first, self.second = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.body(x).tanh()
        return self.first(maps), self.second(maps)


def losses(network: TwoHeads, x: Tensor) -> dict[str, Tensor]:
    first, second = network(x)
    return {"first": (first - 1).square().mean(), "second": (second + 2).square().mean()}


def test_surgery_is_the_authors(shared: Path) -> None:
    golden = np.load(shared / "golden" / "pcgrad_two_tasks.npz")
    weights = [torch.from_numpy(golden[f"w{i}"]) for i in range(4)]
    x = torch.from_numpy(golden["x"])
    body, head = nn.Linear(4, 2), nn.Linear(2, 1)
    network = nn.Sequential(body, head)
    with torch.no_grad():
        for parameter, weight in zip(network.parameters(), weights, strict=True):
            parameter.copy_(weight)
    maps = body(x)
    found = {
        "first": (maps[:, 0] - 1).square().mean(),
        "second": head(maps).square().mean() + (maps.sum(dim=1) + 2).square().mean(),
    }
    np.testing.assert_allclose([loss.item() for loss in found.values()], golden["losses"], rtol=1e-6)
    resolve_conflicts(task_gradients(found, network), network)
    for i, parameter in enumerate(network.parameters()):
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad.numpy(), golden[f"g{i}"], rtol=1e-5, atol=1e-6)


def test_angles_are_those_of_plane_geometry() -> None:
    network = nn.Linear(2, 1, bias=False)

    def angle(a: tuple[float, float], b: tuple[float, float]) -> float:
        found = {
            "a": (network.weight * torch.tensor([a])).sum(),
            "b": (network.weight * torch.tensor([b])).sum(),
        }
        return task_angles(task_gradients(found, network))["a", "b"]

    assert angle((1, 0), (0, 2)) == pytest.approx(90)
    assert angle((1, 0), (3, 0)) == pytest.approx(0)
    assert angle((1, 0), (-1, 1)) == pytest.approx(135)
    assert math.isnan(angle((0, 0), (1, 1)))


def test_shared_are_the_parameters_of_every_task() -> None:
    torch.manual_seed(0)
    network = TwoHeads()
    gradients = task_gradients(losses(network, torch.randn(8, 4)), network)
    assert shared_parameters(gradients) == ["body.weight", "body.bias"]
    assert gradients["first"]["second.weight"] is None


def test_without_conflict_surgery_is_the_mean() -> None:
    torch.manual_seed(0)
    network = TwoHeads()
    x = torch.randn(8, 4)
    found = {"once": losses(network, x)["first"], "twice": 2 * losses(network, x)["first"]}
    resolve_conflicts(task_gradients(found, network), network)
    plain = torch.autograd.grad(losses(network, x)["first"], list(network.body.parameters()))
    for parameter, gradient in zip(network.body.parameters(), plain, strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, 1.5 * gradient)


def test_with_conflict_no_task_is_made_worse() -> None:
    network = nn.Linear(2, 1, bias=False)
    rows = torch.tensor([[1.0, 0.0], [-1.0, 0.5]])
    found = {"a": (network.weight * rows[0]).sum(), "b": (network.weight * rows[1]).sum()}
    assert float(rows[0] @ rows[1]) < 0
    resolve_conflicts(task_gradients(found, network), network)
    assert network.weight.grad is not None
    assert (network.weight.grad @ rows.T >= 0).all()
    assert (network.weight.grad != 0).any()
