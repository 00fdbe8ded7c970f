"""The expression network of face-api, a small densely connected network of separable convolutions.

The npm package `@vladmandic/face-api` carries its weights in `model/face_expression_model.bin` and a table of them in
`model/face_expression_model-weights_manifest.json` (MIT licence). Its maker trained it on public pictures and on some
from the web, which are not named. Of the files only numbers are read.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, relu

from emotion_teacher import WORDS
from physiocam.foundation.provenance import digest_of

_OUTPUTS = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
# Mean R, G and B of the pictures that it learned from.
_MEAN = (122.782, 117.001, 104.298)
_BLOCKS = 4


class FaceExpressionNet:
    """An `emotion_teacher.EmotionTeacher`.

    Parameters
    ----------
    file : Path
        Weights, `face_expression_model.bin`, with their table beside.
    """

    size = 112
    margins: tuple[int, ...] = (0, 8, 16, 24)

    def __init__(self, file: Path) -> None:
        self.sha256 = digest_of(file)
        (group,) = json.loads(file.with_name(f"{file.stem}-weights_manifest.json").read_text())
        stored = file.read_bytes()
        self._weights: dict[str, Tensor] = {}
        place = 0
        for entry in group["weights"]:
            # Most are stored as bytes, on a scale of their own.
            scale = entry.get("quantization")
            kind = np.dtype(scale["dtype"] if scale else entry["dtype"])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(stored, kind, count, place).astype(np.float32)
            place += count * kind.itemsize
            if scale:
                values = values * np.float32(scale["scale"]) + np.float32(scale["min"])
            self._weights[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]))
        self._order = [_OUTPUTS.index(word) for word in WORDS]

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, 7) in the order of `emotion_teacher.WORDS`."""
        x = (images - torch.tensor(_MEAN).view(1, 3, 1, 1)) / 255
        for block in range(_BLOCKS):
            layers = [f"dense{block}/conv{number}" for number in range(4)]
            first = self._convolved(x, layers[0]) if block == 0 else self._separated(x, layers[0], stride=2)
            total = relu(first)
            for layer in layers[1:]:
                total = total + self._separated(relu(total), layer)
            x = relu(total)
        outputs: Tensor = x.mean((2, 3)) @ self._weights["fc/weights"] + self._weights["fc/bias"]
        return outputs[:, self._order]

    def _convolved(self, x: Tensor, layer: str) -> Tensor:
        kernel = self._weights[f"{layer}/filters"].permute(3, 2, 0, 1)
        return conv2d(_surrounded(x, 2), kernel, self._weights[f"{layer}/bias"], stride=2)

    def _separated(self, x: Tensor, layer: str, stride: int = 1) -> Tensor:
        depthwise = self._weights[f"{layer}/depthwise_filter"].permute(2, 3, 0, 1)
        x = conv2d(_surrounded(x, stride), depthwise, stride=stride, groups=x.shape[1])
        pointwise = self._weights[f"{layer}/pointwise_filter"].permute(3, 2, 0, 1)
        return conv2d(x, pointwise, self._weights[f"{layer}/bias"])


def _surrounded(x: Tensor, stride: int) -> Tensor:
    """Zeros around x for a kernel of 3 x 3; with a stride of 2 an even side needs them at its end alone."""
    before = 0 if stride == 2 and x.shape[-1] % 2 == 0 else 1
    return pad(x, (before, 1, before, 1))
