"""What one client may ask of the service, and how long the service keeps it."""

from dataclasses import dataclass, fields

from physiocam.errors import PhysiocamError


@dataclass(frozen=True)
class Limits:
    """Limits of the service; every field is a positive number.

    Attributes
    ----------
    upload_mb : int
        Largest video, in megabytes (1,000,000 bytes).
    video_minutes : float
        Longest video.
    waiting : int
        Jobs that are not measured yet, including those that are being uploaded.
    run_minutes : float
        Time for one upload, for one measurement, and for one live session.
    memory_mb : int
        Memory of the process of one job or live session.
    keep_hours : float
        Time after which the results of a job are deleted.
    live : int
        Live sessions at a time.

    Raises
    ------
    PhysiocamError
        If a limit is not positive; the message names it.

    Examples
    --------
    >>> Limits(waiting=10).waiting
    10
    """

    upload_mb: int = 500
    video_minutes: float = 30.0
    waiting: int = 100
    run_minutes: float = 60.0
    memory_mb: int = 1500
    keep_hours: float = 24.0
    live: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise PhysiocamError(f"{field.name} is {value}; expected a positive number")
