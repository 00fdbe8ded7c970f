"""Options: one frozen object, checked when it is made, the same in YAML."""

import re
from dataclasses import FrozenInstanceError, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import physiocam
from physiocam.cli import app
from physiocam.errors import PhysiocamError
from physiocam.signals import methods
from physiocam.video.writer import write_video

FS = 30.0
DEFAULT = physiocam.SETTINGS["default"]
FAST = replace(DEFAULT, name="fast", heart=replace(DEFAULT.heart, band_hz=(40 / 60, 200 / 60)))


@pytest.fixture(scope="module")
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (240, 64, 64, 3), dtype=np.uint8)


class Corner:
    """A locator that sees a face in the upper left corner, but for one second."""

    def __init__(self, fs: float) -> None:
        self.fs, self.frames = fs, 0

    def locate(self, image: NDArray[np.uint8] | None) -> physiocam.Square | None:
        self.frames += 1
        away = 4 * self.fs <= self.frames < 5 * self.fs
        return None if image is None or away else physiocam.Square(0, 0, 48)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("face", "left", "face is 'left' (str); expected 'auto', 'find', 'center', 'bottom', 'whole' or"),
        (
            "settings",
            "best",
            "settings is 'best'; expected one of default, paper, paper-peaks, toolbox, toolbox-",
        ),
        ("method", "best", "method is 'best'; expected network, pos"),
        ("threads", 0, "threads is 0; expected a whole number of 1 or more"),
        ("hrv", "yes", "hrv is 'yes' (str); expected True or False"),
        ("providers", "gpu", "provider is 'gpu'; expected one of cpu, cuda, coreml, openvino, directml"),
        ("providers", (), "providers is (); expected names such as"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(field: str, value: object, words: str) -> None:
    changes: dict[str, Any] = {field: value}
    with pytest.raises(PhysiocamError) as caught:
        physiocam.MeasureOptions(**changes)
    assert words in str(caught.value)


def test_options_cannot_be_changed_but_replaced() -> None:
    options = physiocam.MeasureOptions(face="center")
    with pytest.raises(FrozenInstanceError):
        options.face = "auto"  # type: ignore[misc]
    assert options.replace(method="pos").method == "pos"
    assert options.method == "network"
    with pytest.raises(PhysiocamError, match="options have no 'speed'; expected one of weights, method"):
        options.replace(speed=1)


def test_what_was_a_bundle_s_name_says_what_it_is_now(noise: NDArray[np.uint8]) -> None:
    with pytest.raises(
        PhysiocamError, match="expected MeasureOptions; a bundle is given by its name: weights='default'"
    ):
        physiocam.measure(noise, "default", fs=FS)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "options",
    [
        physiocam.MeasureOptions(),
        physiocam.MeasureOptions(face=(1, 2, 30), settings="paper", threads=1, fs=25.0),
        physiocam.MeasureOptions(method="pos", settings=FAST, hrv=True, report=True),
    ],
)
def test_yaml_gives_the_same_options_back(options: physiocam.MeasureOptions, tmp_path: Path) -> None:
    options.write(tmp_path / "options.yaml")
    assert physiocam.MeasureOptions.load(tmp_path / "options.yaml") == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed: 1", "options have no 'speed'"),
        ("settings: {heart: {band_hz: [3, 1]}}", "band_hz is 3.0, 1.0; expected two rising frequencies"),
        ("settings: {heart: {bands: 1}}", "settings have no 'bands'; expected one of band_hz"),
        ("- 1", "holds list; expected fields such as 'method: pos'"),
        ("a: [", "is not YAML"),
    ],
)
def test_yaml_that_makes_no_sense_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "options.yaml").write_text(text)
    with pytest.raises(PhysiocamError) as caught:
        physiocam.MeasureOptions.load(tmp_path / "options.yaml")
    assert words in str(caught.value)
    assert "options.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_function_goes_into_no_file(tmp_path: Path) -> None:
    with pytest.raises(PhysiocamError, match=r"face is the function Corner, which a file cannot hold"):
        physiocam.MeasureOptions(face=Corner).write(tmp_path / "options.yaml")


def test_a_locator_of_ones_own_is_followed(noise: NDArray[np.uint8], tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    from physiocam.report.html import write_report

    measurement = physiocam.measure(noise, fs=FS, face=Corner, threads=1)
    assert measurement.face.choice == "Corner"
    assert not measurement.face.fixed
    assert measurement.face_found.sum() == 240 - 30
    assert measurement.face_squares[0].tolist() == [0, 0, 48]
    assert "a face in 88% of them" in str(measurement)
    stream = physiocam.Stream(fs=FS, face=Corner, threads=1)
    for image in noise:
        stream.push(image)
    seen = stream.measurement()
    np.testing.assert_array_equal(seen.face_found, measurement.face_found)
    write_report(measurement, tmp_path / "report.html", "left out")
    assert "found by the locator Corner" in (tmp_path / "report.html").read_text()


class Outside(Corner):
    def locate(self, image: NDArray[np.uint8] | None) -> physiocam.Square | None:
        return physiocam.Square(40, 0, 48)


class Fraction(Corner):
    def locate(self, image: NDArray[np.uint8] | None) -> Any:
        return 0.5, 0.5, 20


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        (Outside, "the face square 40,0,48 does not lie inside the 64x64 frame"),
        (Fraction, "the face locator Fraction gives"),
        (lambda fs: fs, "face gives 30.0; expected an object with the method locate"),
    ],
)
def test_a_locator_that_gives_no_square_is_named(noise: NDArray[np.uint8], locator: Any, words: str) -> None:
    with pytest.raises(PhysiocamError) as caught:
        physiocam.measure(noise, fs=FS, face=locator)
    assert words in str(caught.value)


def test_settings_of_ones_own_stand_in_the_results_by_their_values(noise: NDArray[np.uint8], tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    from physiocam.report.html import write_report

    measurement = physiocam.measure(noise, fs=FS, face="center", settings=FAST, threads=1)
    measurement.write(tmp_path)
    again = physiocam.Measurement.load(tmp_path)
    assert again.settings == FAST
    assert again.to_dict()["settings"]["heart"]["quality_floor"] == FAST.heart.quality_floor
    write_report(measurement, tmp_path / "report.html", "left out")
    page = (tmp_path / "report.html").read_text()
    for words in ("fast", "40 to 200 per minute", "Heart rate: quality_floor"):
        assert words in page
    assert physiocam.measure(noise, fs=FS, face="center", threads=1).to_dict()["settings"] == "default"


def test_a_wider_band_finds_what_lies_beyond_the_default_one() -> None:
    times = np.arange(600) / FS
    frames = np.full((600, 32, 32, 3), 120.0)
    frames[..., 1] += 3.0 * np.sin(2 * np.pi * (190 / 60) * times)[:, None, None]
    frames += np.random.default_rng(1).normal(0, 2, frames.shape)
    video = frames.round().astype(np.uint8)
    assert physiocam.measure(video, fs=FS, face="center", method="green").heart_rate.value is None
    found = physiocam.measure(video, fs=FS, face="center", method="green", settings=FAST).heart_rate.value
    assert found == pytest.approx(190, abs=1)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_is_not_there_is_one_line(noise: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(PhysiocamError, match=r"provider 'cuda' is not in the installed .*, which has cpu; install"):
        physiocam.measure(noise, fs=FS, providers=("cuda", "cpu"))
    # One that is there, but cannot be started.
    there = ["CoreMLExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: there)
    with pytest.raises(PhysiocamError, match="provider 'coreml' could not be started"):
        physiocam.measure(noise, fs=FS, providers="coreml")


def half_green(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """The green channel, halved."""
    return np.asarray(rgb[:, 1] / 2, dtype=np.float64)


def test_a_method_of_a_plug_in_is_known_by_its_name(
    noise: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    points = [
        EntryPoint("half", f"{__name__}:half_green", methods.PLUG_IN_GROUP),
        EntryPoint("gone", "no_such_package:method", methods.PLUG_IN_GROUP),
        EntryPoint("pos", "no_such_package:method", methods.PLUG_IN_GROUP),
    ]
    monkeypatch.setattr(EntryPoint, "load", lambda point: half_green if point.name == "half" else _missing())
    monkeypatch.setattr(
        methods, "entry_points", lambda group, name=None: [p for p in points if name is None or p.name == name]
    )
    assert methods.method_names() == [*methods.METHODS, "gone", "half"]
    assert physiocam.measure(noise, fs=FS, face="center", method="half").method == "half"
    assert physiocam.measure(noise, fs=FS, face="center", method="pos").method == "pos"
    with pytest.raises(PhysiocamError, match="the method 'gone', no_such_package:method, cannot be loaded"):
        physiocam.MeasureOptions(method="gone")
    with pytest.raises(PhysiocamError, match=r"expected network, pos, .*, gone, half"):
        physiocam.MeasureOptions(method="other")


def broken(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Does not work."""
    raise IndexError("out of range")


def of_no_use(rgb: NDArray[np.floating], fs: float) -> NDArray[np.float64]:
    """Gives one value too few."""
    return np.diff(rgb[:, 1])


@pytest.mark.parametrize(
    ("method", "words"),
    [(broken, "the method 'mine' failed: IndexError"), (of_no_use, r"the method 'mine' gives shape \(239,\)")],
)
def test_a_method_that_fails_is_an_answer_with_a_note(
    noise: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, method: Any, words: str
) -> None:
    point = EntryPoint("mine", "package:method", methods.PLUG_IN_GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: method)
    monkeypatch.setattr(methods, "entry_points", lambda **_: [point])
    measurement = physiocam.measure(noise, fs=FS, face="center", method="mine")
    assert measurement.heart_rate.value is None
    assert re.search(words, str(measurement.heart_rate.note))


def _missing() -> None:
    raise ModuleNotFoundError("no_such_package")


def test_the_command_line_goes_before_the_file(noise: NDArray[np.uint8], tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", noise[:60], FS)
    physiocam.MeasureOptions(method="pos", face="center").write(tmp_path / "options.yaml")

    def method(*options: str) -> str:
        arguments = ["measure", str(tmp_path / "a.mp4"), "-o", str(tmp_path / "out"), *options]
        assert CliRunner().invoke(app, [*arguments, "--options", str(tmp_path / "options.yaml")]).exit_code == 0
        found = physiocam.Measurement.load(tmp_path / "out")
        assert found.face.choice == "center"
        return found.method

    assert method() == "pos"
    assert method("--method", "green") == "green"


def test_a_stream_says_what_needs_a_recording() -> None:
    with pytest.raises(PhysiocamError, match="method is 'pos'; expected 'network' for a stream"):
        physiocam.Stream(method="pos")
    with pytest.raises(PhysiocamError, match="hrv is True; heart-rate variability needs a whole recording"):
        physiocam.Stream(hrv=True)


def test_a_measurement_is_drawn(noise: NDArray[np.uint8], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    measurement = physiocam.measure(noise, fs=FS, face="center", threads=1)
    figure = measurement.plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert sum("not measured" in title for title in titles) == 2
    labels = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert "AU12 lip corner puller" in labels
    figure.savefig(tmp_path / "figure.png")
    assert len(physiocam.measure(noise, fs=FS, face="center", method="pos").plot().axes) == 4
