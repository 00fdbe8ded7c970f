"""Videos are measured as by the command line, or refused in one line; nothing is mixed up, lost or kept too long."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import wave
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.service.conftest import Client, run_service

from physiocam.errors import PhysiocamError
from physiocam.measuring.measure import measure
from physiocam.service.job_files import Ended, JobFiles
from physiocam.service.limits import Limits

Start = Callable[..., Client]


def test_a_video_is_measured_as_by_the_command_line(service: Start, clips: Path, tmp_path: Path) -> None:
    client = service()
    jobs = {frames: client.send(clips / f"{frames}.mp4") for frames in (20, 30, 40)}
    for frames, job in jobs.items():
        assert client.ended(job)["state"] == "done"
        _, measurement = client.ask("GET", f"/jobs/{job}/measurement")
        expected = json.loads(json.dumps(measure(clips / f"{frames}.mp4").to_dict()))
        assert measurement == expected | {"source": "video"}
        assert measurement["frames"] == frames
    status, content = client.ask("GET", f"/jobs/{job}/results.zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        assert {"measurement.json", "waveforms.csv", "rates.csv", "action_units.csv", "events.csv"} == names
        # No path of this computer is given away.
        assert not any(str(tmp_path).encode() in archive.read(name) for name in names)
    assert status == 200
    assert not list((tmp_path / "jobs").rglob("video"))


def png(width: int, height: int) -> bytes:
    """A picture of one colour: some kilobytes for any size."""

    def part(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    packed = zlib.compressobj(1)
    pixels = b"".join(packed.compress(bytes(1 + 3 * width)) for _ in range(height)) + packed.flush()
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", pixels) + part(b"IEND", b"")


def sound() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    return content.getvalue()


def archive(clips: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.write(clips / "20.mp4", "../../20.mp4")
    return content.getvalue()


def test_what_is_no_video_fails_in_one_line(service: Start, clips: Path) -> None:
    client = service()
    whole = (clips / "30.mp4").read_bytes()
    refused = {
        "text": b"this is not a video\n" * 100,
        "sound": sound(),
        "an archive": archive(clips),
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "the beginning of a video": whole[:500],
        "a picture of 42 million pixels": png(7000, 6000),
    }
    jobs = {}
    for name, content in refused.items():
        status, answer = client.ask("POST", "/jobs", content)
        assert status == 202, name
        jobs[name] = answer["job"]
    for name, job in jobs.items():
        state = client.ended(job)
        assert state["state"] == "failed", name
        assert re.fullmatch(r"'video' [^\n]+", state["error"]), name
        status, answer = client.ask("GET", f"/jobs/{job}/measurement")
        assert (status, answer["error"]) == (409, f"the job is failed: {state['error']}")


def test_limits_of_size_and_number_are_one_line(service: Start, clips: Path) -> None:
    client = service(upload_mb=1, waiting=1)
    assert client.ask("POST", "/jobs")[0] == 400
    status, answer = client.ask("POST", "/jobs", bytes(1_000_001))
    assert (status, answer) == (413, {"error": "the video has more than 1 MB; send a smaller one"})
    # Sent in pieces, its length is not known before.
    assert client.ask("POST", "/jobs", iter([bytes(600_000)] * 2))[0] == 413
    # One that arrives takes the only place.
    with socket.create_connection(("127.0.0.1", client.port)) as slow:
        slow.sendall(b"POST /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n12345")
        until = time.monotonic() + 10
        while (status := client.ask("POST", "/jobs", b"x")[0]) != 503 and time.monotonic() < until:
            time.sleep(0.1)
        assert status == 503


def test_a_long_video_is_refused_before_it_is_measured(service: Start, clips: Path) -> None:
    client = service(video_minutes=0.01)
    state = client.ended(client.send(clips / "30.mp4"))
    assert state["error"] == "'video' is 0.02 minutes long; expected at most 0.01: cut it"


def test_time_and_memory_are_bounded(service: Start, clips: Path, tmp_path: Path) -> None:
    client = service(tmp_path / "time", run_minutes=0.0005)
    assert client.ended(client.send(clips / "30.mp4"))["error"].startswith("measuring took longer than 0.0005 minutes")
    if sys.platform == "linux":
        client = service(tmp_path / "memory", memory_mb=150)
        error = client.ended(client.send(clips / "30.mp4"))["error"]
        assert "150 MB of memory" in error
        assert "\n" not in error


@pytest.mark.parametrize("job", ["..", "..%2f..", "%2e%2e", ".lock", "0" * 32, "0" * 32 + "%0a", "../../etc/passwd"])
def test_other_names_than_a_jobs_find_nothing(service: Start, job: str) -> None:
    client = service()
    for path in (f"/jobs/{job}", f"/jobs/{job}/measurement", f"/jobs/{job}/results.zip"):
        assert client.ask("GET", path)[0] == 404
    assert client.ask("DELETE", f"/jobs/{job}")[0] in (404, 405)


def test_a_deleted_job_leaves_nothing(service: Start, clips: Path, tmp_path: Path) -> None:
    client = service()
    first, second = client.send(clips / "40.mp4"), client.send(clips / "20.mp4")
    # The first one is being measured, or soon will be.
    for job in (second, first):
        assert client.ask("DELETE", f"/jobs/{job}")[0] == 204
    third = client.send(clips / "30.mp4")
    assert client.ended(third)["state"] == "done"
    assert client.ask("GET", f"/jobs/{second}")[0] == 404
    assert [path.name for path in (tmp_path / "jobs").iterdir() if not path.name.startswith(".")] == [third]


def test_results_are_deleted_after_a_while(tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    with files.arriving() as video:
        video.write_bytes(b"a video")
        job = files.accept(video)
    files.tidy(keep_s=0.0)
    assert files.waiting() == [job]
    files.end(job, Ended(None))
    assert not (files.folder(job) / "video").exists()
    files.tidy(keep_s=3600.0)
    assert files.holds(job)
    long_ago = time.time() - 3601
    os.utime(files.folder(job) / "ended.json", (long_ago, long_ago))
    files.tidy(keep_s=3600.0)
    assert not files.holds(job)
    assert not list(tmp_path.iterdir())


def test_what_arrived_in_part_is_no_job(tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    with files.arriving() as video:
        video.write_bytes(b"half a vid")
    assert files.waiting() == []
    assert not list(tmp_path.iterdir())


def test_a_video_that_ends_the_service_again_and_again_is_given_up(service: Start, clips: Path, tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    with files.arriving() as video:
        video.write_bytes((clips / "20.mp4").read_bytes())
        job = files.accept(video)
    for _ in range(3):
        files.start(job)
    error = service(tmp_path).ended(job)["error"]
    assert error == "the service was ended 3 times while it measured this video; measure it elsewhere"


def test_a_service_that_ends_in_order_does_not_count_against_a_job(service: Start, clips: Path, tmp_path: Path) -> None:
    with run_service(tmp_path, Limits()) as client:
        job = client.send(clips / "40.mp4")
        while client.ask("GET", f"/jobs/{job}")[1]["state"] == "waiting":
            time.sleep(0.02)
    files = JobFiles(tmp_path)
    if files.ended(job) is None:
        assert files.start(job) == 0
    assert service(tmp_path).ended(job)["state"] == "done"


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_an_address_of_another_computer_is_one_line(host: str, tmp_path: Path) -> None:
    with (
        pytest.raises(PhysiocamError, match=f"^host is '{host}'; expected an address of this computer"),
        run_service(tmp_path / "jobs", Limits(), host=host),
    ):
        pytest.fail("it listens")
    assert not (tmp_path / "jobs").exists()


def test_limits_are_positive() -> None:
    with pytest.raises(PhysiocamError, match=r"^keep_hours is 0; expected a positive number"):
        Limits(keep_hours=0)


def start_command(place: Path) -> tuple[subprocess.Popen[str], Client]:
    command = [sys.executable, "-m", "physiocam", "serve", str(place), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    found = re.match(r"http://127\.0\.0\.1:(\d+)/ takes videos", process.stdout.readline())
    assert found is not None
    return process, Client(int(found[1]))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_no_accepted_job_is_lost_when_the_service_is_killed(clips: Path, tmp_path: Path) -> None:
    process, client = start_command(tmp_path)
    jobs = {frames: client.send(clips / f"{frames}.mp4") for frames in (20, 30, 40)}
    client.ended(jobs[20])
    process.kill()
    process.wait()
    process, client = start_command(tmp_path)
    try:
        for frames, job in jobs.items():
            assert client.ended(job)["state"] == "done"
            assert client.ask("GET", f"/jobs/{job}/measurement")[1]["frames"] == frames
        assert subprocess.run(
            [sys.executable, "-m", "physiocam", "serve", str(tmp_path), "--port", "0"],
            capture_output=True, text=True, timeout=60, check=False,
        ).stderr.startswith("physiocam: another process is serving from")  # fmt: skip
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
