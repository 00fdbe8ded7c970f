"""Observers of a live measurement, and the snapshots that they receive."""

from dataclasses import dataclass

from physiocam.live.camera import TakenFrame
from physiocam.results.measurement import Measurement

# Length of the window that is shown, in seconds: as long as breathing needs.
SHOWN_S = 30.0


@dataclass(frozen=True)
class Snapshot:
    """The results at one moment.

    Attributes
    ----------
    measurements : tuple of Measurement
        Results for the last `SHOWN_S` seconds: of everyone who is measured, at least one.
    time_s : float
        Seconds since the first frame.
    frames_per_s : float
        Rate of frames in the last few seconds.
    dropped : int
        Frames that came too fast to be processed.
    silent_s : float
        Seconds since the last frame.
    """

    measurements: tuple[Measurement, ...]
    time_s: float
    frames_per_s: float
    dropped: int
    silent_s: float


class Observer:
    """Base class of observers: a terminal view, a window or an outlet.

    Attributes
    ----------
    left : bool
        Whether the observer wants to end the measurement.
    """

    left = False

    def frame(self, frame: TakenFrame) -> None:
        """Receive a frame."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Receive the current results, several times per second."""
