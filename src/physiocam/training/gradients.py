"""Gradients of single tasks: the angles between them, and the removal of conflicts."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torchjd.aggregation import PCGrad

TaskGradients = dict[str, dict[str, Tensor | None]]


def task_gradients(losses: Mapping[str, Tensor], network: nn.Module) -> TaskGradients:
    """Differentiate each task's loss separately.

    Parameters
    ----------
    losses : mapping of str to Tensor ()
        Of one forward pass.
    network : Module

    Returns
    -------
    dict of str to dict
        Task name to parameter name to gradient; None if the task does not depend on the parameter. The graph of the
        losses is freed.
    """
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    last = list(losses)[-1]
    gradients: TaskGradients = {}
    for task, loss in losses.items():
        found = torch.autograd.grad(loss, list(parameters.values()), retain_graph=task != last, allow_unused=True)
        gradients[task] = dict(zip(parameters, found, strict=True))
    return gradients


def shared_parameters(gradients: TaskGradients) -> list[str]:
    """Names of the parameters that every task depends on."""
    first, *others = gradients.values()
    return [
        name for name, gradient in first.items() if gradient is not None and all(o[name] is not None for o in others)
    ]


def task_angles(gradients: TaskGradients) -> dict[tuple[str, str], float]:
    """Angles in degrees between the tasks' gradients on their shared parameters (paper Figure 5-D).

    Parameters
    ----------
    gradients
        From `task_gradients`.

    Returns
    -------
    dict of (str, str) to float
        Each pair of tasks once. 90 means independent, more means conflict; NaN if a gradient is zero.
    """
    shared = shared_parameters(gradients)
    flat = {task: _flat(found[name] for name in shared) for task, found in gradients.items()}
    tasks = list(flat)
    return {(a, b): _angle(flat[a], flat[b]) for i, a in enumerate(tasks) for b in tasks[i + 1 :]}


def resolve_conflicts(gradients: TaskGradients, network: nn.Module) -> None:
    """Set the network's gradients by PCGrad, the projection of conflicting gradients (Yu and others, 2020).

    As in the authors' release: each task's gradient is projected as one vector over all parameters, zero where the task
    does not depend on one. Parameters that all tasks share get the mean over tasks, the others the sum; so a conflict
    also scales the gradients of single heads.

    Parameters
    ----------
    gradients
        From `task_gradients`.
    network : Module
        The `grad` of its parameters is replaced.
    """
    shared = set(shared_parameters(gradients))
    parameters = dict(network.named_parameters())
    names = list(next(iter(gradients.values())))
    rows = torch.stack(
        [_flat(torch.zeros_like(parameters[name]) if (g := task[name]) is None else g for name in names)
         for task in gradients.values()]
    )  # fmt: skip
    resolved = PCGrad()(rows)
    sizes = [parameters[name].numel() for name in names]
    for name, part in zip(names, torch.split(resolved, sizes), strict=True):
        tasks = len(rows) if name in shared else 1
        parameters[name].grad = part.view_as(parameters[name]) / tasks


def _flat(gradients: Iterable[Tensor | None]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients if gradient is not None])


def _angle(a: Tensor, b: Tensor) -> float:
    a, b = a.double(), b.double()
    scale = float(a.norm() * b.norm())
    if scale == 0.0:
        return math.nan
    return math.degrees(math.acos(min(max(float(a @ b) / scale, -1.0), 1.0)))
