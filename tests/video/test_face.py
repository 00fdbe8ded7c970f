"""The detector on real and generated pictures."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.video import face
from physiocam.video.face import FaceBox, FaceDetector

# x, y, width, height and score of the portrait's face.
RECORDED = (179.6438, 64.8863, 87.2858, 108.5907, 0.99999)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    data = pytest.importorskip("skimage.data")
    image: NDArray[np.uint8] = data.astronaut()
    return image


def picture(path: Path) -> NDArray[np.uint8]:
    cv2 = pytest.importorskip("cv2")
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


@pytest.mark.parametrize(
    ("name", "faces"),
    [
        ("single_face.jpg", 1),
        ("face_example1.jpg", 1),
        ("face_example2.jpg", 1),
        ("multi_face.jpg", 5),
        ("free-mountain-vector-01.jpg", 0),
    ],
)
def test_finds_every_face_and_no_other(shared: Path, detector: FaceDetector, name: str, faces: int) -> None:
    assert len(detector.detect(picture(shared / "data" / "faces" / name))) == faces


def test_largest_face_comes_first(shared: Path, detector: FaceDetector) -> None:
    boxes = detector.detect(picture(shared / "data" / "faces" / "multi_face.jpg"))
    areas = [box.width * box.height for box in boxes]
    assert areas == sorted(areas, reverse=True)


def test_box_covers_the_face(detector: FaceDetector, portrait: NDArray[np.uint8]) -> None:
    (box,) = detector.detect(portrait)
    # Eyes and mouth of the portrait, in its own pixels.
    for x, y in ((206, 115), (242, 112), (226, 160)):
        assert box.x < x < box.x + box.width
        assert box.y < y < box.y + box.height
    assert 60 < box.width < 140


@pytest.mark.parametrize("shape", [(1920, 1080), (1080, 1920), (480, 640), (300, 1200)])
def test_proportions_of_the_frame_do_not_matter(
    detector: FaceDetector, portrait: NDArray[np.uint8], shape: tuple[int, int]
) -> None:
    frame = np.full((*shape, 3), 120, dtype=np.uint8)
    size = min(*shape, 512)
    step = max(512 // size, 1)
    pasted = portrait[::step, ::step][:size, :size]
    frame[: pasted.shape[0], 40 : 40 + pasted.shape[1]] = pasted
    (box,) = detector.detect(frame)
    assert box.x + box.width / 2 == pytest.approx(40 + 224 / step, abs=15)
    assert box.y + box.height / 2 == pytest.approx(122 / step, abs=20)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 500), (4320, 7680)])
def test_odd_frames_hold_no_face(detector: FaceDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*shape, 3), dtype=np.uint8)) == []


def test_noise_holds_no_face(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    assert detector.detect(noise) == []


def test_the_same_picture_gives_the_same_boxes(detector: FaceDetector, portrait: NDArray[np.uint8]) -> None:
    assert detector.detect(portrait) == FaceDetector().detect(portrait)


def test_a_frame_is_cheap(detector: FaceDetector) -> None:
    frame = np.zeros((2160, 3840, 3), dtype=np.uint8)
    detector.detect(frame)
    start = time.process_time()
    for _ in range(5):
        detector.detect(frame)
    # 8 ms of one core where this was written.
    assert (time.process_time() - start) / 5 < 0.04


def test_a_close_face_in_a_portrait_frame_is_found(detector: FaceDetector, portrait: NDArray[np.uint8]) -> None:
    frame = np.full((1392, 1040, 3), 90, dtype=np.uint8)
    # The face fills about 40 % of the height.
    frame[100:1124, 8:1032] = portrait[:256, 96:352].repeat(4, axis=0).repeat(4, axis=1)
    (box,) = detector.detect(frame)
    assert 0.3 < box.height / 1392 < 0.5
    assert box.x + box.width / 2 == pytest.approx(8 + 4 * (224 - 96), abs=50)


def test_detecting_prints_nothing_and_imports_nothing_heavy() -> None:
    script = (
        "import sys, numpy as np; from physiocam.video.face import FaceDetector; "
        "FaceDetector().detect(np.zeros((48, 64, 3), np.uint8)); "
        "print([name for name in ('vitallens', 'torch', 'cv2', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


def test_the_detector_is_the_recorded_file_and_its_notice_is_beside_it() -> None:
    folder = Path(face.__file__).with_name("detector")
    content = (folder / "rfb_320.onnx").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "4d53d5a5e80691711be69e4e8f0a26f9b4d7c36d76ea8b21bd26094ac21686d9"
    assert "Copyright (c) 2019 linzai" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_the_boxes_are_the_recorded_ones(detector: FaceDetector, portrait: NDArray[np.uint8]) -> None:
    # The default weights were trained on the squares of these boxes.
    (box,) = detector.detect(portrait)
    assert box == pytest.approx(RECORDED, abs=1e-3)


def test_overlap_of_boxes() -> None:
    box = FaceBox(0, 0, 10, 10, 1)
    assert box.overlap(box) == 1
    assert box.overlap(FaceBox(5, 0, 10, 10, 1)) == pytest.approx(1 / 3)
    assert box.overlap(FaceBox(10, 0, 10, 10, 1)) == 0


@pytest.mark.parametrize(("content", "problem"), [(None, "cannot be read"), (b"else", "is not the one")])
def test_a_missing_or_altered_detector_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    other = tmp_path / "rfb_320.onnx"
    if content is not None:
        other.write_bytes(content)
    monkeypatch.setattr(face, "_MODEL", other)
    face._model.cache_clear()
    with pytest.raises(PhysiocamError, match=f"{problem}.*install physiocam again"):
        FaceDetector()
