import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.readers.ubfc_rppg import recordings
from physiocam.datasets.recording import Recording
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

SMALL = SceneSettings(duration_s=2.0, width=64, height=48)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Recording]]:
    root = tmp_path_factory.mktemp("ubfc") / "DATASET_2"
    return root, write_layout("ubfc-rppg", root, 2, settings=SMALL)


def test_data_set_2_reads_back_as_it_was_put_in(second: tuple[Path, list[Recording]]) -> None:
    for entry, truth in zip(recordings(second[0]), second[1], strict=True):
        read = pickle.loads(pickle.dumps(entry)).load()
        assert (read.name, read.subject) == (truth.name, truth.subject)
        for name, signal in truth.signals.items():
            assert read.signals[name].timestamps_s == pytest.approx(signal.timestamps_s, abs=1e-5)
            assert read.signals[name].values == pytest.approx(signal.values, rel=1e-5, abs=1e-5)
        with read.frames.open() as video:
            assert (video.fs, video.frames) == (30.0, 60)


def test_data_set_1_has_a_clock_of_its_own(tmp_path: Path) -> None:
    (truth,) = write_layout("ubfc-rppg-1", tmp_path / "DATASET_1", 1, settings=SMALL)
    (entry,) = recordings(tmp_path)  # the folder above is as good
    read = entry.load()
    assert read.name == "1-gt"
    frames = np.arange(59) / 30
    for name, signal in truth.signals.items():
        assert onto_frames(read.signals[name], frames) == pytest.approx(
            onto_frames(signal, frames), abs=1e-3, nan_ok=True
        )
    assert set(read.signals["oxygen_saturation"].values) == {98}


def test_subjects_are_sorted_by_their_numbers(tmp_path: Path) -> None:
    for name in ("subject10", "subject9", "after-exercise", "5-gt", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "after-exercise" / "vid.avi").touch()
    assert [entry.name for entry in recordings(tmp_path)] == ["after-exercise", "5-gt", "subject9", "subject10"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "subject1: no 'ground_truth.txt' under subject1"),
        ("1 2 3\n4 5 6\n", r"lines of 3, 3 numbers; expected three lines"),
        ("1 2 3\n4 5 6\n0.1 0.2\n", r"lines of 3, 3, 2 numbers"),
        ("1 2\n4 x\n0 1\n", "a value that is not a number"),
        ("", "lines of no numbers"),
    ],
)
def test_damaged_truth_is_named_and_the_rest_kept(
    second: tuple[Path, list[Recording]], tmp_path: Path, content: str | None, message: str
) -> None:
    root = Path(shutil.copytree(second[0], tmp_path / "copy"))
    path = root / "subject1" / "ground_truth.txt"
    path.unlink()
    if content is not None:
        path.write_text(content)
    first, other = recordings(root)
    with pytest.raises(DatasetError, match=message):
        first.load()
    assert other.load().signals


def test_a_missing_video_is_named(second: tuple[Path, list[Recording]], tmp_path: Path) -> None:
    root = Path(shutil.copytree(second[0], tmp_path / "copy"))
    (root / "subject2" / "vid.avi").unlink()
    assert len(recordings(root)[1].sources) == 1
    with pytest.raises(DatasetError, match=r"subject2: no 'vid\.avi'"):
        recordings(root)[1].load()


def test_a_table_of_other_columns_is_no_truth(tmp_path: Path) -> None:
    (tmp_path / "5-gt").mkdir()
    (tmp_path / "5-gt" / "vid.avi").touch()
    (tmp_path / "5-gt" / "gtdump.xmp").write_text("1,2,3\n4,5,6\n")
    with pytest.raises(DatasetError, match=r"5-gt: 'gtdump\.xmp' has 3 columns; expected time, heart rate"):
        recordings(tmp_path)[0].load()
