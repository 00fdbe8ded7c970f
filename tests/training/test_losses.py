"""The losses against the reference's and against their definition."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from physiocam.networks.action_units import AU_LABELS  # noqa: E402
from physiocam.networks.config import AU, PULSE, Task  # noqa: E402
from physiocam.training.losses import TaskLosses, published_pos_weight  # noqa: E402


def test_weighted_cross_entropy_is_the_reference(shared: Path) -> None:
    golden = np.load(shared / "golden" / "au_metrics_loss.npz")
    weight = published_pos_weight(AU)
    np.testing.assert_allclose(weight.numpy(), golden["pos_weight"], rtol=1e-6)
    logits, targets = (torch.from_numpy(golden[key]).reshape(180, 3, 12) for key in ("logits", "targets"))
    known = torch.ones_like(targets, dtype=torch.bool)
    losses = TaskLosses([AU], {"au": weight})({"au": logits}, {"au": targets}, {"au": known})
    assert losses["au"].item() == pytest.approx(float(golden["bce_loss"]), rel=1e-6)


def test_what_is_unknown_costs_nothing_whatever_it_holds() -> None:
    torch.manual_seed(0)
    outputs = {"au": torch.randn(2, 3, 12, requires_grad=True), "pulse": torch.randn(2, 3, 1, requires_grad=True)}
    targets = {"au": torch.full((2, 3, 12), torch.nan), "pulse": torch.randn(2, 3, 1)}
    known = {"au": torch.zeros(2, 3, 12, dtype=torch.bool), "pulse": torch.ones(2, 3, 1, dtype=torch.bool)}
    targets["au"][0, 1, 4], known["au"][0, 1, 4] = 1.0, True
    known["pulse"][1] = False
    losses = TaskLosses([AU, PULSE])(outputs, targets, known)
    assert losses["au"].item() == pytest.approx(torch.nn.functional.softplus(-outputs["au"][0, 1, 4]).item())
    assert losses["pulse"].item() == pytest.approx((outputs["pulse"][0] - targets["pulse"][0]).square().mean().item())
    sum(losses.values()).backward()
    assert outputs["au"].grad is not None
    assert outputs["au"].grad.isfinite().all()
    assert int((outputs["au"].grad != 0).sum()) == 1


def test_a_batch_without_any_label_of_a_task_costs_zero() -> None:
    known = {"pulse": torch.zeros(1, 3, 1, dtype=torch.bool)}
    losses = TaskLosses([PULSE])({"pulse": torch.randn(1, 3, 1)}, {"pulse": torch.zeros(1, 3, 1)}, known)
    assert losses["pulse"].item() == 0.0


def test_published_weights_follow_the_labels() -> None:
    task = Task(name="au", kind="binary", labels=("AU12", "AU24", "AU45"))
    weight = published_pos_weight(task)
    assert weight.tolist() == pytest.approx([0.7537758755504341, 25.0045766590389, 1.0])
    assert len(published_pos_weight(AU)) == len(AU_LABELS)
