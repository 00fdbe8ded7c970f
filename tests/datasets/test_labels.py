from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.datasets.labels import LABEL_SETTINGS, LabelSettings, make_labels
from physiocam.datasets.readers.frames import VideoFrames
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording, Signal
from physiocam.datasets.task_targets import difference_label
from physiocam.errors import DatasetError
from physiocam.networks.action_units import AU_LABELS

FS = 25.0

# Columns of the reference's labels.
PSEUDO_PULSE, RESPIRATION = 48, 5
ACTION_UNITS = [8, 9, 10, 12, 14, 16, 19, 22, 24, 26, 32, 33]


def recording(frames: int, codes: NDArray[Any] | None = None, **signals: NDArray[np.float64]) -> Recording:
    times = np.arange(frames) / FS
    return Recording(
        name="F001_T1",
        subject="F001",
        trial="T1",
        frames=VideoFrames(Path("nowhere.mp4")),
        signals={name: Signal(values, times, "a.u.") for name, values in signals.items()},
        action_units=None if codes is None else ActionUnitCodes(AU_LABELS, codes.astype(np.int8)),
    )


@pytest.mark.parametrize(("name", "rows"), [("authors", 13), ("toolbox", 14)])
def test_labels_of_the_reference(shared: Path, name: str, rows: int) -> None:
    golden = np.load(shared / "golden" / f"preprocess_{name}.npz")
    given, expected = golden["labels_in"], golden["labels_out"].reshape(-1, 49)
    made = make_labels(
        recording(len(given), given[:, ACTION_UNITS], pulse=given[:, PSEUDO_PULSE], respiration=given[:, RESPIRATION]),
        np.arange(len(given)) / FS,
        settings=LABEL_SETTINGS[name].model_copy(update={"alignment": "linear"}),
    )
    assert {task: target.shape for task, target in made.targets.items()} == {
        "pulse": (rows, 1),
        "respiration": (rows, 1),
        "au": (rows, 12),
    }
    count = len(expected)
    assert made.targets["pulse"][:count, 0] == pytest.approx(expected[:, PSEUDO_PULSE], rel=1e-6, abs=1e-6)
    assert made.targets["respiration"][:count, 0] == pytest.approx(expected[:, RESPIRATION], rel=1e-6, abs=1e-6)
    assert np.array_equal(made.targets["au"][:count], expected[:, ACTION_UNITS])
    assert all(mask.all() for mask in made.masks.values())


def test_the_last_frame_in_the_three_ways(shared: Path) -> None:
    functions = np.load(shared / "golden" / "preprocess_functions.npz")
    toolbox = np.load(shared / "golden" / "preprocess_toolbox.npz")
    wave = functions["label_in"]
    times = np.arange(len(wave)) / FS

    def pulse(name: str, given: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        settings = LABEL_SETTINGS[name].model_copy(update={"alignment": "linear"})
        made = make_labels(recording(len(given), pulse=given), times, settings=settings)
        return made.targets["pulse"][:, 0], made.masks["pulse"][:, 0]

    assert pulse("authors", wave)[0] == pytest.approx(functions["authors_difflabel"], rel=1e-6)
    assert pulse("toolbox", toolbox["label_in"])[0] == pytest.approx(toolbox["tb_difflabel"], rel=1e-6)
    target, known = pulse("default", wave)
    assert target[:-1] == pytest.approx(functions["authors_difflabel"], rel=1e-6)
    assert known.tolist() == [True] * 39 + [False]


def test_pseudo_pulse_is_the_reference_s(shared: Path) -> None:
    golden = np.load(shared / "golden" / "pseudo_ppg.npz")
    frames = len(golden["rgb"])
    of_heart = recording(frames, heart_rate=np.full(frames, 78.0), pulse=np.zeros(frames))
    settings = LABEL_SETTINGS["authors"].model_copy(update={"pulse": "pseudo"})
    made = make_labels(of_heart, np.arange(frames) / FS, golden["rgb"], settings)
    assert made.targets["pulse"][:, 0] == pytest.approx(difference_label(golden["fs25_hr78_env"]), rel=1e-4, abs=1e-4)


def test_pseudo_pulse_stops_where_no_face_is() -> None:
    random = np.random.default_rng(0)
    colours = 0.5 + 0.01 * random.standard_normal((500, 3))
    colours[200:230] = np.nan
    made = make_labels(recording(500), np.arange(500) / FS, colours, LabelSettings(pulse="pseudo"))
    known = made.masks["pulse"][:, 0]
    assert np.flatnonzero(~known).tolist() == [*range(199, 230), 499]
    assert np.isfinite(made.targets["pulse"]).all()


def test_a_pseudo_pulse_that_cannot_be_made_costs_the_other_tasks_nothing() -> None:
    wave = np.sin(np.arange(50.0))
    short = recording(50, respiration=wave)
    made = make_labels(short, np.arange(50) / FS, np.full((50, 3), np.nan), LabelSettings(pulse="pseudo"))
    assert list(made.targets) == ["respiration"]
    assert "no pulse target" in made.notes[0]
    with_colours = make_labels(short, np.arange(50) / FS, None, LabelSettings(pulse="pseudo"))
    assert "pass mean_rgb" in with_colours.notes[0]


def test_unknown_units_are_masked_and_absent_in_the_release() -> None:
    codes = np.zeros((4, 12))
    codes[1] = 1
    codes[2] = UNKNOWN
    ours = make_labels(recording(4, codes), np.arange(4) / FS)
    assert ours.masks["au"].all(axis=1).tolist() == [True, True, False, True]
    assert ours.targets["au"][:, 0].tolist() == [0, 1, 0, 0]
    theirs = make_labels(recording(4, codes), np.arange(4) / FS, settings=LABEL_SETTINGS["toolbox"])
    assert theirs.masks["au"].all()
    assert theirs.targets["au"].tolist() == ours.targets["au"].tolist()


def test_units_that_a_set_does_not_code_are_unknown() -> None:
    codes = ActionUnitCodes(("AU25", "AU12"), np.array([[1, 0], [0, 1]], dtype=np.int8))
    partly = Recording("SN001", "SN001", "left", VideoFrames(Path("nowhere.avi")), action_units=codes)
    for settings in LABEL_SETTINGS.values():
        known = make_labels(partly, np.arange(2) / FS, settings=settings).masks["au"]
        assert np.flatnonzero(known[0]).tolist() == [AU_LABELS.index("AU12")]


def test_nothing_known_is_no_task() -> None:
    made = make_labels(recording(20, np.full((20, 12), UNKNOWN), pulse=np.full(20, np.nan)), np.arange(20) / FS)
    assert made.targets == {}


def test_a_constant_wave_does_not_change() -> None:
    made = make_labels(recording(20, respiration=np.full(20, 3.0)), np.arange(20) / FS)
    assert made.masks["respiration"][:-1].all()
    assert not made.targets["respiration"].any()


def test_too_few_codes_are_refused() -> None:
    with pytest.raises(DatasetError, match="F001_T1: action units are coded for 5 frames, the video has 8"):
        make_labels(recording(5, np.zeros((5, 12))), np.arange(8) / FS)
