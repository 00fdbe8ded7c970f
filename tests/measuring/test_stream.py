"""Frames pushed as they come say what the recording says, and no more than that."""

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.errors import PhysiocamError
from physiocam.results.measurement import Measurement
from physiocam.video.reader import open_video
from physiocam.video.writer import write_video

FS = 30.0


@pytest.fixture(scope="module")
def networks() -> physiocam.Stream:
    """One stream for all tests: loading it anew takes longer than most of them."""
    return physiocam.Stream(threads=1)


@pytest.fixture
def stream(networks: physiocam.Stream) -> physiocam.Stream:
    networks.reset()
    return networks


def pushed(stream: physiocam.Stream, frames: Iterable[NDArray[np.uint8]], times: Iterable[float]) -> Measurement:
    for frame, time_s in zip(frames, times, strict=True):
        stream.push(frame, time_s)
    return stream.measurement()


def test_it_agrees_with_the_recording(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    whole = physiocam.measure(beating, fs=FS)
    told = pushed(stream, beating, 7.0 + np.arange(len(beating)) / FS)
    assert whole.heart_rate.value is not None
    assert told.heart_rate.value == pytest.approx(whole.heart_rate.value, abs=1.0)
    assert told.heart_rate.quality == pytest.approx(whole.heart_rate.quality, abs=0.15)
    assert told.frames == whole.frames
    assert told.timestamps_s == pytest.approx(whole.timestamps_s)
    assert np.array_equal(told.face_squares, whole.face_squares)
    assert told.weights == whole.weights
    for label, unit in whole.action_units.items():
        assert told.action_units[label].mean_probability == pytest.approx(unit.mean_probability, abs=0.05)
    # All but the first second, in which the statistics are still young.
    both = np.isfinite(told.pulse) & np.isfinite(whole.pulse) & (whole.timestamps_s > 1.0)
    assert both.sum() > 0.9 * len(beating)
    assert np.corrcoef(told.pulse[both], whole.pulse[both])[0, 1] > 0.95


def test_the_real_clip_agrees(stream: physiocam.Stream, shared: Path) -> None:
    (path,) = (shared / "data" / "vitallens_1").glob("*.mp4")
    whole = physiocam.measure(path)
    with open_video(path) as video:
        for frame in video.own_frames():
            stream.push(frame.image, frame.timestamp_s)
    told = stream.measurement()
    assert whole.heart_rate.value is not None
    assert told.heart_rate.value == pytest.approx(whole.heart_rate.value, abs=1.0)
    assert told.heart_rate.value == pytest.approx(75.4, abs=1.0)
    assert told.breathing_rate.value is None


@pytest.mark.usefixtures("traced_once")
def test_the_authors_networks_stream_too(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from physiocam.weights.importer import import_checkpoints

    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path))
    (checkpoint,) = (shared / "weights" / "authors").glob("*Heart_Clip3_Split1*.pth")
    told = physiocam.Stream(weights=import_checkpoints([checkpoint], "authors"), threads=1)
    with open_video(shared / "data" / "vitallens_1" / "video.mp4") as video:
        for frame in video.own_frames():
            told.push(frame.image, frame.timestamp_s)
    measurement = told.measurement()
    assert measurement.heart_rate.value == pytest.approx(75.4, abs=1.5)
    assert "does not measure respiration" in str(measurement.breathing_rate.note)
    assert measurement.action_units == {}


def test_an_empty_scene_says_nothing(stream: physiocam.Stream, shared: Path) -> None:
    with open_video(shared / "data" / "clips" / "no_face.mp4") as video:
        for frame in video.own_frames():
            stream.push(frame.image, frame.timestamp_s)
    told = stream.measurement()
    assert not told.face_found.any()
    for rate in (told.heart_rate, told.breathing_rate):
        assert (rate.value, rate.quality, rate.note) == (None, 0.0, "no face was found")
    assert all(unit.mean_probability is None for unit in told.action_units.values())


def test_it_says_what_it_still_needs(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    nothing = stream.measurement()
    assert nothing.frames == 0
    assert nothing.heart_rate.value is None
    assert nothing.heart_rate.note == "no face was found"
    notes = []
    for index, frame in enumerate(beating[:240]):
        stream.push(frame, index / FS)
        if index in (0, 89, 239):
            notes.append(stream.measurement())
    first, early, later = notes
    assert first.frames == 1
    assert early.heart_rate.value is None
    assert "heart rate needs 6 s" in str(early.heart_rate.note)
    assert early.action_units["AU12"].mean_probability is not None
    assert later.heart_rate.value == pytest.approx(84.0, abs=3.0)
    assert "breathing needs 15 s" in str(later.breathing_rate.note)


def test_lost_frames_cost_no_rate(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(rng.random(len(beating)) > 0.15)
    told = pushed(stream, beating[kept], kept / FS)
    assert told.heart_rate.value == pytest.approx(84.0, abs=1.5)
    assert told.frames == kept[-1] + 1
    assert told.face.found_fraction == 1.0


def test_a_hole_is_a_gap(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    kept = np.r_[0:200, 260 : len(beating)]
    told = pushed(stream, beating[kept], kept / FS)
    assert not told.face_found[215:245].any()
    assert np.isnan(told.pulse[215:245]).all()
    assert np.isnan(told.action_unit_probability[215:245]).all()
    assert told.heart_rate.value == pytest.approx(84.0, abs=2.0)


def test_another_camera_rate_is_the_same_heart(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    every_second = np.arange(0, len(beating), 2)
    told = pushed(stream, beating[every_second], every_second / FS)
    assert told.heart_rate.value == pytest.approx(84.0, abs=3.0)
    assert told.face_found.all()
    stream.reset()
    # 60 frames/s are thinned to the rate that the networks know.
    told = pushed(stream, np.repeat(beating, 2, axis=0), np.arange(2 * len(beating)) / (2 * FS))
    assert told.heart_rate.value == pytest.approx(84.0, abs=3.0)


@pytest.mark.parametrize("fs", [3.75, 5.0])
def test_frames_that_come_too_slowly_have_no_heart_rate(
    stream: physiocam.Stream, beating: NDArray[np.uint8], fs: float
) -> None:
    # 84 beats/min at 3.75 frames/s look like something slower on a grid of 30.
    chosen = np.arange(0, len(beating), round(FS / fs))
    told = pushed(stream, beating[chosen], chosen / FS)
    assert told.heart_rate.value is None
    assert told.heart_rate.quality == 0.0
    assert "frames per second are too few; heart rate needs more than 6" in str(told.heart_rate.note)
    assert np.isnan(told.pulse).all()
    assert any(note.startswith("frames came at") for note in told.notes)


@pytest.mark.parametrize("phase", [36, 84])
def test_repeated_frames_cost_no_breath(stream: physiocam.Stream, beating: NDArray[np.uint8], phase: int) -> None:
    order = np.arange(len(beating))
    for start in range(phase, len(order) - 6, 180):
        order[start : start + 6] = start
    pushed(stream, beating[order], np.arange(len(order)) / FS)
    (sight,) = stream._sights.values()
    assert sight.person is not None
    slow = sight.person._scenes[-1].slow
    assert slow is not None
    known = slow.log.rows["respiration"]
    known = known[np.isfinite(known)]
    assert len(known) >= 75
    assert (known != 0.0).all()


def test_late_frames_are_left_out_and_told(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    times = np.arange(240) / FS
    order = np.arange(240)
    order[100:102] = 101, 100
    told = pushed(stream, beating[order], times[order])
    assert stream.late == 1
    assert stream.frames == 240
    assert told.notes == ("1 of 240 frames were not newer than the frame before and were left out",)
    assert told.heart_rate.value == pytest.approx(84.0, abs=3.0)


def test_a_face_that_goes_and_comes(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    empty = np.full_like(beating[0], 90)
    frames = [*beating[:90], *[empty] * 90, *beating[90:180]]
    told = pushed(stream, frames, np.arange(len(frames)) / FS)
    assert told.face_found[:85].all()
    # The tracker looks once a second; what it then misses is taken back to where the face was last seen.
    assert not told.face_found[100:180].any()
    assert told.face_found[195:].all()
    assert np.isnan(told.pulse[100:180]).all()


def test_of_two_faces_the_larger_is_followed(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    height, width = beating.shape[1:3]
    scene = np.full((90, height, width + width // 2, 3), 90, dtype=np.uint8)
    scene[:, :, :width] = beating[:90]
    scene[30:, : height // 2, width : width + width // 2] = beating[30:90, ::2, ::2][:, : height // 2, : width // 2]
    alone = pushed(stream, beating[:90], np.arange(90) / FS)
    stream.reset()
    both = pushed(stream, scene, np.arange(90) / FS)
    assert both.face_found.all()
    # The same face, whoever comes in beside it; the detector sees a wider picture a little coarser.
    assert np.abs(both.face_squares - alone.face_squares).max() < 0.15 * alone.face_squares[0, 2]


def test_a_still_picture_has_no_pulse(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(1)
    for index in range(300):
        noisy = beating[0] + rng.normal(0.0, 0.4, beating[0].shape)
        stream.push(np.clip(noisy, 0, 255).astype(np.uint8), index / FS)
    told = stream.measurement()
    assert told.face_found.all()
    assert told.heart_rate.value is None
    assert told.heart_rate.quality < 0.2
    assert told.breathing_rate.value is None


def test_a_photograph_made_a_video_has_no_pulse(
    stream: physiocam.Stream, beating: NDArray[np.uint8], tmp_path: Path
) -> None:
    write_video(tmp_path / "still.mp4", iter(np.repeat(beating[:1], 500, axis=0)), FS, 12)
    with open_video(tmp_path / "still.mp4") as video:
        for frame in video.own_frames():
            stream.push(frame.image, frame.timestamp_s)
    told = stream.measurement()
    for rate in (told.heart_rate, told.breathing_rate):
        assert (rate.value, rate.quality) == (None, 0.0)


def test_another_resolution_is_another_picture(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    half = beating[:, ::2, ::2]
    frames = [*beating[:150], *half[150:300]]
    told = pushed(stream, frames, np.arange(300) / FS)
    assert told.face_found.all()
    assert told.face_squares[200, 2] == pytest.approx(told.face_squares[100, 2] / 2, rel=0.2)


def test_only_the_last_seconds_are_kept_and_told(beating: NDArray[np.uint8]) -> None:
    stream = physiocam.Stream(keep_s=8.0, threads=1)
    told = pushed(stream, beating, np.arange(len(beating)) / FS)
    assert told.timestamps_s[0] == pytest.approx(len(beating) / FS - 8.0, abs=2 / FS)
    assert told.heart_rate.value == pytest.approx(84.0, abs=3.0)
    last = stream.measurement(last_s=3.0)
    assert last.duration_s == pytest.approx(3.0, abs=2 / FS)
    assert "heart rate needs 6 s" in str(last.heart_rate.note)


def test_a_reset_leaves_nothing_behind(stream: physiocam.Stream, beating: NDArray[np.uint8]) -> None:
    first = pushed(stream, beating[:240], np.arange(240) / FS)
    stream.reset()
    assert stream.frames == 0
    assert stream.measurement().frames == 0
    again = pushed(stream, beating[:240], np.arange(240) / FS)
    assert np.array_equal(first.pulse, again.pulse, equal_nan=True)
    assert first.to_dict() == again.to_dict()


def test_memory_does_not_grow() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (30, 48, 48, 3), dtype=np.uint8)
    after = []
    tracemalloc.start()
    try:
        stream = physiocam.Stream(keep_s=5.0, face=(0, 0, 48), threads=1)
        # The log has its full room before the third part.
        for part in range(5):
            for index in range(240):
                stream.push(frames[index % 30], (240 * part + index) / FS)
            after.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert after[4] - after[3] < 20_000, after


def test_its_results_are_written_like_a_recording_s(
    stream: physiocam.Stream, beating: NDArray[np.uint8], tmp_path: Path
) -> None:
    pushed(stream, beating[:240], np.arange(240) / FS).write(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"measurement.json", "waveforms.csv", "rates.csv", "action_units.csv", "events.csv"}


def test_frames_without_times_come_evenly(beating: NDArray[np.uint8]) -> None:
    stream = physiocam.Stream(fs=15.0, threads=1)
    for frame in beating[::2]:
        stream.push(frame)
    told = stream.measurement()
    assert told.fs == 15.0
    assert told.duration_s == pytest.approx(18.0, abs=0.1)
    assert told.heart_rate.value == pytest.approx(84.0, abs=3.0)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((10, 10), np.uint8), r"image is \(10, 10\)"),
        (np.zeros((0, 10, 3), np.uint8), r"image is \(0, 10, 3\)"),
        (np.zeros((10, 10, 3), np.int64), "image is int64"),
        (None, "image is NoneType"),
    ],
)
def test_what_is_no_frame_is_refused(stream: physiocam.Stream, image: NDArray[np.uint8], told: str) -> None:
    with pytest.raises(PhysiocamError, match=told):
        stream.push(image, 0.0)
    assert stream.frames == 0


def test_times_that_make_no_sense_are_refused(stream: physiocam.Stream) -> None:
    frame = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(PhysiocamError, match="timestamp_s is nan"):
        stream.push(frame, float("nan"))
    stream.push(frame, 100.0)
    with pytest.raises(PhysiocamError, match=r"0\.0 s before|100\.0 s before"):
        stream.push(frame, 0.0)
    with pytest.raises(PhysiocamError, match="after the last frame's; call reset"):
        stream.push(frame, 1.7e9)
    stream.push(frame, 100.1)
    assert stream.frames == 2


def test_arguments_that_make_no_sense_are_refused(stream: physiocam.Stream) -> None:
    with pytest.raises(PhysiocamError, match="keep_s is 0"):
        physiocam.Stream(keep_s=0)
    with pytest.raises(PhysiocamError, match="fs is -1"):
        physiocam.Stream(fs=-1)
    with pytest.raises(PhysiocamError, match="settings is 'other'"):
        physiocam.Stream(settings="other")
    with pytest.raises(PhysiocamError, match="last_s is 0"):
        stream.measurement(last_s=0)
