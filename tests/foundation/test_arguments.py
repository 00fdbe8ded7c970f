"""Arguments of every kind of number, and of none."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.arguments import face_choice, number, whole_number
from physiocam.measuring.stream import Stream
from physiocam.video.reader import open_video
from physiocam.video.writer import write_video

FRAMES = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), dtype=np.uint8)
THIRTY = [
    30,
    30.0,
    Fraction(30),
    Decimal("30"),
    np.float32(30),
    np.float64(30),
    np.int16(30),
    np.uint8(30),
    np.array(30),
]
NO_NUMBERS: list[Any] = [
    "30", b"30", True, np.True_, None, [30], (30,), np.array([30]), {}, 30 + 0j, object(), Fraction(10**400), "x" * 500,
]  # fmt: skip


def one_line(error: pytest.ExceptionInfo[PhysiocamError]) -> str:
    text = str(error.value)
    assert len(text.splitlines()) == 1
    assert len(text) < 200
    return text


@pytest.mark.parametrize("value", THIRTY, ids=lambda value: type(value).__name__)
def test_every_kind_of_number_is_one(value: Any) -> None:
    assert number(value, "fs") == 30.0
    assert type(number(value, "fs")) is float
    assert whole_number(value, "threads", least=1) == 30
    assert type(whole_number(value, "threads")) is int


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_anything_else_is_none(value: Any) -> None:
    for take in (number, whole_number):
        if take is whole_number and isinstance(value, Fraction):
            continue
        with pytest.raises(PhysiocamError, match=r"^fs is .*expected a (whole )?number") as error:
            take(value, "fs")
        one_line(error)


@pytest.mark.parametrize("value", [0, -1, 0.5, math.nan, math.inf, -math.inf, Decimal("NaN"), np.float32("nan")])
def test_what_is_not_whole_or_too_small(value: Any) -> None:
    with pytest.raises(PhysiocamError, match="expected a whole number of 1 or more"):
        whole_number(value, "threads", least=1)


@pytest.mark.parametrize(
    "face", [(1, 2, 40), (1.0, 2.0, 40.0), [1, 2, 40], np.array([1, 2, 40]), (np.int64(1), Fraction(2), Decimal(40))]
)
def test_a_face_of_any_three_whole_numbers(face: Any) -> None:
    assert face_choice(face) == (1, 2, 40)
    measurement = physiocam.measure(FRAMES, fs=30, face=face, method="pos")
    assert measurement.face.choice == "1,2,40"


@pytest.mark.parametrize(
    "face", ["left", b"auto", 5, None, (1, 2), (1, 2, 3, 4), (1.5, 2, 40), ("1", "2", "40"), (1, 2, math.nan), {}, ()]
)
def test_a_face_of_anything_else(face: Any) -> None:
    for measure in (lambda: physiocam.measure(FRAMES, fs=30, face=face, method="pos"), lambda: Stream(face=face)):
        known = r"^face is .*expected 'auto', 'find', 'center', 'bottom', 'whole' or \(x, y, size\)"
        with pytest.raises(PhysiocamError, match=known) as error:
            measure()
        one_line(error)


@pytest.mark.parametrize("fs", [Fraction(30000, 1001), Decimal("29.97"), np.float32(29.97), np.array(29.97)])
def test_rates_of_any_kind(fs: Any) -> None:
    measurement = physiocam.measure(FRAMES, fs=fs, face="center", method="pos")
    assert measurement.fs == pytest.approx(29.97, abs=1e-3)
    assert type(measurement.fs) is float
    assert measurement.to_json()
    assert Stream(fs=fs, face="center").fs == pytest.approx(29.97, abs=1e-3)


@pytest.mark.parametrize("fs", ["30", True, [30], 30 + 0j, math.nan, math.inf, -1, 0, Decimal("NaN"), b"30"])
def test_rates_that_are_none(fs: Any) -> None:
    for measure in (lambda: open_video(FRAMES, fs), lambda: physiocam.measure(FRAMES, fs=fs), lambda: Stream(fs=fs)):
        with pytest.raises(PhysiocamError, match=r"^fs is") as error:
            measure()
        one_line(error)


@pytest.mark.parametrize("threads", ["2", True, 0, -1, 1.5, math.nan, [2]])
def test_threads_that_are_none(threads: Any) -> None:
    for measure in (
        lambda: physiocam.measure(FRAMES, fs=30, face="center", threads=threads),
        lambda: Stream(threads=threads),
    ):
        with pytest.raises(PhysiocamError, match=r"^threads is .*expected a whole number of 1 or more") as error:
            measure()
        one_line(error)


def test_a_stream_takes_times_of_any_kind() -> None:
    stream = Stream(face="center", keep_s=Decimal(30))  # type: ignore[arg-type]
    for index, kind in enumerate((Fraction, np.float32, Decimal, np.int64, float)):
        stream.push(FRAMES[index], kind(index))
    assert stream.late == 0
    assert stream.measurement(np.float32(10)).frames > 0  # type: ignore[arg-type]
    for time in ("1", True, [1], math.nan):
        with pytest.raises(PhysiocamError, match=r"^timestamp_s is"):
            stream.push(FRAMES[0], time)  # type: ignore[arg-type]
    for seconds in ("1", True, math.nan, 0):
        with pytest.raises(PhysiocamError, match=r"^last_s is"):
            stream.measurement(seconds)  # type: ignore[arg-type]
        with pytest.raises(PhysiocamError, match=r"^keep_s is"):
            Stream(keep_s=seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [None, [], 5, "other", b"paper"])
def test_settings_that_are_none(settings: Any) -> None:
    for measure in (lambda: physiocam.measure(FRAMES, fs=30, settings=settings), lambda: Stream(settings=settings)):
        with pytest.raises(PhysiocamError, match=r"^settings is"):
            measure()


@pytest.mark.parametrize("method", [None, [], 5, "other"])
def test_methods_that_are_none(method: Any) -> None:
    with pytest.raises(PhysiocamError, match="method"):
        physiocam.measure(FRAMES, fs=30, method=method)


@pytest.mark.parametrize("weights", [None, [], 5, True])
def test_weights_that_are_none(weights: Any) -> None:
    for measure in (lambda: physiocam.measure(FRAMES, fs=30, weights=weights), lambda: Stream(weights=weights)):
        with pytest.raises(PhysiocamError, match="bundle"):
            measure()


def images_of(source: Any, **options: Any) -> list[NDArray[np.uint8]]:
    return [frame.image for frame in open_video(source, **options) if frame.image is not None]


def test_sources_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 25.0)
    assert len({len(images_of(source)) for source in (path, str(path), str(path).encode())}) == 1
    for source in (FRAMES, list(FRAMES), tuple(FRAMES)):
        assert np.array_equal(images_of(source, fs=30), FRAMES)
    assert physiocam.measure(list(FRAMES), fs=30, face="center", method="pos").source == "array"


@pytest.mark.parametrize(
    "source",
    [None, 5, {}, [], (), [1, 2], ["a.png"], [FRAMES[0], FRAMES[1][:20]], [FRAMES[0], None], iter(FRAMES), FRAMES[0]],
    ids=lambda source: type(source).__name__,
)
def test_sources_that_are_none(source: Any) -> None:
    with pytest.raises(VideoError) as error:
        open_video(source, fs=30)
    one_line(error)


@pytest.mark.parametrize("frames", [FRAMES.astype(np.float32), FRAMES.astype(bool), FRAMES.astype(object)])
def test_frames_of_another_kind(frames: NDArray[Any]) -> None:
    for source in (frames, list(frames)):
        with pytest.raises(VideoError, match="expected uint8"):
            open_video(source, fs=30)
