import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.alignment import onto_frames
from physiocam.datasets.readers.pure import recordings
from physiocam.datasets.recording import Recording
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Recording]]:
    root = tmp_path_factory.mktemp("pure") / "PURE"
    return root, write_layout("pure", root, 2, settings=SceneSettings(duration_s=2.0, width=64, height=48))


@pytest.fixture
def root(written: tuple[Path, list[Recording]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "PURE"))


def test_a_written_set_reads_back_as_it_was_put_in(written: tuple[Path, list[Recording]]) -> None:
    frames = np.arange(1, 58) / 30
    for entry, truth in zip(recordings(written[0]), written[1], strict=True):
        read = pickle.loads(pickle.dumps(entry)).load()
        assert (read.name, read.subject, read.notes) == (truth.name, truth.subject, ())
        for name, signal in truth.signals.items():
            # To the microsecond, although the stamps count nanoseconds since 1970.
            assert read.signals[name].timestamps_s == pytest.approx(signal.timestamps_s, abs=1e-6)
            assert onto_frames(read.signals[name], frames) == pytest.approx(onto_frames(signal, frames), abs=1e-3)
        with read.frames.open() as video, truth.frames.open() as drawn:
            assert video.fs == pytest.approx(30)
            for ours, theirs in zip(video, drawn, strict=True):
                assert np.array_equal(np.asarray(ours.image), np.asarray(theirs.image))


def test_dropped_frames_leave_their_place(root: Path) -> None:
    images = sorted((root / "01-01" / "01-01").iterdir())
    for path in images[10:14]:
        path.unlink()
    read = recordings(root)[0].load()
    assert read.notes == ("'01-01.json' lists 60 images, but there are 56",)
    with read.frames.open() as video:
        assert len(list(video)) == 60


def test_empty_images_are_noted(root: Path) -> None:
    path = sorted((root / "01-01" / "01-01").iterdir())[5]
    path.write_bytes(b"")
    assert recordings(root)[0].load().notes == (f"1 of 60 images are empty or cut off: '{path.name}'",)


def test_an_oximeter_that_ends_early_leaves_gaps(root: Path) -> None:
    path = root / "01-01" / "01-01.json"
    content = json.loads(path.read_text())
    content["/FullPackage"] = content["/FullPackage"][:60]
    path.write_text(json.dumps(content))
    wave = onto_frames(recordings(root)[0].load().signals["pulse"], np.arange(60) / 30)
    assert np.isfinite(wave[:30]).all()
    assert np.isnan(wave[31:]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "01-01: no '01-01.json' under 01-01"),
        ("{", "01-01: '01-01.json' cannot be read as JSON"),
        ("[]", "is not in the format of PURE's oximeter"),
        ('{"/FullPackage": [{"Timestamp": 1}]}', "is not in the format of PURE's oximeter"),
        ('{"/FullPackage": []}', "01-01: '01-01.json' has no samples of pulse"),
    ],
)
def test_damaged_files_are_named_and_the_rest_kept(root: Path, content: str | None, message: str) -> None:
    path = root / "01-01" / "01-01.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    first, other = recordings(root)
    with pytest.raises(DatasetError, match=message):
        first.load()
    assert other.load().signals


def test_missing_images_are_named(root: Path) -> None:
    shutil.rmtree(root / "01-01" / "01-01")
    with pytest.raises(DatasetError, match="01-01: no folder of images '01-01'"):
        recordings(root)[0].load()
    (root / "01-01" / "01-01").mkdir()
    with pytest.raises(DatasetError, match="01-01: 0 images"):
        recordings(root)[0].load()
