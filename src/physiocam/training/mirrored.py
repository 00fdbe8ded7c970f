"""The outputs of a task when left and right are exchanged in the picture."""

from physiocam.networks.action_units import SIDES, unit_and_side
from physiocam.networks.tasks import HEAD_POSE, Task

_OTHER = dict(zip(SIDES, reversed(SIDES), strict=True))


def mirrored(task: Task) -> tuple[list[int], list[float]]:
    """Return which output each output becomes in a mirror, and its sign.

    Parameters
    ----------
    task : Task
        Outputs whose names end in "_L" and "_R" are of the left and of the right side. A head that turns or tilts to
        one side does so to the other in a mirror.

    Returns
    -------
    order : list of int
        For each output the one whose label it takes.
    signs : list of float
        1, or -1 for an output that changes its sign.

    Examples
    --------
    >>> mirrored(HEAD_POSE)
    ([0, 1, 2], [1.0, -1.0, -1.0])
    >>> mirrored(Task(name="intensity", kind="level", labels=("AU12", "AU12_L", "AU12_R")))
    ([0, 2, 1], [1.0, 1.0, 1.0])
    """
    order = [task.labels.index(_opposite(label, task.labels)) for label in task.labels]
    turns = task.name == HEAD_POSE.name
    return order, [-1.0 if turns and label in ("yaw", "roll") else 1.0 for label in task.labels]


def _opposite(label: str, labels: tuple[str, ...]) -> str:
    name, side = unit_and_side(label)
    other = f"{name}_{_OTHER[side]}" if side else label
    return other if other in labels else label
