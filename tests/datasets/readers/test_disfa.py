import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.labels import make_labels
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.readers.disfa import left_camera, right_camera
from physiocam.datasets.recording import UNKNOWN, Recording
from physiocam.errors import DatasetError
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

FRAMES = 40


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Recording]]:
    root = tmp_path_factory.mktemp("disfa") / "DISFA"
    return root, write_layout("disfa", root, 2, settings=SceneSettings(duration_s=2.0, width=64, height=48))


@pytest.fixture
def root(written: tuple[Path, list[Recording]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "DISFA"))


def test_a_written_set_reads_back_as_it_was_put_in(written: tuple[Path, list[Recording]]) -> None:
    for entry, truth in zip(open_dataset("disfa", written[0]).entries(), written[1], strict=True):
        read = pickle.loads(pickle.dumps(entry)).load()
        assert (read.name, read.subject, read.notes) == (truth.name, truth.subject, ())
        assert read.action_units is not None
        assert truth.action_units is not None
        assert read.action_units.labels == truth.action_units.labels
        assert np.array_equal(read.action_units.occurrence, truth.action_units.occurrence)
        assert read.action_units.intensity is not None
        assert truth.action_units.intensity is not None
        assert np.array_equal(read.action_units.intensity, truth.action_units.intensity)


def test_seven_units_are_shared_with_the_network_s_twelve(written: tuple[Path, list[Recording]]) -> None:
    read = left_camera(written[0])[0].load()
    known = make_labels(read, np.arange(FRAMES) / 20).masks["au"]
    shared = [label for label, seen in zip(AU_LABELS, known.T, strict=True) if seen.all()]
    assert shared == ["AU01", "AU02", "AU04", "AU06", "AU12", "AU15", "AU17"]


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("Videos_LeftCamera", "LeftVideoSN001_comp.avi"),
        ("Video_LeftCamera", "leftVideoSN001_Comp.avi"),
        ("videos_leftcamera", "LeftVideoSN001_comp.AVI"),
        ("Videos_LeftCamera", "LeftVideosn001.mp4"),
    ],
)
def test_all_spellings(root: Path, folder: str, file: str) -> None:
    video = root / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi"
    moved = root / folder / file
    (root / "Videos_LeftCamera").rename(root / folder)
    (root / folder / video.name).rename(moved)
    assert left_camera(root)[0].video == moved
    assert left_camera(root)[0].load().name == "SN001"


def test_the_right_camera_is_a_set_of_its_own(root: Path) -> None:
    with pytest.raises(DatasetError, match="has no videos of the right camera; expected Videos_RightCamera/"):
        right_camera(root)
    shutil.copytree(root / "Videos_LeftCamera", root / "Videos_RightCamera")
    for path in (root / "Videos_RightCamera").iterdir():
        path.rename(path.with_name(path.name.replace("Left", "Right")))
    entries = right_camera(root)
    assert [entry.name for entry in entries] == ["SN001", "SN002"]
    assert entries[0].load().trial == "right"


def codes(root: Path, unit: int) -> Path:
    return root / "ActionUnit_Labels" / "SN001" / f"SN001_au{unit}.txt"


def failure(root: Path) -> str:
    first, other = left_camera(root)
    assert other.load().action_units is not None
    with pytest.raises(DatasetError) as caught:
        first.load()
    return str(caught.value)


def test_missing_codes_are_named_and_the_rest_kept(root: Path) -> None:
    codes(root, 12).unlink()
    assert failure(root) == "SN001: no 'SN001_au12.txt' under SN001"


def test_a_wrong_count_is_named(root: Path) -> None:
    lines = codes(root, 4).read_text().splitlines()
    codes(root, 4).write_text("\n".join(lines[:-10]))
    assert failure(root) == "SN001: 'SN001_au4.txt' codes 30 frames, and the video has 40"
    codes(root, 4).write_text("\n".join([*lines, "41,0", "42,0", "43,1"]))
    assert failure(root) == "SN001: 'SN001_au4.txt' codes 43 frames, and the video has 40"


def test_one_frame_more_or_less_is_a_note(root: Path) -> None:
    for unit in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
        codes(root, unit).write_text("\n".join(codes(root, unit).read_text().splitlines()[:-1]))
    read = left_camera(root)[0].load()
    assert read.notes == ("39 frames are coded, and the video has 40",)
    assert read.action_units is not None
    assert (read.action_units.occurrence[-1] == UNKNOWN).all()
    assert (read.action_units.occurrence[:-1] != UNKNOWN).all()


def test_words_instead_of_codes(root: Path) -> None:
    codes(root, 4).write_text("frame,intensity\n1,0\n")
    assert "'SN001_au4.txt' is not a table of numbers" in failure(root)
    codes(root, 4).write_text("1,0,3\n")
    assert "has 3 columns; expected frame and intensity" in failure(root)


def test_a_missing_or_damaged_video_is_named(root: Path) -> None:
    video = root / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi"
    video.write_bytes(b"no video")
    assert "LeftVideoSN001_comp.avi' cannot be opened as a video" in failure(root)
    video.unlink()
    assert failure(root) == "SN001: there are codes, but no video of the left camera"
