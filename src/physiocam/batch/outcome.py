"""What became of one of many videos."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from physiocam.errors import PhysiocamError
from physiocam.results.measurement import Measurement


@dataclass(frozen=True)
class VideoOutcome:
    """What became of one video, or of one of several people in it.

    Attributes
    ----------
    video : str
    folder : Path or None
        Where the results are; None where nothing is written.
    summary : dict or None
        As `Measurement.to_dict` gives it; None where it failed.
    error : str or None
        Why it failed, in one line.
    note : str or None
        Why the folder has another name than the video, where it has.

    Examples
    --------
    >>> VideoOutcome("a.mp4", None, None, "'a.mp4' does not exist").error
    "'a.mp4' does not exist"
    """

    video: str
    folder: Path | None
    summary: Mapping[str, Any] | None
    error: str | None = None
    note: str | None = None
    _measurement: Measurement | None = field(default=None, repr=False, compare=False)

    def measurement(self) -> Measurement:
        """Return the whole measurement, read from its folder where it was written to one.

        Raises
        ------
        PhysiocamError
            If the video could not be measured, or its files are no longer there.
        """
        if self.error is not None:
            raise PhysiocamError(self.error)
        if self._measurement is not None:
            return self._measurement
        assert self.folder is not None
        return Measurement.load(self.folder)
