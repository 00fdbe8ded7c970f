"""Finding faces in one image."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video.resize import area_resize

# RFB-320 of Linzaer's Ultra-Light-Fast-Generic-Face-Detector-1MB (MIT, with its notice in the same folder). The default
# weights were trained on its squares.
_MODEL = Path(__file__).with_name("detector") / "rfb_320.onnx"
_MODEL_SHA256 = "4d53d5a5e80691711be69e4e8f0a26f9b4d7c36d76ea8b21bd26094ac21686d9"
DETECTOR_HEIGHT, DETECTOR_WIDTH = 240, 320

MIN_SCORE = 0.7
_MAX_OVERLAP = 0.3


class FaceBox(NamedTuple):
    """A face, in pixels of the image; from the forehead to the chin, and as wide as the face.

    Attributes
    ----------
    x, y : float
        Upper left corner.
    width, height : float
    score : float
        The detector's confidence, 0..1.
    """

    x: float
    y: float
    width: float
    height: float
    score: float

    def overlap(self, other: "FaceBox") -> float:
        """Intersection over union with another box, 0..1."""
        shared = self._shared(other)
        return shared / (self.width * self.height + other.width * other.height - shared)

    def covered_by(self, other: "FaceBox") -> float:
        """Share of this box that is inside another one, 0..1."""
        return self._shared(other) / (self.width * self.height)

    def _shared(self, other: "FaceBox") -> float:
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def scaled(self, factor: float) -> "FaceBox":
        """The same box in an image `factor` times as large."""
        return FaceBox(self.x * factor, self.y * factor, self.width * factor, self.height * factor, self.score)


class FaceDetector:
    """The RFB-320 face detector on ONNX Runtime.

    Parameters
    ----------
    threads : int
        Threads to compute with; one is enough for one detection per second.

    Raises
    ------
    PhysiocamError
        If the detector's file is missing or is not that of this version.
    """

    def __init__(self, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def detect(self, image: NDArray[np.uint8], min_score: float = MIN_SCORE) -> list[FaceBox]:
        """Find the faces in an image.

        Parameters
        ----------
        image : uint8 array of shape (H, W, 3), RGB
        min_score : float
            Faces with a lower score are left out.

        Returns
        -------
        list of FaceBox
            The largest first.
        """
        height, width = image.shape[:2]
        # The whole image with its aspect ratio, padded with grey: stretched to 4:3, a portrait frame would make faces
        # twice as wide as the detector expects.
        scale = min(DETECTOR_HEIGHT / height, DETECTOR_WIDTH / width)
        inner_height, inner_width = max(round(height * scale), 1), max(round(width * scale), 1)
        # Large frames are reduced first; this loses no face that the detector can see at its own resolution.
        step = max(int(0.5 / scale), 1)
        canvas = np.full((1, DETECTOR_HEIGHT, DETECTOR_WIDTH, 3), 127.0, dtype=np.float32)
        canvas[0, :inner_height, :inner_width] = area_resize(image[::step, ::step], inner_height, inner_width)
        canvas -= 127.0
        canvas /= 128.0
        found = self._session.run(None, {self._input: canvas})[0][0]
        found = found[found[:, 1] >= min_score]
        corners = found[:, 2:] * np.tile(
            [DETECTOR_WIDTH / inner_width * width, DETECTOR_HEIGHT / inner_height * height], 2
        )
        boxes = []
        for index in _suppress(corners, found[:, 1]):
            left, top, right, bottom = corners[index].tolist()
            boxes.append(FaceBox(left, top, right - left, bottom - top, float(found[index, 1])))
        return sorted(boxes, key=lambda box: -box.width * box.height)


def _suppress(corners: NDArray[np.float64], scores: NDArray[np.float32]) -> list[int]:
    """Keep the best box of each group of overlapping ones; indices, best first."""
    order = np.argsort(-scores, kind="stable")
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        upper = np.maximum(corners[best, :2], corners[rest, :2])
        lower = np.minimum(corners[best, 2:], corners[rest, 2:])
        shared = np.prod(np.maximum(lower - upper, 0), axis=1)
        order = rest[shared <= _MAX_OVERLAP * (area[best] + area[rest] - shared)]
    return kept


def detector_path() -> Path:
    """Path of the detector's network, as ONNX."""
    return _MODEL


@cache
def _model() -> bytes:
    try:
        content = _MODEL.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
    else:
        if hashlib.sha256(content).hexdigest() == _MODEL_SHA256:
            return content
        found = "is not the one this version was made with"
    raise PhysiocamError(f"the face detector's file '{_MODEL}' {found}; install physiocam again")
