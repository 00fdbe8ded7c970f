import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from physiocam.datasets.readers.catalogue import dataset_names, describe, open_dataset
from physiocam.errors import DatasetError
from physiocam.synthetic.layouts import write_layout
from physiocam.synthetic.recordings import settings_of

BUILT_IN = ["bp4d", "bp4d-au", "disfa", "disfa-right", "folder", "pure", "scamps", "ubfc-rppg"]


def test_every_set_says_what_it_is() -> None:
    assert set(BUILT_IN) <= set(dataset_names())
    assert all(describe(name).endswith(".") for name in BUILT_IN)


def test_unknown_names_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="unknown data set 'bp5d'; known are bp4d, "):
        open_dataset("bp5d", tmp_path)
    with pytest.raises(DatasetError, match="unknown data set 'bp5d'"):
        describe("bp5d")
    with pytest.raises(DatasetError, match="is not a folder"):
        open_dataset("pure", tmp_path / "nowhere")


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_empty_folder_is_no_data_set(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError):
        open_dataset(name, tmp_path).entries()


def test_entries_of_a_relative_folder_load_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_layout(
        "folder", tmp_path / "set", 1, settings=replace(settings_of("easy"), duration_s=1.0, width=64, height=48)
    )
    monkeypatch.chdir(tmp_path)
    (entry,) = open_dataset("folder", "set").entries()
    monkeypatch.chdir("/")
    assert entry.load().name == entry.name


def test_a_folder_that_cannot_be_listed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DatasetError, match=r"cannot be listed: .*Permission denied"):
        open_dataset("pure", tmp_path).entries()


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "mysets-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mysets\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[physiocam.datasets]\nmine = mysets_of_one:recordings\nbroken = mysets_missing:recordings\npure = mysets:a\n"
    )
    (tmp_path / "mysets_of_one.py").write_text(
        "class One:\n    name = subject = 'S1'\n    sources = ()\n"
        "def recordings(root):\n    'My own set.'\n    return [One()]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("plug_in")
def test_plug_ins_add_sets(tmp_path: Path) -> None:
    assert "mine" in dataset_names()
    assert describe("mine") == "My own set."
    assert [entry.name for entry in open_dataset("mine", tmp_path).entries()] == ["S1"]


@pytest.mark.usefixtures("plug_in")
def test_a_broken_plug_in_names_itself_and_hides_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the reader of 'broken', mysets_missing:recordings, cannot be loaded"):
        open_dataset("broken", tmp_path)
    assert describe("pure") == "PURE."  # a plug-in replaces no set of ours


def test_reading_needs_no_extra() -> None:
    code = (
        "import sys; from physiocam.datasets.readers.catalogue import describe, dataset_names; "
        "[describe(name) for name in dataset_names()]; "
        "print([name for name in ('torch', 'zarr', 'h5py', 'scipy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
