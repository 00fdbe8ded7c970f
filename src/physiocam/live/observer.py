"""Somebody who looks on, and what he is shown."""

from dataclasses import dataclass

from physiocam.live.camera import TakenFrame
from physiocam.results.measurement import Measurement

# Length of the window that is shown: as long as breathing needs.
SHOWN_S = 30.0


@dataclass(frozen=True)
class Snapshot:
    """What is known at a moment.

    Attributes
    ----------
    measurement : Measurement
        Of the last `SHOWN_S` seconds.
    time_s : float
        Since the first frame, in seconds.
    frames_per_s : float
        As they have been coming for some seconds.
    dropped : int
        Frames that came too fast to be worked on.
    silent_s : float
        For how long no frame has come.
    """

    measurement: Measurement
    time_s: float
    frames_per_s: float
    dropped: int
    silent_s: float


class Observer:
    """Somebody who looks on.

    Attributes
    ----------
    left : bool
        Whether no more is wanted.
    """

    left = False

    def frame(self, frame: TakenFrame) -> None:
        """Be shown a frame."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Be shown what is known, some times a second."""
