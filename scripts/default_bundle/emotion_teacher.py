"""How likely each emotion word is for a face, by small public classifiers, for the default bundle's weak labels."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

_BATCH = 256


class EmotionTeacher(Protocol):
    """A classifier of faces, trained by others on other faces.

    Attributes
    ----------
    size : int
        Side of its images.
    margins : tuple of int
        Pixels that are cut off around a crop for each view; the mean of views is steadier than each.
    sha256 : str
        Of the weights.
    """

    size: int
    margins: tuple[int, ...]
    sha256: str

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, 7) of WORDS for float32 RGB images (n, 3, size, size) from 0 to 255."""
        ...


@torch.inference_mode()
def words_of(crops: NDArray[np.uint8], teachers: Sequence[EmotionTeacher]) -> NDArray[np.float32]:
    """Probabilities (n, 7) of WORDS for square RGB crops (n, S, S, 3): the teachers' geometric mean."""
    opinions = torch.stack([_logits(crops, teacher).log_softmax(1) for teacher in teachers])
    return np.asarray(opinions.mean(0).softmax(1))


def _logits(crops: NDArray[np.uint8], teacher: EmotionTeacher) -> Tensor:
    parts = []
    for first in range(0, len(crops), _BATCH):
        batch = crops[first : first + _BATCH]
        views = [teacher.logits(_view(batch, margin, teacher.size)) for margin in teacher.margins]
        parts.append(torch.stack(views).mean(0))
    return torch.cat(parts)


def _view(crops: NDArray[np.uint8], margin: int, size: int) -> Tensor:
    end = crops.shape[1] - margin
    inner = [crop[margin:end, margin:end] for crop in crops]
    small = np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in inner])
    return torch.from_numpy(small).permute(0, 3, 1, 2).float()
