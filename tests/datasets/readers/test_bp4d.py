import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.labels import LABEL_SETTINGS, make_labels
from physiocam.datasets.readers.bp4d import TrialEntry, coded_trials, trials
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.recording import UNKNOWN, Recording
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

FRAMES = 50


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Recording]]:
    root = tmp_path_factory.mktemp("bp4d") / "BP4D+"
    return root, write_layout("bp4d", root, 4, settings=SceneSettings(duration_s=2.0, width=64, height=96))


@pytest.fixture
def root(written: tuple[Path, list[Recording]], tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(written[0], tmp_path / "BP4D+"))


def entry(root: Path, name: str, coded: bool = False) -> TrialEntry:
    return next(each for each in (coded_trials if coded else trials)(root) if each.name == name)


def failing(root: Path) -> dict[str, str]:
    """What cannot be loaded, and why; the rest can."""
    wrong = {}
    for each in trials(root):
        try:
            each.load()
        except DatasetError as error:
            wrong[each.name] = str(error)
    return wrong


def test_whole_trials_read_back_as_they_were_put_in(written: tuple[Path, list[Recording]]) -> None:
    root, truths = written
    entries = open_dataset("bp4d", root).entries()
    assert [each.name for each in entries] == [truth.name for truth in truths]
    for each, truth in zip(entries, truths, strict=True):
        read = pickle.loads(pickle.dumps(each)).load()
        assert (read.subject, read.trial, read.crop, read.pulse_target, read.notes) == (
            truth.subject,
            truth.trial,
            "bottom",
            "pseudo",
            (),
        )
        for name, signal in truth.signals.items():
            frames = np.arange(FRAMES) / 25
            assert onto_frames(read.signals[name], frames) == pytest.approx(onto_frames(signal, frames), abs=1e-4)
            assert read.signals[name].unit == signal.unit
        assert len(read.signals) == 8
        assert read.action_units is not None
        assert truth.action_units is not None
        for column, label in enumerate(truth.action_units.labels):
            ours = read.action_units.labels.index(label)
            assert np.array_equal(read.action_units.occurrence[:, ours], truth.action_units.occurrence[:, column])
        assert all(Path(source).exists() for source in each.sources)
        with read.frames.open() as video:
            assert (video.fs, len(list(video)), video.notes) == (25.0, FRAMES, [])


def test_coded_stretches_are_cut_with_everything_in_step(written: tuple[Path, list[Recording]]) -> None:
    root, truths = written
    first, last = FRAMES // 10, FRAMES - FRAMES // 10 - 1
    for each, truth in zip(coded_trials(root), truths, strict=True):
        read = each.load()
        assert read.action_units is not None
        assert truth.action_units is not None
        assert (read.action_units.occurrence != UNKNOWN).all()
        shown = np.arange(last - first + 1) / 25
        for name, signal in truth.signals.items():
            inside = onto_frames(signal, shown + first / 25)
            assert onto_frames(read.signals[name], shown) == pytest.approx(inside, abs=1e-4)
        with read.frames.open() as video, truth.frames.open() as drawn:
            cut = [frame.image for frame in video]
            whole = [frame.image for frame in drawn]
        assert len(cut) == len(shown)
        assert cut[0] is not None
        near = [np.abs(image.astype(int) - cut[0]).mean() for image in whole if image is not None]
        assert int(np.argmin(near)) == first


def test_breathing_is_stretched_over_the_whole_trial_before_the_coded_frames_are_cut_out(
    written: tuple[Path, list[Recording]],
) -> None:
    root, truths = written
    first, last = FRAMES // 10, FRAMES - FRAMES // 10 - 1
    settings = LABEL_SETTINGS["authors"]
    for each, truth in zip(coded_trials(root), truths, strict=True):
        samples = entry(root, truth.name).load().signals["respiration"].values
        # The reference: one value a frame of the trial, then its cut.
        wave = np.interp(np.linspace(0, len(samples), FRAMES), np.arange(len(samples)), samples)[first : last + 1]
        times = np.arange(last - first + 1) / 25
        targets = make_labels(each.load(), times, np.full((len(times), 3), 0.5), settings).targets["respiration"]
        difference = np.diff(wave)
        assert targets[:, 0] == pytest.approx(difference / difference.std(), rel=1e-4, abs=1e-5)


def test_frames_come_in_order_of_their_numbers(written: tuple[Path, list[Recording]]) -> None:
    frames = entry(written[0], "F001_T1").load().frames
    assert [name.rpartition("/")[2] for name in getattr(frames, "names", ())] == [f"{n}.jpg" for n in range(1, 51)]


@pytest.mark.parametrize("file", ["BP_mmHg.txt", "Pulse Rate_BPM.txt", "Resp_Volts.txt", "Respiration Rate_BPM.txt"])
def test_a_missing_sensor_file_is_named_and_the_rest_kept(root: Path, file: str) -> None:
    (root / "Physiology" / "F001" / "T1" / file).unlink()
    assert failing(root) == {"F001_T1": f"F001/T1: no '{file}' under Physiology"}


def test_sensor_files_that_nobody_needs_may_be_missing(root: Path) -> None:
    (root / "Physiology" / "F001" / "T1" / "EDA_microsiemens.txt").unlink()
    read = entry(root, "F001_T1").load()
    assert read.notes == ("no 'EDA_microsiemens.txt' under Physiology",)
    assert "skin_conductance" not in read.signals


def test_a_sensor_file_full_of_words(root: Path) -> None:
    (root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt").write_text("BP\n80\nlost\n")
    assert "'BP_mmHg.txt' is not a table of numbers" in failing(root)["F001_T1"]


def test_a_sensor_that_ends_before_the_codes_begin(root: Path) -> None:
    (root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt").write_text("BP\n" + "80\n" * 100)
    assert failing(root) == {}  # the frames that it does not cover have no label
    with pytest.raises(DatasetError, match=r"F001/T1: 'BP_mmHg.txt' ends at 0\.1 s, before the coded frames begin"):
        entry(root, "F001_T1", coded=True).load()


def test_a_missing_or_damaged_archive_costs_its_subject_only(root: Path) -> None:
    (root / "2D+3D" / "F001.zip").unlink()
    (root / "2D+3D" / "F002.zip").write_bytes(b"PK, but no archive")
    wrong = failing(root)
    assert wrong["F001_T1"] == "F001/T1: no 'F001.zip' under 2D+3D"
    assert wrong["F002_T6"].startswith("F002/T6: 'F002.zip' cannot be read as a zip archive")
    shutil.rmtree(root / "Physiology" / "F002")
    assert [each.name for each in trials(root)] == ["F001_T1", "F001_T6", "F002_T1"]


def rezip(root: Path, subject: str, drop: set[str] = frozenset(), shrink: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    path = root / "2D+3D" / f"{subject}.zip"
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist() if name not in drop}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in content.items():
            new.writestr(name, b"" if name in shrink else data)


def test_missing_and_empty_frames_keep_the_others_in_place(root: Path) -> None:
    rezip(root, "F001", drop={"F001/T1/20.jpg"}, shrink={"F001/T1/30.jpg"})
    read = entry(root, "F001_T1").load()
    assert read.notes == (
        "1 of 49 images are empty or cut off: 'F001/T1/30.jpg'",
        "1 frames between 1 and 50 are missing in the archive",
    )
    assert failing(root) == {}
    with read.frames.open() as video:
        images = [frame.image for frame in video]
    assert [index for index, image in enumerate(images) if image is None] == [29]
    assert len(images) == FRAMES


def test_more_codes_than_frames_as_in_f041_t7(root: Path) -> None:
    rezip(root, "F001", drop={f"F001/T6/{number}.jpg" for number in range(40, 51)})
    assert failing(root) == {
        "F001_T6": "F001/T6: 'F001_T6.csv' codes frames 6 to 45, and the archive has 39",
    }
    names = [each.name for each in coded_trials(root)]
    assert names == ["F001_T1", "F001_T6", "F002_T1", "F002_T6"]


def test_intensities_must_go_with_occurrences(root: Path) -> None:
    path = root / "AUCoding" / "AU_INT" / "AU12" / "F001_T1_AU12.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-3]))
    assert "'F001_T1_AU12.csv' has 37 rows of 2; expected frame and intensity in 40" in failing(root)["F001_T1"]
    path.unlink()
    assert entry(root, "F001_T1").load().notes == ("no 'F001_T1_AU12.csv' under AU_INT",)


def test_codes_without_the_units_numbers(root: Path) -> None:
    path = root / "AUCoding" / "AU_OCC" / "F001_T1.csv"
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    assert failing(root) == {"F001_T1": "F001/T1: 'F001_T1.csv' has no column 6 in its first row of unit numbers"}


def test_the_coder_s_nine_is_unknown(root: Path) -> None:
    path = root / "AUCoding" / "AU_OCC" / "F001_T1.csv"
    lines = path.read_text().splitlines()
    lines[3] = ",".join([lines[3].partition(",")[0], *["9"] * 34])
    path.write_text("\n".join(lines))
    codes = entry(root, "F001_T1").load().action_units
    assert codes is not None
    assert (codes.occurrence[7] == UNKNOWN).all()
    assert (codes.occurrence[6] != UNKNOWN).all()


def test_trials_without_codes(root: Path) -> None:
    (root / "AUCoding" / "AU_OCC" / "F001_T1.csv").unlink()
    read = entry(root, "F001_T1").load()
    assert read.action_units is None
    assert read.notes == ("no 'F001_T1.csv' under AU_OCC",)
    with pytest.raises(DatasetError, match=r"F001/T1: no 'F001_T1\.csv' under AU_OCC"):
        entry(root, "F001_T1", coded=True).load()


def test_a_folder_above_or_below_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has neither '2D\+3D' nor 'Physiology' in it"):
        trials(tmp_path)
