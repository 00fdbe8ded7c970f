"""A batch of clips, and what a network takes of it."""

from typing import NamedTuple

import torch
from torch import Tensor


class ClipBatch(NamedTuple):
    """B clips as stored; `standardize` makes them a network's inputs.

    Attributes
    ----------
    big : uint8 Tensor (B, K, H, W, C), or int16
        int16 has the bits of levels from 0 to 65535: PyTorch computes little with unsigned ones.
    small : float32 Tensor (B, N, C, h, w)
        Normalized differences, not yet divided by their deviation.
    face_found : bool Tensor (B, N)
    statistics : float32 Tensor (B, 3)
        big_mean, big_std and small_std of each clip's recording.
    targets : dict of str to float32 Tensor (B, N, C)
        By task; zero where unknown.
    masks : dict of str to bool Tensor (B, N, C)
        By task; which targets count.
    recording : int64 Tensor (B,)
        Index of the clip's recording in `Clips.recordings`.
    start : int64 Tensor (B,)
        First frame of the clip in its recording.
    """

    big: Tensor
    small: Tensor
    face_found: Tensor
    statistics: Tensor
    targets: dict[str, Tensor]
    masks: dict[str, Tensor]
    recording: Tensor
    start: Tensor


def standardize(batch: ClipBatch) -> tuple[Tensor, Tensor]:
    """Convert stored clips to inputs of a network, on the device of the batch.

    Parameters
    ----------
    batch : ClipBatch

    Returns
    -------
    big : float32 Tensor (B, K, C, H, W)
        Minus the mean of their recording, divided by its standard deviation; zero where there is no face.
    small : float32 Tensor (B, N, C, h, w)
        Divided by their deviation.
    """
    mean, std, small_std = (column[:, None, None, None, None] for column in batch.statistics.unbind(1))
    stride = -(-batch.face_found.shape[1] // batch.big.shape[1])
    seen = batch.face_found[:, ::stride, None, None, None]
    # A constant picture has no deviation, and becomes zeros.
    scale = torch.where(std > 0, 1 / std, 0.0) * seen
    big, full = levels(batch.big.permute(0, 1, 4, 2, 3))
    big.mul_(scale / full).sub_(mean * scale)
    return big, batch.small * torch.where(small_std > 0, 1 / small_std, 0.0)


def levels(stored: Tensor) -> tuple[Tensor, int]:
    """Return Big frames as new, contiguous float32 numbers, and the largest that there can be, 255 or 65535."""
    numbers = stored.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    if stored.dtype == torch.int16:
        return numbers.remainder_(65536), 65535
    return numbers, 255
