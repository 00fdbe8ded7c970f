"""The whole job: answers where there are some, honest gaps where there are none."""

import gc
import json
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.errors import BundleError, PhysiocamError, VideoError
from physiocam.measuring import measure as measuring
from physiocam.measuring.face_frames import open_frames
from physiocam.measuring.skin_colour import SkinColour
from physiocam.results.measurement import Measurement
from physiocam.signals.methods import METHODS
from physiocam.signals.rate import estimate_rate
from physiocam.signals.settings import SETTINGS
from physiocam.signals.waveform import clean_waveform
from physiocam.video.face_source import people_locator
from physiocam.video.writer import write_video
from physiocam.weights.runtime import Runtime

FS = 30.0


@pytest.fixture(scope="module")
def beating(beating: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """12 s of it: too short for breathing."""
    return beating[:360]


def nothing_said(measurement: Measurement) -> None:
    for rate in (measurement.heart_rate, measurement.breathing_rate):
        assert rate.value is None
        assert rate.quality == 0.0
        assert rate.note
    assert np.isnan(measurement.pulse).all()
    assert (measurement.face_squares == -1).all()
    assert np.isnan(measurement.action_unit_probability).all()
    assert all(unit.mean_probability is None for unit in measurement.action_units.values())


def test_a_beating_face_is_measured(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    measurement = physiocam.measure(beating, fs=FS)
    assert measurement.heart_rate.value == pytest.approx(84.0, abs=3.0)
    assert measurement.face.found_fraction == 1.0
    assert measurement.face.choice == "auto"
    x, y, side = measurement.face_squares.T
    assert measurement.face_squares.shape == (measurement.frames, 3)
    assert (x >= 0).all()
    assert (y >= 0).all()
    assert (np.minimum(*beating.shape[1:3]) >= side).all()
    assert measurement.breathing_rate.value is None
    assert "15 s" in str(measurement.breathing_rate.note)
    assert measurement.frames == len(beating) == len(measurement.pulse)
    assert set(measurement.action_units) == {
        "AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24",
        "AU25", "AU26", "AU45",
    }  # fmt: skip
    # The portrait smiles.
    smile = measurement.action_units["AU12"].mean_probability
    assert smile is not None
    assert smile > 0.5
    along = measurement.heart_rate_along.value
    assert np.nanmedian(along) == pytest.approx(84.0, abs=4.0)


def test_a_file_gives_what_its_frames_give_and_the_same_bytes_twice(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", iter(beating[:200]), FS)
    for folder in ("one", "two"):
        physiocam.measure(tmp_path / "clip.mp4").write(tmp_path / folder)
    for name in ("measurement.json", "waveforms.csv", "rates.csv", "action_units.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_long_recordings_in_blocks_agree_with_one_block(
    beating: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = physiocam.measure(beating, fs=FS)
    monkeypatch.setattr("physiocam.measuring.network_inputs._BLOCK_S", 5.0)
    parts = physiocam.measure(beating, fs=FS)
    assert parts.frames == whole.frames
    assert whole.heart_rate.value is not None
    assert parts.heart_rate.value == pytest.approx(whole.heart_rate.value, abs=1.5)


def test_no_face_is_an_answer_not_an_error() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 120, 160, 3)).astype(np.uint8)
    measurement = physiocam.measure(noise, fs=FS)
    assert measurement.face.found_fraction == 0.0
    nothing_said(measurement)
    assert "no face" in str(measurement.heart_rate.note)


def test_a_clip_without_a_face(shared: Path) -> None:
    nothing_said(physiocam.measure(shared / "data" / "clips" / "no_face.mp4"))


def test_a_face_that_leaves_and_comes_back_leaves_a_gap(beating: NDArray[np.uint8]) -> None:
    frames = beating.copy()
    frames[120:240] = 90
    measurement = physiocam.measure(frames, fs=FS)
    found = measurement.face_found
    assert found[:115].all()
    assert not found[130:240].any()
    assert found[255:].all()
    assert np.isnan(measurement.pulse[130:240]).all()
    assert np.isnan(measurement.action_unit_probability[130:240]).all()
    whole = physiocam.measure(beating, fs=FS)
    assert measurement.heart_rate.quality < whole.heart_rate.quality


@pytest.mark.parametrize("frames", [1, 2, 3, 20])
def test_too_few_frames_say_so(frames: int) -> None:
    video = np.random.default_rng(0).integers(0, 256, (frames, 64, 64, 3)).astype(np.uint8)
    measurement = physiocam.measure(video, fs=FS, face="center")
    assert measurement.frames == frames
    assert measurement.heart_rate.value is None
    assert "heart rate needs 6 s" in str(measurement.heart_rate.note)
    assert np.isfinite(measurement.action_unit_probability).all()


def test_one_pixel_and_8k_frames_are_measured_like_others() -> None:
    for shape in ((1, 1), (4320, 7680)):
        video = np.zeros((3, *shape, 3), dtype=np.uint8)
        measurement = physiocam.measure(video, fs=FS, face="center")
        assert measurement.heart_rate.value is None


def test_a_still_picture_has_no_pulse(beating: NDArray[np.uint8]) -> None:
    measurement = physiocam.measure(np.repeat(beating[:1], 400, axis=0), fs=FS)
    assert measurement.heart_rate.value is None
    assert measurement.heart_rate.note


@pytest.mark.parametrize("crf", [12, 20, 32])
def test_a_photograph_made_a_video_has_no_pulse(beating: NDArray[np.uint8], tmp_path: Path, crf: int) -> None:
    # The codec gives it a rhythm of its own, that of its groups of pictures.
    write_video(tmp_path / "still.mp4", iter(np.repeat(beating[:1], 400, axis=0)), FS, crf)
    measurement = physiocam.measure(tmp_path / "still.mp4")
    for rate in (measurement.heart_rate, measurement.breathing_rate):
        assert (rate.value, rate.quality) == (None, 0.0)
        assert rate.note


def test_nothing_beats_where_nothing_moves(beating: NDArray[np.uint8]) -> None:
    # Less than a level now and then, in a rhythm of 75 a minute: traces of a codec.
    video = np.repeat(beating[:1] // 2 + 40, 400, axis=0)
    video[::24, ::5, ::5] += 1
    measurement = physiocam.measure(video, fs=FS, face=(150, 60, 120))
    assert measurement.heart_rate.value is None
    assert measurement.heart_rate.note == "the signal is flat"
    assert not measurement.pulse.any()
    assert np.isfinite(measurement.action_unit_probability).all()


def test_a_truncated_file_is_measured_as_far_as_it_goes(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    import av

    path = tmp_path / "clip.mkv"
    write_video(tmp_path / "clip.mp4", iter(beating[:150]), FS)
    with av.open(str(tmp_path / "clip.mp4")) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    measurement = physiocam.measure(path)
    assert 10 < measurement.frames < 150


@pytest.mark.parametrize(
    ("video", "fs", "words"),
    [
        (np.zeros((5, 8, 8, 3), np.int32), 30.0, "uint8"),
        (np.full((5, 8, 8, 3), np.nan), 30.0, "uint8"),
        (np.zeros((5, 8, 8), np.uint8), 30.0, "shape"),
        (np.zeros((5, 8, 8, 4), np.uint8), 30.0, "shape"),
        (np.zeros((0, 8, 8, 3), np.uint8), 30.0, "frame"),
        (np.zeros((5, 8, 8, 3), np.uint8), None, "fs"),
        (np.zeros((5, 8, 8, 3), np.uint8), -30.0, "-30"),
        (np.zeros((5, 8, 8, 3), np.uint8), float("nan"), "nan"),
        (np.zeros((5, 8, 8, 3), np.uint8), 0.0, "0"),
    ],
)
def test_wrong_arrays_say_what_was_expected(video: NDArray[np.uint8], fs: float | None, words: str) -> None:
    with pytest.raises(VideoError, match=words) as caught:
        physiocam.measure(video, fs=fs)
    assert "\n" not in str(caught.value)


def test_wrong_settings_and_squares_say_what_was_expected() -> None:
    video = np.zeros((5, 8, 8, 3), np.uint8)
    with pytest.raises(PhysiocamError, match="default, paper"):
        physiocam.measure(video, fs=FS, settings="best")
    with pytest.raises(PhysiocamError, match="8x8 frame"):
        physiocam.measure(video, fs=FS, face=(0, 0, 9))
    with pytest.raises(PhysiocamError, match="face is 'left'"):
        physiocam.measure(video, fs=FS, face="left")  # type: ignore[call-overload]


def test_progress_reaches_the_end() -> None:
    seen: list[tuple[int, int | None]] = []
    video = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3)).astype(np.uint8)
    physiocam.measure(video, fs=FS, face="center", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("settings", ["default", "paper"])
def test_the_default_bundle_reads_a_real_pulse(shared: Path, settings: str) -> None:
    folder = shared / "data" / "vitallens_1"
    measurement = physiocam.measure(folder / "video.mp4", settings=settings)
    assert measurement.heart_rate.value == pytest.approx(75.4, abs=2.5)
    assert json.loads(measurement.to_json())["heart_rate"]["unit"] == "beats/min"
    finger = np.genfromtxt(folder / "vitals.csv", delimiter=",", names=True)["ppg"]
    sensor = clean_waveform(np.diff(finger, append=np.nan), measurement.fs, "heart", measurement.settings)
    seen = np.isfinite(measurement.pulse) & np.isfinite(sensor)

    def agreement(wave: NDArray[np.float64]) -> float:
        return float(np.corrcoef(wave[seen], sensor[seen])[0, 1])

    if settings == "default":
        assert measurement.heart_rate.value == pytest.approx(75.4, abs=1.0)
        # What lies around the rate is nearer to the finger's pulse than all of the band.
        assert agreement(measurement.pulse) >= 0.85
        assert agreement(measurement.pulse_band) < 0.8
    else:
        np.testing.assert_array_equal(measurement.pulse, measurement.pulse_band)


def test_without_a_heart_rate_the_pulse_is_not_filtered_around_one() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (240, 40, 40, 3)).astype(np.uint8)
    measurement = physiocam.measure(noise, fs=30.0, face="whole")
    assert measurement.heart_rate.value is None
    np.testing.assert_array_equal(measurement.pulse, measurement.pulse_band)


@pytest.mark.usefixtures("traced_once")
def test_the_authors_networks_read_a_real_pulse_together_and_alone(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from physiocam.weights.importer import import_checkpoints

    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path))
    video = shared / "data" / "vitallens_1" / "video.mp4"
    files = sorted((shared / "weights" / "authors").glob("*.pth"))
    assert len(files) == 9
    # The networks for action units take most of the time and do not read the pulse: one of them is enough.
    (big, *_), small = [[f for f in files if kind in f.name] for kind in ("Big_AU", "Small")]
    folds = [[f for f in files if f"Heart_Clip3_Split{fold}" in f.name] for fold in (1, 2, 3)]
    bundles = [import_checkpoints(some, f"authors{i}") for i, some in enumerate([[big, *small], *folds])]
    for bundle in bundles:
        measurement = physiocam.measure(video, weights=bundle)
        assert measurement.heart_rate.value == pytest.approx(75.4, abs=1.5), bundle.info.name
    # A bundle without a task says so instead of guessing.
    assert "does not measure respiration" in str(measurement.breathing_rate.note)
    assert measurement.action_units == {}


def test_a_measurement_without_rates_is_still_written_whole(tmp_path: Path) -> None:
    video = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3)).astype(np.uint8)
    measurement = physiocam.measure(video, fs=FS)
    replace(measurement, source="x").write(tmp_path)
    assert len((tmp_path / "waveforms.csv").read_text().splitlines()) == 11
    assert (tmp_path / "rates.csv").read_text().startswith("timestamp_s,heart_rate,")


# --- Classical methods


@pytest.mark.parametrize("method", METHODS)
def test_a_beating_face_is_measured_by_a_classical_method(
    beating: NDArray[np.uint8], method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("physiocam.measuring.options.load_bundle", lambda name: pytest.fail("no bundle is needed"))
    measurement = physiocam.measure(beating, fs=FS, method=method)
    assert measurement.heart_rate.value == pytest.approx(84.0, abs=3.0)
    assert measurement.face.found_fraction == 1.0
    assert measurement.breathing_rate.value is None
    assert measurement.breathing_rate.note == f"the method '{method}' does not measure respiration"
    assert measurement.action_units == {}
    assert np.isnan(measurement.respiration).all()
    measurement.write(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "action_units.csv", "events.csv", "measurement.json", "rates.csv", "waveforms.csv",
    ]  # fmt: skip
    summary = json.loads((tmp_path / "measurement.json").read_text())
    assert (summary["method"], summary["weights"]) == (method, None)
    assert len((tmp_path / "waveforms.csv").read_text().splitlines()) == len(beating) + 1


def test_a_measurement_by_networks_says_so(beating: NDArray[np.uint8]) -> None:
    summary = physiocam.measure(beating[:30], fs=FS).to_dict()
    assert summary["method"] == "network"
    assert summary["weights"]["name"] == "default"


def test_a_classical_method_leaves_gaps_where_the_face_is_away(beating: NDArray[np.uint8]) -> None:
    frames = beating.copy()
    # The picture that follows is a scene of its own, long enough for a rate.
    frames[75:155] = 90
    measurement = physiocam.measure(frames, fs=FS, method="pos")
    assert not measurement.face_found[85:155].any()
    np.testing.assert_array_equal(np.isnan(measurement.pulse[85:155]), True)
    # The last frame's change is never seen, and the waveform ends with it.
    seen = measurement.face_found[:-1] & measurement.face_found[1:]
    np.testing.assert_array_equal(np.isfinite(measurement.pulse[:-1]), seen)
    assert measurement.heart_rate.value == pytest.approx(84.0, abs=3.0)
    assert measurement.heart_rate.quality <= measurement.face_found.mean()


@pytest.mark.parametrize("method", METHODS)
def test_without_a_face_or_a_pulse_a_classical_method_says_nothing(beating: NDArray[np.uint8], method: str) -> None:
    nothing_said(physiocam.measure(np.full((60, 120, 160, 3), 90, np.uint8), fs=FS, method=method))
    still = physiocam.measure(np.repeat(beating[:1], 300, axis=0), fs=FS, method=method)
    assert still.heart_rate.value is None
    assert still.heart_rate.note == "the signal is flat"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("frames", "fs"), [(1, 30.0), (20, 30.0), (100, 30.0), (100, 5.0), (40, 0.5)])
def test_too_little_for_a_classical_method_is_an_answer_with_a_note(method: str, frames: int, fs: float) -> None:
    video = np.random.default_rng(0).integers(0, 256, (frames, 32, 32, 3)).astype(np.uint8)
    measurement = physiocam.measure(video, fs=fs, face="center", method=method)
    assert measurement.frames == frames
    assert measurement.heart_rate.value is None
    assert measurement.heart_rate.note


def test_wrong_methods_say_what_was_expected() -> None:
    video = np.zeros((5, 8, 8, 3), np.uint8)
    with pytest.raises(PhysiocamError, match="method is 'best'; expected network, pos"):
        physiocam.measure(video, fs=FS, method="best")
    with pytest.raises(PhysiocamError, match="'pos' uses no weights"):
        physiocam.measure(video, weights="authors", fs=FS, method="pos")


def test_a_real_pulse_by_pos(shared: Path) -> None:
    measurement = physiocam.measure(shared / "data" / "vitallens_1" / "video.mp4", method="pos")
    assert measurement.heart_rate.value == pytest.approx(75.4, abs=2.0)
    assert measurement.heart_rate.quality > 0.35


@pytest.fixture(scope="module")
def real_skin(shared: Path) -> tuple[NDArray[np.float64], float]:
    """Mean colours, and frames per second, of the square that classical methods are given."""
    locator, skin = partial(people_locator, "auto", crop_factor=measuring._SKIN_FACTOR), SkinColour()
    with open_frames(shared / "data" / "vitallens_1" / "video.mp4", locator) as frames:
        return np.array([skin.add(image, square) for image, (square,), _ in frames.seen]), frames.video.fs


# In 12 s, CHROM, GREEN and PBV stand out of the noise barely or not at all: they may say nothing, but nothing wrong.
# With the reference's settings, which withhold nothing, all must be right; its spectrum has steps of 3.5 beats/min. PBV
# stands out of the noise least of all: it reads the step below, 70.3, in square pixels, and the one above, 77.4, in
# stored ones.
@pytest.mark.parametrize("method", METHODS)
def test_a_real_pulse_by_each_classical_method(real_skin: tuple[NDArray[np.float64], float], method: str) -> None:
    rgb, fs = real_skin
    difference = np.append(np.diff(METHODS[method](rgb, fs)), np.nan)
    value = estimate_rate(difference, fs, "heart", SETTINGS["default"]).value
    if value is not None or method not in ("chrom", "green", "pbv"):
        assert value == pytest.approx(75.4, abs=3.0)
    off = 5.1 if method == "pbv" else 3.0
    assert estimate_rate(difference, fs, "heart", SETTINGS["paper"]).value == pytest.approx(75.4, abs=off)


@pytest.mark.parametrize("clip", ["no_face.mp4", "face_noface.mov", "noface_face.mov", "single_face.mp4"])
def test_clips_too_short_or_without_a_face_by_a_classical_method(shared: Path, clip: str) -> None:
    measurement = physiocam.measure(shared / "data" / "clips" / clip, method="pos")
    assert measurement.heart_rate.value is None
    assert measurement.heart_rate.note


def test_slow_networks_answer_for_every_frame(beating: NDArray[np.uint8], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from physiocam.inputs.crop import Crop
    from physiocam.measuring.network_inputs import SlowInputs
    from physiocam.networks.bigsmall import BigSmall
    from physiocam.networks.config import PULSE, RESPIRATION, BigSmallConfig
    from physiocam.video.locators import Square
    from physiocam.weights.export import BundleAbout, Slow, export_bundle
    from physiocam.weights.runtime import Runtime

    torch.manual_seed(0)
    config = BigSmallConfig(branches="small", big_size=32, small_size=2)
    bundle = export_bundle(
        {"fast": BigSmall(config.model_copy(update={"tasks": (PULSE,)}))},
        tmp_path / "b",
        name="b",
        about=BundleAbout("", ""),
        fs=30.0,
        others=[Slow({"slow": BigSmall(config.model_copy(update={"tasks": (RESPIRATION,)}))}, 5.0, Crop(factor=2.0))],
    )
    # As in the paper: each frame in one clip alone.
    measurement = physiocam.measure(beating, weights=bundle, fs=FS, face=(150, 60, 120), settings="paper")
    assert bundle.info.slow is not None
    slow = SlowInputs(bundle.info.slow, Crop(), FS)
    for frame in beating:
        slow.add(frame, Square(150, 60, 120))
    (block,) = slow.finish()
    read = Runtime(bundle, 1, bundle.info.slow.networks).run(block.big(0, block.clips), block.small)["respiration"]
    steps = read.reshape(-1)[: block.frames].astype(np.float64) / slow.step
    # The last frame that they see is number 354 of 0 to 359.
    expected = np.append(np.repeat(steps[:-1], slow.step), [np.nan] * 6)
    assert measurement.respiration == pytest.approx(
        clean_waveform(expected, FS, "breathing", SETTINGS["paper"]), nan_ok=True
    )
    assert np.isfinite(measurement.respiration).tolist() == [True] * 354 + [False] * 6


def test_the_fixed_square_is_the_one_measured() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (9, 64, 80, 3)).astype(np.uint8)
    measurement = physiocam.measure(frames, fs=FS, face=(8, 4, 40))
    assert measurement.face.choice == "8,4,40"
    assert (measurement.face_squares == (8, 4, 40)).all()


def test_variability_is_measured_where_it_is_asked_for() -> None:
    pytest.importorskip("neurokit2")
    frames = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3)).astype(np.uint8)
    assert physiocam.measure(frames, fs=FS, face="center", method="pos").heart_rate_variability is None
    asked = physiocam.measure(frames, fs=FS, face="center", method="pos", hrv=True)
    assert asked.heart_rate_variability is not None
    assert asked.to_dict()["sdnn"]["note"].startswith("the heart rate is not measured: ")


def test_other_people_and_a_change_to_one_of_them_are_noted(shared: Path) -> None:
    from physiocam.video.reader import open_video

    with open_video(shared / "data" / "clips" / "single_face.mp4") as video:
        frames = np.stack([frame.image for frame in video if frame.image is not None])[:40, ::2, ::2]
    # The same face twice, one of them smaller; the larger one leaves after 4 s.
    height, width = frames.shape[1:3]
    scene = np.full((200, height, width * 2, 3), 128, np.uint8)
    for index in range(200):
        image = frames[index % 40]
        scene[index, : height // 2 + height % 2, width : width + width // 2 + width % 2] = image[::2, ::2]
        if index < 100:
            scene[index, :, :width] = image
    # Who is larger over the whole: the small face is half as large, and seen twice as long.
    measurement = physiocam.measure(scene, fs=25.0, method="green")
    assert measurement.notes[0] == "the largest of 2 faces; --people all measures each"
    for one in (measurement, *physiocam.measure(scene, fs=25.0, method="green", people="all")):
        sizes = one.face_squares[one.face_found, 2]
        assert sizes.max() < 1.3 * sizes.min()
    stream = physiocam.Stream(fs=25.0, threads=1)
    for index, image in enumerate(scene):
        stream.push(image, index / 25.0)
    notes = stream.measurement().notes
    assert notes[0] == "the largest of 2 faces; --people all measures each"


@pytest.mark.parametrize("method", ["network", "pos"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("threads", value) for value in (0, -1, 1.5, "2", True, [1])),
        *(("hrv", value) for value in ("no", 1, None)),
        ("progress", 3),
    ],
)
def test_arguments_are_checked_whatever_the_method(method: str, name: str, value: object) -> None:
    with pytest.raises(PhysiocamError, match=f"^{name} is .*; expected "):
        physiocam.measure("no-such-file.mp4", method=method, **{name: value})  # type: ignore[call-overload]


def test_masked_frames_are_refused_and_unmasked_ones_taken() -> None:
    frames = np.zeros((12, 40, 40, 3), np.uint8)
    masked: list[Any] = [np.ma.array(frames, mask=True), [np.ma.array(frame, mask=True) for frame in frames]]
    for source in masked:
        with pytest.raises(physiocam.VideoError, match="masked"):
            physiocam.measure(source, fs=FS, method="pos")
    with pytest.raises(PhysiocamError, match="masked"):
        physiocam.Stream(threads=1).push(masked[1][0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain: Any = np.ma.array(frames)
        assert physiocam.measure(plain, fs=FS, face="center", method="pos").frames == 12


@pytest.mark.parametrize("source", ["", b""])
def test_an_empty_name_is_no_source(source: str | bytes) -> None:
    with pytest.raises(physiocam.VideoError, match="empty name"):
        physiocam.measure(source, fs=FS)


def test_networks_leave_the_memory_with_the_measurement(tmp_path: Path) -> None:
    # A hundred megabytes, which the collector of unreachable circles would find much later.
    frames = np.random.default_rng(0).integers(0, 256, (60, 64, 64, 3)).astype(np.uint8)
    write_video(tmp_path / "clip.mp4", list(frames), FS)
    gc.collect()
    gc.disable()
    try:
        physiocam.measure(tmp_path / "clip.mp4", face=(0, 0, 64))
        assert not [one for one in gc.get_objects() if type(one) is Runtime]
    finally:
        gc.enable()


def test_networks_that_cannot_be_started_stop_the_measurement(
    monkeypatch: pytest.MonkeyPatch, beating: NDArray[np.uint8]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BundleError("the graph cannot be run")

    monkeypatch.setattr("physiocam.measuring.clip_pipeline.Runtime", refuse)
    with pytest.raises(BundleError, match="cannot be run"):
        physiocam.measure(beating[:30], fs=FS, face="center")
