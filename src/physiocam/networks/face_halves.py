"""Faces made of one half each and its mirror image: what one side of a face does, seen as a whole face does it."""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def from_halves(frames: Tensor, axis: Tensor) -> Tensor:
    """Return each face twice, upright: of the person's left half and its mirror image, and of the right half.

    Parameters
    ----------
    frames : Tensor (F, C, S, S)
        In which the person's left is on the right.
    axis : Tensor (F, 2)
        Of the faces: where it crosses the picture's middle row, -1 to 1, and by how many radians its upper end leans to
        the right.

    Returns
    -------
    Tensor (2, F, C, S, S)
        Left and right. The axis is in the middle.

    Examples
    --------
    >>> left, right = from_halves(torch.tensor([[[[1.0, 2.0], [1.0, 2.0]]]]), torch.zeros(1, 2))
    >>> left.tolist(), right.tolist()
    ([[[[2.0, 2.0], [2.0, 2.0]]]], [[[[1.0, 1.0], [1.0, 1.0]]]])
    """
    side = frames.shape[-1]
    places = (torch.arange(side, dtype=frames.dtype, device=frames.device) + 0.5) * (2 / side) - 1
    # Half a face is taken; its mirror image needs no sampling.
    across, down = places[None, None, side // 2 :], places[None, :, None]
    middle, cos, sin = (one[:, None, None] for one in (axis[:, 0], axis[:, 1].cos(), axis[:, 1].sin()))
    # Beyond the picture its edge goes on: places are held inside, which costs ONNX Runtime half of what borders do.
    edge = 1 - 1 / side
    faces = []
    for away in (across, -across):
        taken = torch.stack([middle + away * cos - down * sin, away * sin + down * cos], dim=-1).clamp(-edge, edge)
        half = grid_sample(frames, taken, padding_mode="zeros", align_corners=False)
        faces.append(torch.cat([half.flip(-1)[..., : side // 2], half], dim=-1))
    return torch.stack(faces)
