"""The loss of each task."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from physiocam.networks.action_units import AU_LABELS
from physiocam.networks.config import Task

# Absent over present frames of each unit in the authors' BP4D+ training data, as in their released code.
PUBLISHED_POS_WEIGHT: dict[str, float] = dict(
    zip(
        AU_LABELS,
        (
            9.64177799975028,
            11.738006277088626,
            16.771059216013345,
            1.045773675935816,
            0.5324451157020336,
            0.5636523749243216,
            0.7537758755504341,
            0.6870546318289786,
            8.505911220165068,
            6.935754189944134,
            5.030993489951882,
            25.0045766590389,
        ),
        strict=True,
    )
)


class TaskLosses(nn.Module):
    """One loss per task: weighted binary cross-entropy for binary tasks, mean squared error for waveforms.

    Each is the mean over all frames and outputs that are known; the paper adds them with equal weight (section 3.6).

    Parameters
    ----------
    tasks : sequence of Task
    pos_weight : mapping of str to Tensor (C,), optional
        Task name to the weight of each output's present frames; 1 for binary tasks without.
    """

    def __init__(self, tasks: Sequence[Task], pos_weight: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        for task in self.tasks:
            if task.kind == "binary":
                weight = (pos_weight or {}).get(task.name, torch.ones(task.outputs))
                self.register_buffer(f"pos_weight_{task.name}", weight.float(), persistent=False)

    def forward(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        known: Mapping[str, Tensor],
        counts: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Compute the losses.

        Parameters
        ----------
        outputs, targets : mapping of str to Tensor (B, N, C)
            Task name to predictions and to labels (0 or 1 for binary tasks).
        known : mapping of str to bool Tensor (B, N, C)
            False where there is no label; such outputs do not count.
        counts : Tensor (tasks,), optional
            What each task's sum is divided by, by default its known labels here. Of several processes, each has a share
            of a batch and takes the mean number of known labels of all: then the mean of their losses, and so of their
            gradients, is that of the whole batch.

        Returns
        -------
        dict of str to Tensor ()
            Task name to loss; 0 if the batch has no label of the task.
        """
        losses = {}
        counts = self.counts(known) if counts is None else counts
        for task, count in zip(self.tasks, counts, strict=True):
            output, target, mask = outputs[task.name].float(), targets[task.name].float(), known[task.name]
            # Unknown targets may have any value, also NaN.
            target = torch.where(mask, target, 0.0)
            if task.kind == "binary":
                weight = self.get_buffer(f"pos_weight_{task.name}")
                cost = binary_cross_entropy_with_logits(output, target, pos_weight=weight, reduction="none")
            else:
                cost = mse_loss(output, target, reduction="none")
            losses[task.name] = (cost * mask).sum() / torch.where(count > 0, count, 1.0)
        return losses

    def counts(self, known: Mapping[str, Tensor]) -> Tensor:
        """Return the numbers of known labels, as float32 (tasks,)."""
        return torch.stack([known[task.name].sum() for task in self.tasks]).float()


def published_pos_weight(task: Task) -> Tensor:
    """Weights (C,) of the paper's twelve units, in the order of the task's labels; 1 for any other label."""
    return torch.tensor([PUBLISHED_POS_WEIGHT.get(label, 1.0) for label in task.labels])
