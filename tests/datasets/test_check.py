import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from physiocam.cli.data import data_app
from physiocam.datasets.check import CheckedRecording, check
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.readers.pure import TaskEntry
from physiocam.datasets.recording import Entry, Recording
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout
from physiocam.video.pixels import RgbConverter
from physiocam.video.writer import write_video


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bp4d") / "BP4D+"
    write_layout("bp4d", root, 4, settings=SceneSettings(duration_s=3.0, width=64, height=96))
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(written, tmp_path / "BP4D+"))


def problems(root: Path, name: str = "bp4d") -> dict[str, tuple[str, ...]]:
    return {each.name: each.problems for each in check(open_dataset(name, root).entries()) if each.problems}


def test_a_whole_set_has_no_problem(written: Path) -> None:
    seen: list[CheckedRecording] = []
    checked = check(open_dataset("bp4d", written).entries(), progress=seen.append)
    assert [each.name for each in checked] == ["F001_T1", "F001_T6", "F002_T1", "F002_T6"]
    assert seen == checked
    first = checked[0]
    assert (first.usable, first.frames, first.fs, first.duration_s, first.size) == (True, 75, 25.0, 3.0, (64, 96))
    assert (first.signals["pulse"], first.action_units, first.coded_frames) == (1000.0, 34, 61)
    assert problems(written) == {}


def test_every_kind_of_damage_is_reported_by_name_and_the_rest_kept(root: Path) -> None:
    (root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt").unlink()
    short = root / "Physiology" / "F001" / "T6" / "Resp_Volts.txt"
    short.write_text("\n".join(short.read_text().splitlines()[:1001]))
    with zipfile.ZipFile(root / "2D+3D" / "F002.zip") as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["F002/T1/1.jpg"] = content["F002/T1/1.jpg"][:300]
    with zipfile.ZipFile(root / "2D+3D" / "F002.zip", "w") as new:
        for name, data in content.items():
            if name not in {f"F002/T6/{number}.jpg" for number in range(50, 76)}:
                new.writestr(name, data)
    found = problems(root)
    assert found["F001_T1"] == ("no 'BP_mmHg.txt' under Physiology",)
    assert found["F001_T6"] == ("respiration: ends at 1.0 s, the video at 3.0 s",)
    assert "the first frame of" in found["F002_T1"][-1]
    assert found["F002_T6"] == ("'F002_T6.csv' codes frames 8 to 68, and the archive has 49",)
    usable = [each.usable for each in check(open_dataset("bp4d", root).entries())]
    assert usable == [False, True, False, False]


def test_several_processes_see_the_same(root: Path) -> None:
    pytest.importorskip("joblib")
    (root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt").unlink()
    entries = open_dataset("bp4d", root).entries()
    assert check(entries, jobs=2) == check(entries)


def test_flat_and_lost_signals_are_odd(root: Path) -> None:
    folder = root / "Physiology" / "F001" / "T1"
    (folder / "BP_mmHg.txt").write_text("BP\n" + "80\n" * 3000)
    (folder / "Resp_Volts.txt").write_text("Resp\n" + "1\nnan\n" * 1500)
    assert problems(root)["F001_T1"] == (
        "pulse: the same value throughout",
        "respiration: 1500 samples are not numbers",
    )


def test_a_reader_that_fails_in_an_unforeseen_way_hides_nothing(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Faulty(TaskEntry):
        def load(self) -> Recording:
            raise ZeroDivisionError("of a plug-in")

    entries: list[Entry] = [Faulty(Path("01-01")), *open_dataset("bp4d", written).entries()]
    checked = check(entries)
    assert checked[0].problems == ("unexpected ZeroDivisionError: of a plug-in",)
    assert all(each.usable for each in checked[1:])


def test_videos_are_not_read_to_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 96, 128, 3), dtype=np.uint8)
    write_video(tmp_path / "clip.mp4", noise, 30.0)
    (tmp_path / "recordings.csv").write_text("video,subject,heart_rate\nclip.mp4,S1,70\n")
    converted, convert = [], RgbConverter.__call__

    def counted(self: RgbConverter, frame: Any) -> Any:
        converted.append(frame)
        return convert(self, frame)

    monkeypatch.setattr(RgbConverter, "__call__", counted)
    (checked,) = check(open_dataset("folder", tmp_path).entries())
    assert (checked.frames, checked.fs, checked.problems) == (60, 30.0, ())
    # Its size is that of the first frame; the others are stated.
    assert len(converted) == 1


def test_the_command_says_what_is_there(written: Path) -> None:
    done = CliRunner().invoke(data_app, ["check", "bp4d", str(written)])
    assert done.exit_code == 0, done.output
    assert re.search(r"F002_T6 +F002 +75 +25 +3\.0 s +64x96 +34 in 61 +8", done.output)
    assert "pulse: 4 of 4 recordings, 1000 Hz" in done.output
    assert "4 recordings of 2 subjects, 0.2 minutes" in done.output


def test_the_command_fails_where_something_is_wrong(root: Path) -> None:
    (root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt").unlink()
    done = CliRunner().invoke(data_app, ["check", "bp4d", str(root)])
    assert done.exit_code == 1
    assert "physiocam: F001_T1: no 'BP_mmHg.txt' under Physiology" in done.output
    assert "4 recordings of 2 subjects" in done.output
    assert "1 of them cannot be used" in done.output
    as_json = CliRunner().invoke(data_app, ["check", "bp4d", str(root), "--json"])
    assert as_json.exit_code == 1
    first, second, *_ = json.loads(as_json.stdout)["recordings"]
    assert (first["usable"], first["problems"]) == (False, ["no 'BP_mmHg.txt' under Physiology"])
    assert (second["usable"], second["frames"], second["signals"]["pulse"]) == (True, 75, 1000.0)


def test_the_list_of_sets() -> None:
    done = CliRunner().invoke(data_app, ["list"])
    assert done.exit_code == 0
    assert re.search(r"^pure +PURE\.", done.output, re.MULTILINE)
    assert "bp4d-au" in done.output
