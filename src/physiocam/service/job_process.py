"""What runs in the process of one job: it measures one video into the job's folder, within bounds."""

import json
import os
import signal
import sys
import zipfile
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from physiocam.batch.kept_results import VideoWork
from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_file
from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.parents import end_with_parent_process
from physiocam.foundation.provenance import code_version
from physiocam.measuring.options import MeasureOptions
from physiocam.results.measurement_files import MEASURED_WITH
from physiocam.service.job_files import ARCHIVE, RESULTS, VIDEO
from physiocam.service.limits import Limits
from physiocam.video.reader import open_video

# Between two messages about progress there are so many frames.
_EVERY = 10

# Where there are not so many bytes left, FFmpeg takes the lack of memory for a damaged video.
_SPARE = 32_000_000


def bound_process(memory_mb: int) -> None:
    """Let this process end with the service, and have no more memory than a limit; no core file is written.

    On Linux, the limit holds for all memory that the process allocates, in Python and in libraries. Windows has no such
    limit, and macOS does not enforce it for most allocations.

    Parameters
    ----------
    memory_mb : int
    """
    end_with_parent_process()
    # Ctrl-C reaches all processes of a terminal; the service ends this one itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        most = memory_mb * 1_000_000
        # RLIMIT_AS would also count what is only reserved: ONNX Runtime's reservations vary with the machine.
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_job(folder: Path, options: MeasureOptions, limits: Limits, service: Connection) -> None:
    """Measure the video of a job; tell the service the progress, and at the end the error or None.

    Parameters
    ----------
    folder : Path
        Of the job.
    options : MeasureOptions
    limits : Limits
    service : Connection
        Receives JSON: ``{"frames_done": ..., "frames": ...}``, and last ``{"error": ...}``.
    """
    bound_process(limits.memory_mb)
    # Results name the video as they were given it: relative to here, no path of this computer is in them.
    os.chdir(folder)
    (outcome,) = run_jobs(partial(_measure, options=options, limits=limits, service=service), [VIDEO])
    _tell(service, {"error": outcome.error})


def _measure(video: str, options: MeasureOptions, limits: Limits, service: Connection) -> None:
    def progress(done: int, total: int | None) -> None:
        if done % _EVERY == 0:
            _tell(service, {"frames_done": done, "frames": total})

    try:
        _check_length(video, limits.video_minutes)
        work = VideoWork(options, options.bundle().sha256, code_version(), progress=progress)
        work((video, Path(RESULTS)))
        _write_archive(Path(RESULTS))
    # Libraries are loaded when they are needed: one that cannot be lacks memory, since the service runs with it.
    except (MemoryError, ImportError, PhysiocamError) as error:
        if isinstance(error, PhysiocamError) and _is_memory_left():
            raise
        raise PhysiocamError(
            f"'{video}' needs more than {limits.memory_mb} MB of memory; send a smaller picture or a shorter video"
        ) from None


def _is_memory_left() -> bool:
    try:
        return len(bytearray(_SPARE)) == _SPARE
    except MemoryError:
        return False


def _check_length(path: str, most_minutes: float) -> None:
    with open_video(path) as video:
        minutes = (video.frames or 0) / video.fs / 60.0
    if minutes > most_minutes:
        raise PhysiocamError(f"'{path}' is {minutes:.3g} minutes long; expected at most {most_minutes:g}: cut it")


def _write_archive(results: Path) -> None:
    with (
        complete_file(ARCHIVE) as beside,
        zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in sorted(results.iterdir()):
            # The record of how it was measured names folders of this computer.
            if path.is_file() and path.name != MEASURED_WITH:
                archive.write(path, path.name)


def _tell(service: Connection, message: dict[str, object]) -> None:
    with suppress(BrokenPipeError):  # the service is ending, and this process with it
        service.send_bytes(json.dumps(message).encode())
