"""The process of a job: what a lack of memory is called."""

from pathlib import Path

import pytest

pytest.importorskip("starlette")

from physiocam.errors import PhysiocamError
from physiocam.measuring.options import MeasureOptions
from physiocam.service import job_process
from physiocam.service.limits import Limits


class Deaf:
    """A connection to a service that does not listen."""

    def send_bytes(self, message: bytes) -> None:
        pass


@pytest.mark.parametrize("error", [MemoryError(), ImportError("stream.so: failed to map segment from shared object")])
def test_what_cannot_be_loaded_lacks_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(job_process, "_check_length", failing)
    with pytest.raises(PhysiocamError, match=r"^'video' needs more than 150 MB of memory; send a smaller picture"):
        job_process._measure("video", MeasureOptions(), Limits(memory_mb=150), Deaf())  # type: ignore[arg-type]
