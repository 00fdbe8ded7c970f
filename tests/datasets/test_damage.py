"""Sets with something wrong in them: it is reported by the recording's name, and the rest is prepared all the same."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from physiocam.datasets.check import check
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.datasets.store.store import Store
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout

SECONDS = 3.0
SETTINGS = PrepareSettings(crop="center", big_size=32, small_size=2)


@dataclass(frozen=True)
class Damage:
    """What is done to one recording of two, and what is to be said about it.

    Attributes
    ----------
    layout, kind : str
    do : callable
        Damages the recording, given the set's root.
    says : str
        Pattern of what is reported.
    lost : bool
        It cannot be prepared; otherwise it is, without what is damaged.
    gaps : int
        Frames of the prepared recording that are not there.
    unlabelled : str or None
        Task of which no target counts behind the damage.
    at_a_look : bool
        `data check`, which decodes no frame but the first, sees it too.
    """

    layout: str
    kind: str
    do: Callable[[Path], None]
    says: str
    lost: bool = True
    gaps: int = 0
    unlabelled: str | None = None
    at_a_look: bool = True


def without(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def cut(path: str, share: float) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        content = (root / path).read_bytes()
        (root / path).write_bytes(content[: int(share * len(content))])

    return do


def lines(path: str, keep: int) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        (root / path).write_text("\n".join((root / path).read_text().splitlines()[:keep]) + "\n")

    return do


def zipped(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path], None]:
    """Change entries of F001's archive of BP4D+."""

    def do(root: Path) -> None:
        path = root / "2D+3D" / "F001.zip"
        with zipfile.ZipFile(path) as old:
            content = {name: old.read(name) for name in old.namelist()}
        change(content)
        with zipfile.ZipFile(path, "w") as new:
            for name, data in content.items():
                new.writestr(name, data)

    return do


def half_a_frame(content: dict[str, bytes]) -> None:
    content["F001/T1/30.jpg"] = content["F001/T1/30.jpg"][: len(content["F001/T1/30.jpg"]) // 2]


def frames_lost(content: dict[str, bytes]) -> None:
    for number in range(60, 76):
        del content[f"F001/T1/{number}.jpg"]


def ground_truth(lengths: tuple[int, int, int]) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        path = root / "subject1" / "ground_truth.txt"
        rows = [line.split() for line in path.read_text().splitlines()]
        path.write_text("\n".join(" ".join(row[:n]) for row, n in zip(rows, lengths, strict=True)))

    return do


def oximeter(root: Path) -> None:
    path = root / "01-01" / "01-01.json"
    content = json.loads(path.read_text())
    content["/FullPackage"] = content["/FullPackage"][:60]
    path.write_text(json.dumps(content))


def image(number: int, share: float | None) -> Callable[[Path], None]:
    """Cut an image of PURE off, or delete it."""

    def do(root: Path) -> None:
        path = sorted((root / "01-01" / "01-01").iterdir())[number]
        if share is None:
            path.unlink()
        else:
            cut(str(path.relative_to(root)), share)(root)

    return do


def avatar(key: str, frames: int | None) -> Callable[[Path], None]:
    """Delete or shorten what a file of SCAMPS holds."""

    def do(root: Path) -> None:
        import h5py

        with h5py.File(root / "P000001.mat", "a") as file:
            values = file[key][:]
            del file[key]
            if frames is not None:
                file[key] = values[..., :frames] if key == "Xsub" else values[:frames]

    return do


def one_more_code(root: Path) -> None:
    path = root / "S001_T1_action_units.csv"
    rows = path.read_text().splitlines()
    last = rows[-1].split(",")
    path.write_text("\n".join([*rows, ",".join([str(float(last[0]) + 1), *last[1:]])]))


TRIAL = "Physiology/F001/T1"
AU12 = "ActionUnit_Labels/SN001/SN001_au12.txt"
DAMAGES = [
    Damage("bp4d", "missing file", without(f"{TRIAL}/BP_mmHg.txt"), "no 'BP_mmHg.txt' under Physiology"),
    Damage(
        "bp4d", "short signal", lines(f"{TRIAL}/Resp_Volts.txt", 1001), "respiration: ends at 1.0 s", False,
        unlabelled="respiration",
    ),
    Damage("bp4d", "unreadable frame", zipped(half_a_frame), "'F001/T1/30.jpg' cannot be", False, 1, at_a_look=False),
    Damage("bp4d", "wrong count", lines("AUCoding/AU_INT/AU12/F001_T1_AU12.csv", 9), "has 9 rows of 2"),
    Damage("bp4d", "codes without frames", zipped(frames_lost), "codes frames 8 to 68, and the archive has 59"),
    Damage("ubfc-rppg", "missing file", without("subject1/ground_truth.txt"), "no 'ground_truth.txt'"),
    Damage("ubfc-rppg", "short signal", ground_truth((30,) * 3), "pulse: ends at 1.0 s", False, unlabelled="pulse"),
    Damage("ubfc-rppg", "unreadable frames", cut("subject1/vid.avi", 0.01), "cannot be opened as a video"),
    Damage("ubfc-rppg", "wrong count", ground_truth((90, 90, 80)), "lines of 90, 90, 80 numbers"),
    Damage("ubfc-rppg-1", "missing file", without("1-gt/vid.avi"), "no 'vid.avi'"),
    Damage("ubfc-rppg-1", "short signal", lines("1-gt/gtdump.xmp", 60), "pulse: ends at", False, unlabelled="pulse"),
    Damage("pure", "missing file", without("01-01/01-01.json"), "no '01-01.json'"),
    Damage("pure", "short signal", oximeter, "pulse: ends at 1.0 s", False, unlabelled="pulse"),
    Damage("pure", "unreadable frame", image(30, 0.5), "cannot be read as an image", False, 1, at_a_look=False),
    Damage("pure", "wrong count", image(30, None), "lists 90 images, but there are 89", False, 0),
    Damage("disfa", "missing file", without(AU12), "no 'SN001_au12.txt'"),
    Damage("disfa", "unreadable frames", cut("Videos_LeftCamera/LeftVideoSN001_comp.avi", 0.02), "cannot be opened"),
    Damage("disfa", "codes without frames", lines(AU12, 40), "codes 40 frames, and the video has 60"),
    Damage("scamps", "missing file", avatar("d_br", None), "no 'd_br'"),
    Damage("scamps", "short signal", avatar("d_ppg", 30), "90 frames under 'Xsub', but values 30 of 'd_ppg'"),
    Damage("scamps", "wrong count", avatar("Xsub", 60), "60 frames under 'Xsub', but values 90 of 'd_ppg'"),
    Damage("folder", "missing file", without("S001_T1_pulse.csv"), "no 'S001_T1_pulse.csv'"),
    Damage("folder", "short signal", lines("S001_T1_pulse.csv", 31), "pulse: ends at 1.0 s", False, unlabelled="pulse"),
    Damage("folder", "unreadable frames", cut("S001_T1.mp4", 0.02), "cannot be opened as a video"),
    Damage("folder", "codes without frames", one_more_code, "codes frame"),
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    @cache
    def written(layout: str) -> Path:
        if layout == "scamps":
            pytest.importorskip("h5py")
        root = tmp_path_factory.mktemp(layout) / "set"
        width, height = (48, 64) if layout == "bp4d" else (64, 48)
        write_layout(layout, root, 2, settings=SceneSettings(duration_s=SECONDS, width=width, height=height))
        return root

    return written


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: f"{damage.layout}, {damage.kind}")
def test_it_is_reported_by_name_and_the_rest_kept(whole: Callable[[str], Path], tmp_path: Path, damage: Damage) -> None:
    root = Path(shutil.copytree(whole(damage.layout), tmp_path / "set"))
    damage.do(root)
    entries = open_dataset(damage.layout.removesuffix("-1"), root).entries()
    hurt, sound = (entry.name for entry in entries)

    looked = {each.name: each for each in check(entries)}
    assert looked[sound].problems == ()
    if damage.at_a_look:
        assert re.search(damage.says, "; ".join(looked[hurt].problems))
    assert looked[hurt].usable != (damage.lost and damage.at_a_look)

    prepared = {each.name: each for each in prepare(entries, tmp_path / "store", SETTINGS)}
    store = Store(tmp_path / "store")
    assert prepared[sound].error is None
    assert store.recording(sound).problems() == []
    assert not store.recording(sound).info.notes
    if damage.lost:
        assert re.search(damage.says, str(prepared[hurt].error))
        assert hurt in str(prepared[hurt].error).replace("/", "_")
        assert store.names() == [sound]
        return
    assert prepared[hurt].error is None
    stored = store.recording(hurt)
    assert stored.problems() == []
    assert stored.info.frames == store.recording(sound).info.frames
    assert prepared[hurt].notes == stored.info.notes
    assert stored.info.frames_without_face == damage.gaps
    if damage.unlabelled is not None:
        known = stored.column(f"masks/{damage.unlabelled}")[:, 0]
        rate = stored.info.fs
        assert known[: int(0.9 * rate)].all()
        assert not known[int(1.1 * rate) :].any()
    else:
        assert re.search(damage.says, "; ".join(stored.info.notes))
        assert np.count_nonzero(~stored.column("face_found")) == damage.gaps


def test_a_video_that_ends_early_is_prepared_as_far_as_it_goes(whole: Callable[[str], Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(whole("ubfc-rppg"), tmp_path / "set"))
    cut("subject1/vid.avi", 0.5)(root)
    hurt, sound = prepare(open_dataset("ubfc-rppg", root).entries(), tmp_path / "store", SETTINGS)
    assert hurt.notes == (f"stopped after {hurt.frames} of 90 frames: the file ends early",)
    assert 30 < hurt.frames < 60
    assert (sound.frames, sound.notes) == (90, ())
    assert Store(tmp_path / "store").recording("subject1").problems() == []
