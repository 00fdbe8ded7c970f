"""Two small networks of face-api: densely connected separable convolutions that read an expression, or landmarks.

The npm package `@vladmandic/face-api` carries their weights in `model/face_expression_model.bin` and
`model/face_landmark_68_model.bin`, each with a table in `...-weights_manifest.json` beside it (MIT licence). Their
maker trained them on public pictures and on some from the web, which are not named. Of the files only numbers are read.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad, relu

from emotion_teacher import WORDS
from physiocam.foundation.provenance import digest_of

SIZE = 112
LANDMARKS = 68

_OUTPUTS = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
# Mean R, G and B of the pictures that they learned from.
_MEAN = (122.782, 117.001, 104.298)
_BLOCKS = 4
_BATCH = 256
# Pixels that are cut off around a crop for each look at its landmarks; the mean is steadier than each.
_MARGINS = (4, 12, 20)


class _FaceApiNet:
    """What the two have in common.

    Parameters
    ----------
    file : Path
        Weights, with their table beside.
    """

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

    def outputs(self, images: Tensor) -> Tensor:
        """Outputs of the last layer for float32 RGB images (n, 3, 112, 112) from 0 to 255."""
        x = (images - torch.tensor(_MEAN).view(1, 3, 1, 1)) / 255
        for block in range(_BLOCKS):
            layers = [f"dense{block}/conv{number}" for number in range(4)]
            first = self._convolved(x, layers[0]) if block == 0 else self._separated(x, layers[0], stride=2)
            total = relu(first)
            for layer in layers[1:]:
                total = total + self._separated(relu(total), layer)
            x = relu(total)
        outputs: Tensor = x.mean((2, 3)) @ self._weights["fc/weights"] + self._weights["fc/bias"]
        return outputs

    def _convolved(self, x: Tensor, layer: str) -> Tensor:
        kernel = self._weights[f"{layer}/filters"].permute(3, 2, 0, 1)
        return conv2d(_surrounded(x, 2), kernel, self._weights[f"{layer}/bias"], stride=2)

    def _separated(self, x: Tensor, layer: str, stride: int = 1) -> Tensor:
        depthwise = self._weights[f"{layer}/depthwise_filter"].permute(2, 3, 0, 1)
        x = conv2d(_surrounded(x, stride), depthwise, stride=stride, groups=x.shape[1])
        pointwise = self._weights[f"{layer}/pointwise_filter"].permute(3, 2, 0, 1)
        return conv2d(x, pointwise, self._weights[f"{layer}/bias"])


class FaceExpressionNet(_FaceApiNet):
    """An `emotion_teacher.EmotionTeacher`, of `face_expression_model.bin`."""

    size = SIZE
    margins: tuple[int, ...] = (0, 8, 16, 24)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, 7) in the order of `emotion_teacher.WORDS`."""
        return self.outputs(images)[:, [_OUTPUTS.index(word) for word in WORDS]]


class FaceLandmarkNet(_FaceApiNet):
    """Where brows, lids, nose, lips and jaw are, by `face_landmark_68_model.bin`."""

    @torch.inference_mode()
    def landmarks(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Places (n, 68, 2) in square RGB crops (n, S, S, 3): across and down, from -1 to 1 at the crop's edges."""
        return np.concatenate([
            np.mean([self._seen(crops[first : first + _BATCH], margin) for margin in _MARGINS], axis=0)
            for first in range(0, len(crops), _BATCH)
        ])  # fmt: skip

    def _seen(self, crops: NDArray[np.uint8], margin: int) -> NDArray[np.float32]:
        side = crops.shape[1]
        small = [cv2.resize(crop[margin : side - margin, margin : side - margin], (SIZE, SIZE),
                            interpolation=cv2.INTER_AREA) for crop in crops]  # fmt: skip
        shares = self.outputs(torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float())
        inner = np.asarray(shares).reshape(-1, LANDMARKS, 2) * 2 - 1
        return np.asarray(inner * np.float32(1 - 2 * margin / side))


def _surrounded(x: Tensor, stride: int) -> Tensor:
    """Zeros around x for a kernel of 3 x 3; with a stride of 2 an even side needs them at its end alone."""
    before = 0 if stride == 2 and x.shape[-1] % 2 == 0 else 1
    return pad(x, (before, 1, before, 1))
