"""What a measurement does not know about its recording, but a format asks for."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from physiocam.errors import PhysiocamError
from physiocam.results.measurement_data import MeasurementData


@dataclass(frozen=True)
class RecordingInfo:
    """About a recording.

    Attributes
    ----------
    participant, session, task : str
        Labels of letters and digits; session may be empty.
    start : datetime or None
        When the recording began; without a time zone, local time.

    Raises
    ------
    PhysiocamError
        If a label has other characters.

    Examples
    --------
    >>> RecordingInfo(participant="07", task="interview").session
    ''
    """

    participant: str = "01"
    session: str = ""
    task: str = "video"
    start: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("participant", "session", "task"):
            label = getattr(self, name)
            if not re.fullmatch(r"[A-Za-z0-9]*", label) or not (label or name == "session"):
                raise PhysiocamError(f"{name} is '{label}'; expected letters and digits, such as 01")


def start_of(text: str) -> datetime:
    """Read a date and time.

    Raises
    ------
    PhysiocamError
        If it is none.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise PhysiocamError(
            f"start is '{text}'; expected a date and time, such as 2026-05-01T10:00:00+02:00"
        ) from None


def stem_of(measurement: MeasurementData) -> str:
    """The name of the recording without its suffix, as a file name."""
    stem = Path(measurement.source).stem
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in stem) or "recording"
