"""Measures the jobs one after the other, or several at a time, each in a process of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Condition, Thread
from time import monotonic

from physiocam.errors import PhysiocamError
from physiocam.measuring.options import MeasureOptions
from physiocam.service.job_files import Ended, JobFiles
from physiocam.service.job_process import run_job
from physiocam.service.limits import Limits
from physiocam.service.processes import start_process

# A job that was started so often when the service was killed may be what kills it.
_MOST_STARTS = 3

_LONGEST_MESSAGE = 1_000_000

# Seconds between two looks for jobs that are to be deleted.
_TIDY_S = 60.0


class FullError(PhysiocamError):
    """As many jobs are waiting as the service takes."""


@dataclass(frozen=True)
class JobState:
    """How a job stands, for a client.

    Attributes
    ----------
    state : str
        "waiting", "running", "done" or "failed".
    ahead : int
        Of a waiting job: jobs that are measured before it.
    frames_done, frames : int or None
        Of a running job: frames measured, and in all if that is known.
    error : str or None
        Of a failed job: why, in one line.
    """

    state: str
    ahead: int | None = None
    frames_done: int | None = None
    frames: int | None = None
    error: str | None = None


@dataclass
class _Running:
    process: BaseProcess | None = None
    frames_done: int = 0
    frames: int | None = None
    removed: bool = False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()


class JobQueue:
    """The jobs of a service, and the threads that have them measured.

    Parameters
    ----------
    files : JobFiles
        Jobs that wait there are taken up.
    options : MeasureOptions
    limits : Limits
    jobs : int
        Jobs measured at a time.
    complain : callable
        Called with one line if a job's end cannot be recorded.
    """

    def __init__(
        self,
        files: JobFiles,
        options: MeasureOptions,
        limits: Limits,
        jobs: int,
        complain: Callable[[str], None],
    ) -> None:
        self.files = files
        self._options, self._limits, self._complain = options, limits, complain
        self._changed = Condition()
        self._stopping = False
        self._arriving = 0
        self._running: dict[str, _Running] = {}
        files.tidy(limits.keep_hours * 3600)
        self._waiting = files.waiting()
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(jobs)]
        self._threads.append(Thread(target=self._tidy, daemon=True))

    def start(self) -> None:
        """Begin to measure."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all processes; their jobs wait for the next start of the service."""
        with self._changed:
            self._stopping = True
            for running in self._running.values():
                running.kill()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for a job that arrives.

        Raises
        ------
        FullError
            If there is none.
        """
        with self._changed:
            if self._arriving + len(self._waiting) >= self._limits.waiting:
                raise FullError(f"{self._limits.waiting} videos are waiting, which is the most; try again in a minute")
            self._arriving += 1
        try:
            yield
        finally:
            with self._changed:
                self._arriving -= 1

    def add(self, job: str) -> None:
        """Put an accepted job at the end."""
        with self._changed:
            self._waiting.append(job)
            # All: the thread that tidies waits too.
            self._changed.notify_all()

    def state(self, job: str) -> JobState | None:
        """Return the state of a job; None if there is no such job."""
        with self._changed:
            if (running := self._running.get(job)) is not None:
                return JobState("running", frames_done=running.frames_done, frames=running.frames)
            if job in self._waiting:
                return JobState("waiting", ahead=self._waiting.index(job) + len(self._running))
            if not self.files.holds(job):
                return None
            # Without an end, it arrived just now, or its end could not be recorded.
            ended = self.files.ended(job)
        if ended is None:
            return JobState("waiting")
        return JobState("done" if ended.error is None else "failed", error=ended.error)

    def remove(self, job: str) -> None:
        """Delete a job and everything of it; if it is being measured, that ends."""
        with self._changed:
            if (running := self._running.get(job)) is not None:
                running.removed = True
                running.kill()
                return
            if job in self._waiting:
                self._waiting.remove(job)
        self.files.remove(job)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._finish(job, self._measure(job))
            except (PhysiocamError, OSError) as error:  # such as a full disk: the job stays in its folder
                self._complain(f"job {job} waits for the next start of the service: {error}")
            finally:
                with self._changed:
                    del self._running[job]

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting)
            if self._stopping:
                return None
            job = self._waiting.pop(0)
            self._running[job] = _Running()
            return job

    def _measure(self, job: str) -> Ended | None:
        """Have a job measured; None if its process ended without saying how it went."""
        if self.files.start(job) >= _MOST_STARTS:
            return Ended(
                f"the service was ended {_MOST_STARTS} times while it measured this video; measure it elsewhere"
            )
        process, connection = start_process(run_job, self.files.folder(job), self._options, self._limits)
        running = self._running[job]
        with self._changed:
            running.process = process
            if running.removed or self._stopping:
                process.kill()
        try:
            with connection:
                return self._listen(running, connection)
        finally:
            process.kill()
            process.join()

    def _listen(self, running: _Running, connection: Connection) -> Ended | None:
        minutes = self._limits.run_minutes
        until = monotonic() + 60.0 * minutes
        # What is no message as run_job sends it ends the job like a crash.
        with suppress(EOFError, OSError, ValueError, KeyError, TypeError):
            while connection.poll(max(until - monotonic(), 0.0)):
                # JSON, since a process that has read a stranger's video is not trusted.
                message = json.loads(connection.recv_bytes(_LONGEST_MESSAGE))
                if "error" in message:
                    return Ended(None if message["error"] is None else str(message["error"]))
                running.frames_done, running.frames = message["frames_done"], message["frames"]
            return Ended(f"measuring took longer than {minutes:g} minutes; send a shorter video, or a smaller picture")
        return None

    def _finish(self, job: str, ended: Ended | None) -> None:
        with self._changed:
            removed, stopping = self._running[job].removed, self._stopping
        if removed:
            self.files.remove(job)
        elif ended is None and stopping:
            self.files.forget_start(job)
        else:
            most = self._limits.memory_mb
            died = Ended(f"its process ended: a damaged video, or more than {most} MB of memory")
            self.files.end(job, ended or died)

    def _tidy(self) -> None:
        while not self._stops_within(_TIDY_S):
            with suppress(OSError):  # such as a folder that is not there for a moment: the next turn finds the rest
                self.files.tidy(self._limits.keep_hours * 3600)

    def _stops_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, seconds)
