"""Frames taken from a camera in a thread of their own."""

from collections import deque
from collections.abc import Generator
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from physiocam.live.camera import TakenFrame

# Frames that may wait while another one is worked on; of more, the oldest are dropped, as a camera would.
_WAITING = 8

# Without a frame for so long, something is wrong.
SILENT_S = 2.0


class Feed:
    """Takes frames in a thread of its own, so that none waits for the networks in a camera's short buffer.

    Parameters
    ----------
    frames : generator of TakenFrame
        Closed when the feed is, if it can be.

    Attributes
    ----------
    dropped : int
        Frames that came too fast to be worked on.
    """

    def __init__(self, frames: Generator[TakenFrame, None, None]) -> None:
        self.dropped = 0
        self._frames = frames
        self._waiting: deque[TakenFrame] = deque()
        self._changed = Condition()
        self._over = False
        self._error: Exception | None = None
        # It may hang in a camera's driver; the program ends all the same.
        self._thread = Thread(target=self._read, name="physiocam-camera", daemon=True)

    def take(self, wait_s: float) -> TakenFrame | None:
        """Return the oldest frame that waits, or None if there is none within this time.

        Raises
        ------
        Exception
            What ended the frames, when all have been taken.
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
        """Whether no frame is left, none will come, and no error is left to be raised."""
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
        except Exception as error:  # raised again where frames are taken
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
