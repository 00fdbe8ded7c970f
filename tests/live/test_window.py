"""The window shows what the overlay shows, and says when it was closed."""

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("PIL")

import physiocam
from physiocam.errors import PhysiocamError
from physiocam.live.camera import TakenFrame
from physiocam.live.observer import Snapshot
from physiocam.live.window import LiveWindow

IMAGE = np.full((240, 320, 3), (200, 100, 50), dtype=np.uint8)


@pytest.fixture
def cv2(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An OpenCV whose display is a list."""
    module: Any = SimpleNamespace(
        WINDOW_AUTOSIZE=1, WND_PROP_VISIBLE=4, error=RuntimeError, shown=[], key=-1, visible=1.0, closed=False
    )
    module.namedWindow = lambda title, kind: None
    module.imshow = lambda title, picture: module.shown.append(picture)
    module.waitKey = lambda wait_ms: module.key
    module.getWindowProperty = lambda title, which: module.visible
    module.destroyAllWindows = lambda: setattr(module, "closed", True)
    monkeypatch.setitem(sys.modules, "cv2", module)
    return module


def snapshot(stream: physiocam.Stream, frames: int) -> Snapshot:
    for index in range(frames):
        stream.push(IMAGE, index / 30.0)
    return Snapshot((stream.measurement(),), frames / 30.0, 30.0, 0, 0.0)


def test_frames_are_shown_with_what_is_known(cv2: Any) -> None:
    window = LiveWindow()
    window.frame(TakenFrame(50.0, IMAGE))
    first: NDArray[np.uint8] = cv2.shown[-1]
    # OpenCV wants blue first.
    assert first.shape == IMAGE.shape
    assert first[0, 0].tolist() == [50, 100, 200]
    window.snapshot(snapshot(physiocam.Stream(threads=1), 10))
    window.frame(TakenFrame(50.3, IMAGE))
    wide: NDArray[np.uint8] = cv2.shown[-1]
    assert wide.shape[0] >= 480
    assert wide.shape[1] > 640
    assert not window.left
    window.close()
    assert cv2.closed


def test_several_people_are_in_one_picture(cv2: Any) -> None:
    window, stream = LiveWindow(), physiocam.Stream(face=(0, 0, 240), threads=1)
    window.frame(TakenFrame(50.0, IMAGE))
    (one,) = snapshot(stream, 10).measurements
    window.snapshot(Snapshot((replace(one, person=2), replace(one, person=1)), 0.3, 30.0, 0, 0.0))
    window.frame(TakenFrame(50.3, IMAGE))
    # Two boxes on one square: that of the second person is on top, whoever is the larger.
    assert (cv2.shown[-1] == (0, 159, 230)).all(axis=2).any()


@pytest.mark.parametrize("change", [{"key": ord("q")}, {"key": 27}, {"visible": 0.0}])
def test_it_says_when_it_was_left(cv2: Any, change: dict[str, float]) -> None:
    window = LiveWindow()
    for name, value in change.items():
        setattr(cv2, name, value)
    window.frame(TakenFrame(0.0, IMAGE))
    assert window.left


def test_no_display_is_one_line(cv2: Any) -> None:
    def fail(title: str, kind: int) -> None:
        raise cv2.error("The function is not implemented")

    cv2.namedWindow = fail
    with pytest.raises(PhysiocamError, match="no display here"):
        LiveWindow()
