"""Frames taken from a camera in a separate thread."""

from collections import deque
from collections.abc import Generator
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from physiocam.live.camera import TakenFrame

# So many frames may wait while another one is processed. If more wait, the oldest are dropped.
_WAITING = 8

# After so many seconds without a frame, the view reports it.
SILENT_S = 2.0


class Feed:
    """Takes frames in a separate thread, so that a camera's short buffer does not overflow while networks run.

    Parameters
    ----------
    frames : generator of TakenFrame
        Closed at the end, unless the camera's driver hangs.

    Attributes
    ----------
    dropped : int
        Frames that came too fast to be processed.
    """

    def __init__(self, frames: Generator[TakenFrame, None, None]) -> None:
        self.dropped = 0
        self._frames = frames
        self._waiting: deque[TakenFrame] = deque()
        self._changed = Condition()
        self._over = False
        self._error: Exception | None = None
        # A daemon: if it hangs in a camera's driver, the program still ends.
        self._thread = Thread(target=self._read, name="physiocam-camera", daemon=True)

    def take(self, wait_s: float) -> TakenFrame | None:
        """Return the oldest waiting frame, or None if no frame comes within `wait_s` seconds.

        Raises
        ------
        Exception
            The error that ended the frames, after all frames have been taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over, wait_s)
            if self._waiting:
                return self._waiting.popleft()
            if self._error is not None:
                raise self._error
            return None

    @property
    def over(self) -> bool:
        """Whether the frames have ended, all are taken, and no error remains to be raised."""
        with self._changed:
            return self._over and not self._waiting and self._error is None

    def _read(self) -> None:
        try:
            for frame in self._frames:
                with self._changed:
                    if self._over:
                        return
                    if len(self._waiting) == _WAITING:
                        self._waiting.popleft()
                        self.dropped += 1
                    self._waiting.append(frame)
                    self._changed.notify()
        except Exception as error:  # raised again by `take`
            self._error = error
        finally:
            self._frames.close()
            with self._changed:
                self._over = True
                self._changed.notify()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
        self._thread.join(SILENT_S)
