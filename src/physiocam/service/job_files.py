"""The jobs on disk: a folder each, which appears when its video has arrived completely.

A job waits as long as its folder has no `ended.json`. So the folders are the queue, and a service that was killed finds
its jobs again.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from physiocam.errors import writing_to
from physiocam.foundation.files import complete_file, folder_beside, remove_left_over, settle, to_disk

# Files of a job. The client's name of the video is never used.
VIDEO, RESULTS, ARCHIVE = "video", "results", "results.zip"
_ENDED, _STARTS = "ended.json", "starts"

_JOB = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes
    ----------
    error : str or None
        Why there are no results, in one line.
    """

    error: str | None


_ENDED_FILE = TypeAdapter(Ended)


class JobFiles:
    """The folder of all jobs.

    Parameters
    ----------
    place : Path
        Created if it does not exist; only one service may use it at a time.

    Examples
    --------
    >>> import tempfile
    >>> files = JobFiles(Path(tempfile.mkdtemp()))
    >>> with files.arriving() as video:
    ...     written = video.write_bytes(b"a video")
    ...     job = files.accept(video)
    >>> files.waiting() == [job]
    True
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """Give the path for a video that arrives; it is removed at the end, unless it was accepted.

        Raises
        ------
        PhysiocamError
            If the folder cannot be written to, or the disk is full.
        """
        with writing_to(self._place), folder_beside(self._place) as beside:
            yield beside / VIDEO

    def accept(self, video: Path) -> str:
        """Make a video that has arrived a job, which survives a crash or a power failure from here on.

        Parameters
        ----------
        video : Path
            From `arriving`.

        Returns
        -------
        str
            The job: 32 hexadecimal digits that nobody can guess.
        """
        job = uuid4().hex
        to_disk(video.parent)
        os.replace(video.parent, self.folder(job))
        settle(self._place)
        return job

    def folder(self, job: str) -> Path:
        """Return the folder of a job."""
        return self._place / job

    def waiting(self) -> list[str]:
        """Return the jobs that are not ended, the oldest first."""
        found = [job for job in self._jobs() if self.ended(job) is None]
        return sorted(found, key=lambda job: (self.folder(job) / VIDEO).stat().st_mtime_ns)

    def holds(self, job: str) -> bool:
        """Whether there is such a job."""
        return _JOB.fullmatch(job) is not None and self.folder(job).is_dir()

    def ended(self, job: str) -> Ended | None:
        """Return how a job ended; None if it has not ended."""
        try:
            return _ENDED_FILE.validate_json((self.folder(job) / _ENDED).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            return Ended("the record of its end is damaged; send the video again")

    def start(self, job: str) -> int:
        """Count a start of a job, and return how often it was started before."""
        with writing_to(self.folder(job)), (self.folder(job) / _STARTS).open("ab") as file:
            before = file.tell()
            file.write(b"*")
        return before

    def forget_start(self, job: str) -> None:
        """Take back the last start: the service ends in order, so the job was not the reason."""
        starts = self.folder(job) / _STARTS
        with suppress(OSError):
            os.truncate(starts, starts.stat().st_size - 1)

    def end(self, job: str, ended: Ended) -> None:
        """Record how a job ended, and delete its video.

        Raises
        ------
        PhysiocamError
            If the record cannot be written; the job then still waits.
        """
        with complete_file(self.folder(job) / _ENDED) as beside:
            beside.write_bytes(_ENDED_FILE.dump_json(ended))
        (self.folder(job) / VIDEO).unlink(missing_ok=True)

    def remove(self, job: str) -> None:
        """Delete everything of a job."""
        with suppress(OSError), folder_beside(self._place) as beside:
            os.replace(self.folder(job), beside / job)

    def tidy(self, keep_s: float) -> None:
        """Delete jobs that ended some time ago, and what a killed service left.

        Parameters
        ----------
        keep_s : float
            How long to keep a job after its end, in seconds.
        """
        remove_left_over(self._place)
        for job in self._jobs():
            with suppress(FileNotFoundError):
                ended_s = (self.folder(job) / _ENDED).stat().st_mtime
                (self.folder(job) / VIDEO).unlink(missing_ok=True)
                if time() - ended_s > keep_s:
                    self.remove(job)

    def _jobs(self) -> list[str]:
        return [path.name for path in self._place.iterdir() if self.holds(path.name)]
