"""A window that shows a stream like an overlay video."""

from types import ModuleType

from physiocam.errors import PhysiocamError
from physiocam.live.camera import TakenFrame
from physiocam.live.observer import SHOWN_S, Observer, Snapshot
from physiocam.report.overlay_frame import OverlayFrame
from physiocam.report.overlay_people import PeopleOverlayFrame

_TITLE = "physiocam"
_ESCAPE = 27


class LiveWindow(Observer):
    """Shows each frame with the current results; closing the window, Esc or q ends.

    Raises
    ------
    PhysiocamError
        If OpenCV has no display here.
    ImportError
        If OpenCV or Pillow is not installed (extra `window`).

    Attributes
    ----------
    left : bool
        Whether the window was closed.
    """

    def __init__(self) -> None:
        import cv2

        self.left = False
        self._cv2: ModuleType = cv2
        self._overlay: OverlayFrame | PeopleOverlayFrame | None = None
        self._first_s: float | None = None
        self._size: tuple[int, int] | None = None
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
        except cv2.error:
            raise PhysiocamError(
                "OpenCV has no display here; leave --window out, or run: pip install 'physiocam[window]' on a desktop "
                "(without opencv-python-headless)"
            ) from None

    def frame(self, frame: TakenFrame) -> None:
        """Show a frame."""
        height, width = frame.picture.shape[:2]
        if self._size != (height, width):
            # The measurement is drawn again from the next snapshot on.
            self._size, self._overlay = (height, width), None
        self._first_s = frame.time_s if self._first_s is None else self._first_s
        picture = self._overlay.draw(frame.image, frame.time_s - self._first_s) if self._overlay else frame.image
        self._cv2.imshow(_TITLE, picture[:, :, ::-1])
        self._listen()

    def snapshot(self, snapshot: Snapshot) -> None:
        """Draw these results on the next frames."""
        if self._size is None:
            return
        self._listen()
        first, *others = snapshot.measurements
        if not first.frames:
            return
        height, width = self._size
        if others:
            self._overlay = PeopleOverlayFrame(snapshot.measurements, width, height)
        else:
            self._overlay = OverlayFrame(first, width, height, whole=f"last {SHOWN_S:.0f} s")

    def _listen(self) -> None:
        """Let the window process events, also while no frame arrives."""
        key = self._cv2.waitKey(1) & 0xFF
        gone = self._cv2.getWindowProperty(_TITLE, self._cv2.WND_PROP_VISIBLE) < 1
        self.left = self.left or gone or key in (_ESCAPE, ord("q"))

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyAllWindows()
