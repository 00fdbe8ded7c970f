import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiocam.datasets.readers.scamps import AvatarFrames, recordings
from physiocam.datasets.recording import Recording
from physiocam.errors import DatasetError, VideoError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

h5py: Any = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Recording]]:
    root = tmp_path_factory.mktemp("scamps") / "SCAMPS"
    return root, write_layout("scamps", root, 2, settings=SceneSettings(duration_s=1.0, width=64, height=48))


@pytest.fixture
def root(written: tuple[Path, list[Recording]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(written[0], tmp_path / "SCAMPS"))


def test_a_written_set_reads_back_as_it_was_put_in(written: tuple[Path, list[Recording]]) -> None:
    for entry, truth in zip(recordings(written[0]), written[1], strict=True):
        read = pickle.loads(pickle.dumps(entry)).load()
        assert (read.name, read.subject) == (truth.name, truth.subject)
        for name, signal in truth.signals.items():
            assert read.signals[name].values == pytest.approx(signal.values)
            assert read.signals[name].timestamps_s == pytest.approx(signal.timestamps_s)
        assert read.action_units is not None
        assert truth.action_units is not None
        assert read.action_units.labels == truth.action_units.labels
        assert np.array_equal(read.action_units.occurrence, truth.action_units.occurrence)
        with read.frames.open() as video, truth.frames.open() as drawn:
            assert video.fs == 30
            for ours, theirs in zip(video, drawn, strict=True):
                assert np.array_equal(np.asarray(ours.image), np.asarray(theirs.image))


def test_units_by_the_names_of_the_published_files(root: Path) -> None:
    with h5py.File(root / "P000001.mat", "a") as file:
        for label in [key for key in file if key.lower().startswith("au")]:
            del file[label]
        file["au2"], file["au27"] = np.full((30, 1), 0.1), np.full((30, 1), 0.7)
    codes = recordings(root)[0].load().action_units
    assert codes is not None
    assert codes.labels == ("AU02", "AU27")
    assert codes.occurrence.tolist() == [[0, 1]] * 30


def test_damaged_files_are_named_and_the_rest_kept(root: Path) -> None:
    path = root / "P000001.mat"
    with h5py.File(path, "a") as file:
        del file["d_br"]
        file["d_br"] = np.zeros((12, 1))
    first, other = recordings(root)
    with pytest.raises(DatasetError, match="P000001: 30 frames under 'Xsub', but values 12 of 'd_br'"):
        first.load()
    with h5py.File(path, "a") as file:
        del file["d_br"]
    with pytest.raises(DatasetError, match="P000001: no 'd_br'"):
        first.load()
    path.write_bytes(b"MATLAB 5.0")
    with pytest.raises(DatasetError, match=r"P000001: 'P000001\.mat' cannot be read as a MATLAB v7\.3 file"):
        first.load()
    assert other.load().signals


def test_files_without_frames(root: Path) -> None:
    with h5py.File(root / "P000001.mat", "a") as file:
        file["other"] = file["Xsub"][0]
        del file["Xsub"]
    with pytest.raises(VideoError, match="no frames under 'Xsub'"):
        AvatarFrames(root / "P000001.mat").open()
    with h5py.File(root / "P000001.mat", "a") as file:
        file["Xsub"] = file["other"]
    with pytest.raises(VideoError, match=r"has shape .*; expected \(3, W, H, frames\)"):
        AvatarFrames(root / "P000001.mat").open()


def test_without_h5py_one_line_tells_what_to_install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DatasetError, match=r"pip install 'physiocam\[datasets\]'"):
        recordings(root)[0].load()
