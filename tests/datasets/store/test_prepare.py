"""Preparing: numbers against the reference's, resuming, failures, changed settings and sources."""

import hashlib
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, CropChoice, Recording, Signal
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.datasets.store.store import Store, StoredRecording
from physiocam.errors import DatasetError, VideoError
from physiocam.networks.action_units import AU_LABELS
from physiocam.video.reader import Video, open_video
from physiocam.video.writer import write_video

FS = 25.0


@dataclass(frozen=True, eq=False)
class ArrayFrames:
    """Frames in memory."""

    images: NDArray[np.uint8]

    def open(self) -> Video:
        return open_video(self.images, fs=FS)


@dataclass(frozen=True, eq=False)
class ArrayEntry:
    """A recording made of noise, or of given frames."""

    name: str
    sources: tuple[str, ...] = ()
    frames: int = 20
    images: NDArray[np.uint8] | None = None
    crop: CropChoice = "center"
    broken: bool = False

    @property
    def subject(self) -> str:
        return self.name.split("_")[0]

    def load(self) -> Recording:
        if self.broken:
            raise DatasetError(f"'{self.name}' has no pulse file; expected pulse.txt")
        seed = int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:4], "big")
        rng = np.random.default_rng(seed)
        images = self.images
        if images is None:
            images = rng.integers(0, 256, (self.frames, 30, 24, 3)).astype(np.uint8)
        times = np.arange(len(images) * 4) / (4 * FS)
        signals = {"pulse": Signal(np.sin(times), times, "a.u.")}
        codes = ActionUnitCodes(("AU01", "AU12"), rng.integers(-1, 2, (len(images), 2)).astype(np.int8))
        return Recording(self.name, self.subject, "T1", ArrayFrames(images), signals, codes, self.crop)


def entries(count: int) -> list[ArrayEntry]:
    return [ArrayEntry(f"F{i:03}_T1", frames=10 + i) for i in range(count)]


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def frames(recording: StoredRecording, column: str) -> NDArray[np.float64]:
    return np.asarray(recording.column(column), dtype=np.float64)


# The twelve units' columns among the reference's 49 labels.
GOLDEN_UNITS = [8, 9, 10, 12, 14, 16, 19, 22, 24, 26, 32, 33]


@dataclass(frozen=True, eq=False)
class GoldenEntry(ArrayEntry):
    """The reference's video, with the labels it was given frame by frame."""

    labels: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 49)))

    def load(self) -> Recording:
        assert self.images is not None
        times = np.arange(len(self.images)) / FS
        codes = self.labels[:, GOLDEN_UNITS]
        occurrence = np.where(np.isin(codes, (0, 1)), codes, UNKNOWN).astype(np.int8)
        signals = {
            "pulse": Signal(self.labels[:, 48], times, "a.u."),
            "respiration": Signal(self.labels[:, 5], times, "V"),
        }
        units = ActionUnitCodes(AU_LABELS, occurrence)
        return Recording(self.name, "F001", "T1", ArrayFrames(self.images), signals, units, "bottom")


def golden_recording(shared: Path, tmp_path: Path, preprocessing: str) -> StoredRecording:
    video = np.load(shared / "golden" / "preprocess_authors.npz")["video_rgb_uint8"]
    labels = np.load(shared / "golden" / f"preprocess_{preprocessing}.npz")["labels_in"]
    settings = PrepareSettings.of({"preprocessing": preprocessing, "labels": {"alignment": "linear"}})
    (report,) = prepare([GoldenEntry("golden", images=video, labels=labels)], tmp_path / "store", settings)
    assert report.error is None
    return Store(tmp_path / "store").recording("golden")


@pytest.mark.parametrize("preprocessing", ["authors", "toolbox"])
def test_the_references_labels_come_out_of_the_store(shared: Path, tmp_path: Path, preprocessing: str) -> None:
    expected = np.load(shared / "golden" / f"preprocess_{preprocessing}.npz")["labels_out"].reshape(-1, 49)
    recording = golden_recording(shared, tmp_path, preprocessing)
    assert recording.info.tasks == {"pulse": ("pulse",), "respiration": ("respiration",), "au": AU_LABELS}
    np.testing.assert_allclose(recording.column("targets/pulse")[:12, 0], expected[:, 48], atol=1e-6)
    np.testing.assert_allclose(recording.column("targets/respiration")[:12, 0], expected[:, 5], atol=1e-6)
    np.testing.assert_array_equal(recording.column("targets/au")[:12], expected[:, GOLDEN_UNITS])
    assert recording.column("masks/au").all()


def test_the_authors_preprocessing_comes_out_of_the_store(shared: Path, tmp_path: Path) -> None:
    golden = np.load(shared / "golden" / "preprocess_authors.npz")
    recording = golden_recording(shared, tmp_path, "authors")
    assert recording.info.frames == 13
    small = frames(recording, "small") / recording.info.small_std
    np.testing.assert_allclose(small.transpose(0, 2, 3, 1), golden["small_full"], rtol=2e-5, atol=2e-6)
    mean, std = golden["frames144_all_std"]
    assert recording.info.big_mean == pytest.approx(mean, rel=1e-5)
    assert recording.info.big_std == pytest.approx(std, rel=1e-5)
    big = (frames(recording, "big")[:3] / 255 - mean) / std
    # 8 bits are half a grey level off at most.
    np.testing.assert_allclose(big, golden["big_chunk0"], atol=1.01 * 0.5 / 255 / std)


def test_the_toolbox_preprocessing_comes_out_of_the_store(shared: Path, tmp_path: Path) -> None:
    golden = np.load(shared / "golden" / "preprocess_toolbox.npz")
    recording = golden_recording(shared, tmp_path, "toolbox")
    assert recording.info.frames == 14
    assert not frames(recording, "small")[13].any()
    big = frames(recording, "big")
    assert np.abs(big[:3] - golden["frames144_uint8_first3"]).max() <= 1
    small = (frames(recording, "small") / recording.info.small_std)[:12].reshape(4, 3, 3, 9, 9)
    expected = golden["small_chunks"].transpose(0, 1, 4, 2, 3)
    # Ties may be rounded the other way.
    assert np.abs(small - expected).max() < 0.005 * np.abs(expected).max()
    mean, std = recording.info.big_mean, recording.info.big_std
    np.testing.assert_allclose((big[:3] / 255 - mean) / std, golden["big_chunk0"], atol=1.5 / 255 / std)


def test_everything_of_a_recording_is_stored(tmp_path: Path) -> None:
    entry = ArrayEntry("F001_T1", frames=70)
    prepare([entry], tmp_path / "store")
    recording, truth = Store(tmp_path / "store").recording("F001_T1"), entry.load()
    info = recording.info
    assert (info.name, info.subject, info.trial, info.fs, info.frames) == ("F001_T1", "F001", "T1", FS, 70)
    signal = recording.signal("pulse")
    np.testing.assert_array_equal(signal.values, truth.signals["pulse"].values)
    np.testing.assert_array_equal(signal.timestamps_s, truth.signals["pulse"].timestamps_s)
    assert truth.action_units is not None
    np.testing.assert_array_equal(recording.column("action_units/occurrence"), truth.action_units.occurrence)
    np.testing.assert_allclose(recording.column("timestamps_s"), np.arange(70) / FS)
    np.testing.assert_allclose(recording.column("mean_rgb"), frames(recording, "big").mean((1, 2)) / 255, atol=1e-3)
    # Frames across a chunk's border, read by themselves.
    out = np.empty((40, 144, 144, 3), np.uint8)
    recording.read_frames("big", 25, out)
    np.testing.assert_array_equal(out, recording.column("big")[25:65])


def test_a_failure_is_reported_and_the_rest_is_done(tmp_path: Path) -> None:
    some = [*entries(2), ArrayEntry("broken_T1", broken=True), ArrayEntry("wide_T1", crop="bottom", images=WIDE)]
    report = prepare(some, tmp_path / "store")
    assert [item.error is None for item in report] == [True, True, False, False]
    assert report[2].error == "'broken_T1' has no pulse file; expected pulse.txt"
    assert "portrait" in str(report[3].error)
    assert Store(tmp_path / "store").names() == ["F000_T1", "F001_T1"]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["F000_T1", "F001_T1", "zarr.json"]


WIDE = np.zeros((5, 20, 40, 3), np.uint8)


def test_processes_give_the_same_store_as_one(tmp_path: Path) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    # Other processes cannot import this file by its name.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    prepare(entries(4), tmp_path / "one")
    report = prepare(entries(4), tmp_path / "two", jobs=2)
    assert [item.error for item in report] == [None] * 4
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_second_run_keeps_what_is_there(tmp_path: Path) -> None:
    prepare(entries(2), tmp_path / "store")
    before = contents(tmp_path / "store")
    report = prepare(entries(3), tmp_path / "store")
    assert [item.kept for item in report] == [True, True, False]
    after = contents(tmp_path / "store")
    assert {path: after[path] for path in before} == before


def test_other_settings_are_never_mixed(tmp_path: Path) -> None:
    prepare(entries(1), tmp_path / "store")
    with pytest.raises(DatasetError, match="small_size=9, asked for is small_size=8"):
        prepare(entries(1), tmp_path / "store", PrepareSettings(small_size=8))


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "video.avi"
    source.write_bytes(b"one")
    some = [ArrayEntry("F001_T1", sources=(str(source),)), ArrayEntry("F002_T1")]
    prepare(some, tmp_path / "store")
    source.write_bytes(b"other")
    report = prepare(some, tmp_path / "store")
    assert "source 'video.avi' has changed" in str(report[0].error)
    assert "delete" in str(report[0].error)
    assert report[1].kept


def test_frames_without_a_face_are_noted_and_their_targets_masked(tmp_path: Path) -> None:
    # Nobody is to be seen in noise.
    (report,) = prepare([ArrayEntry("F001_T1", crop="face")], tmp_path / "store")
    assert report.error is None
    recording = Store(tmp_path / "store").recording("F001_T1")
    assert recording.info.frames_without_face == recording.info.frames == 20
    assert recording.info.tasks["pulse"] == ("pulse",)
    assert not recording.column("masks/pulse").any()
    assert not recording.column("small").any()
    assert np.isnan(recording.column("mean_rgb")).all()


def test_cuts_are_looked_for_as_when_measuring_unless_the_settings_are_those_of_other_code() -> None:
    assert PrepareSettings().cuts
    # Stores of other code, and of whole frames, have the same record as before.
    for settings in ({"preprocessing": "authors"}, {"preprocessing": "toolbox"}, {"crop": "whole"}):
        assert "cuts" not in PrepareSettings.of(settings).model_dump()
    assert PrepareSettings.of({"preprocessing": "authors", "cuts": True}).cuts
    assert not PrepareSettings.of({"cuts": False}).cuts


@pytest.mark.parametrize("cuts", [True, False])
def test_no_difference_and_no_label_reaches_across_a_cut(tmp_path: Path, cuts: bool) -> None:
    images = np.random.default_rng(0).integers(0, 6, (20, 30, 24, 3), np.uint8)
    images[8:] += np.linspace(0, 240, 24, dtype=np.uint8)[:, None]
    settings = PrepareSettings.of({"crop": "center", "cuts": cuts, "slow": {"fs": 8.0}})
    (report,) = prepare([ArrayEntry("F001_T1", images=images)], tmp_path / "store", settings)
    assert report.error is None
    recording = Store(tmp_path / "store").recording("F001_T1")
    assert recording.info.cuts == ((8,) if cuts else ())
    small, seen = frames(recording, "small"), recording.column("masks/pulse")[:, 0]
    jump = np.abs(small[7]).mean() / np.abs(small[5]).mean()
    assert jump == 0.0 if cuts else jump > 2.0
    assert seen[7] != cuts
    assert seen[6]
    assert np.isnan(recording.column("mean_rgb")[7]).all() == cuts
    # Every third frame is kept, and again from the cut on.
    assert len(recording.column("slow/small")) == (7 if not cuts else 3 + 4)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(DatasetError, match=r"setting small_size=0.*settings are"):
        PrepareSettings.of({"small_size": 0})
    with pytest.raises(DatasetError, match="setting sise"):
        PrepareSettings.of({"sise": 3})
    with pytest.raises(DatasetError, match="must be the same as preprocessing, 'toolbox'"):
        PrepareSettings.of({"preprocessing": "toolbox", "labels": {"differences": "default"}})


def test_a_store_is_not_made_of_a_folder_with_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="other files"):
        prepare(entries(1), tmp_path)


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="more than once"):
        prepare([*entries(1), *entries(1)], tmp_path / "store")


def test_an_empty_recording_is_a_failure(tmp_path: Path) -> None:
    class NoFrames(ArrayFrames):
        def open(self) -> Video:
            raise VideoError("'a.avi' is empty (0 bytes); expected a video file")

    @dataclass(frozen=True, eq=False)
    class Empty(ArrayEntry):
        def load(self) -> Recording:
            return Recording(self.name, "F", "T1", NoFrames(WIDE))

    (report,) = prepare([Empty("F001_T1")], tmp_path / "store")
    assert report.error == "'a.avi' is empty (0 bytes); expected a video file"


def test_a_changed_row_of_the_table_is_noticed(tmp_path: Path) -> None:
    root, store = tmp_path / "mine", tmp_path / "store"
    root.mkdir()
    for name in ("a", "b"):
        write_video(root / f"{name}.mp4", np.full((6, 32, 32, 3), 90, np.uint8), 25.0)
    table = root / "recordings.csv"

    def again(text: str) -> list[str | None]:
        table.write_text(text)
        report = prepare(open_dataset("folder", root).entries(), store, PrepareSettings(crop="center"))
        return [one.error for one in report]

    assert again("video,subject,heart_rate\na.mp4,Ann,71\n") == [None]
    # Another recording's row is none of its business.
    assert again("video,subject,heart_rate\na.mp4,Ann,71\nb.mp4,Ann,80\n") == [None, None]
    for row, said in (("Ann,75", "with heart_rate '71', not '75'"), ("Bea,71", "with subject 'Ann', not 'Bea'")):
        first, second = again(f"video,subject,heart_rate\na.mp4,{row}\nb.mp4,Ann,80\n")
        assert first is not None
        assert said in first
        assert "to prepare it again" in first
        assert second is None
    shutil.rmtree(store / "a")
    assert again("video,subject,heart_rate\na.mp4,Ann,75\nb.mp4,Ann,80\n") == [None, None]


def test_another_way_of_preparing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    write_video(root / "a.mp4", np.full((6, 32, 32, 3), 90, np.uint8), 25.0)
    entries = open_dataset("folder", root).entries()
    prepare(entries, tmp_path / "store", PrepareSettings(crop="center"))
    with pytest.raises(DatasetError, match="was prepared with crop=center, asked for is crop=face"):
        prepare(entries, tmp_path / "store", PrepareSettings(crop="face"))
    monkeypatch.setattr("physiocam.datasets.store.prepare._REVISION", 99)
    with pytest.raises(DatasetError, match="asked for is revision=99; name another store, or delete this one"):
        prepare(entries, tmp_path / "store", PrepareSettings(crop="center"))


def test_a_recording_is_known_by_its_content(tmp_path: Path) -> None:
    digests = []
    for number, grey in enumerate((90, 90, 91)):
        root = tmp_path / str(number)
        root.mkdir()
        write_video(root / "a.mp4", np.full((6, 32, 32, 3), grey, np.uint8), 25.0)
        store = tmp_path / f"store{number}"
        prepare(open_dataset("folder", root).entries(), store, PrepareSettings(crop="center"))
        digests.append(Store(store).digests()["a"])
    assert digests[0] == digests[1] != digests[2]
