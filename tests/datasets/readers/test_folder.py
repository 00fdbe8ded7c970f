import pickle
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.readers.folder import FolderEntry, read_signal, recordings
from physiocam.datasets.recording import UNKNOWN
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout
from physiocam.video.writer import write_video


def video(path: Path, frames: int = 20, fs: float = 10.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, [np.full((32, 48, 3), 5 * index, np.uint8) for index in range(frames)], fs)
    return path


def only(root: Path) -> FolderEntry:
    (entry,) = recordings(root)
    return entry


def test_a_written_folder_reads_back_as_it_was_put_in(tmp_path: Path) -> None:
    root = tmp_path / "own"
    truths = write_layout("folder", root, 2, settings=SceneSettings(duration_s=2.0, width=64, height=64))
    entries = open_dataset("folder", root).entries()
    assert [(entry.name, entry.subject) for entry in entries] == [(truth.name, truth.subject) for truth in truths]
    for entry, truth in zip(entries, truths, strict=True):
        read = pickle.loads(pickle.dumps(entry)).load()
        assert read.signals.keys() == truth.signals.keys()
        for name, signal in truth.signals.items():
            assert read.signals[name].timestamps_s == pytest.approx(signal.timestamps_s, abs=1e-6)
            assert read.signals[name].values == pytest.approx(signal.values, abs=1e-6)
        assert read.action_units is not None
        assert truth.action_units is not None
        assert read.action_units.labels == truth.action_units.labels
        assert np.array_equal(read.action_units.occurrence, truth.action_units.occurrence)
        assert set(map(Path, entry.sources)) <= set(root.iterdir())
        with read.frames.open() as frames:
            assert len(list(frames)) == len(truth.action_units.occurrence)


def test_videos_without_a_list_are_recordings_without_labels(tmp_path: Path) -> None:
    for name in ("b/my clip (1).MP4", "a.mp4", "b/my clip [1].mp4", ".hidden.mp4"):
        video(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no video")
    found = recordings(tmp_path)
    assert [entry.name for entry in found] == ["a", "b_my_clip_1_", "b_my_clip_1_-2"]
    assert [entry.subject for entry in found] == [entry.name for entry in found]
    loaded = found[1].load()
    assert loaded.signals == {}
    assert loaded.action_units is None
    assert Path(found[1].sources[0]).exists()


def test_one_heart_rate_a_video_is_enough(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    (tmp_path / "recordings.csv").write_text(
        "\ufeffVideo;Subject;Heart_Rate;breathing_rate\na.mp4;Ann;72.5;\n", encoding="utf-8"
    )
    loaded = only(tmp_path).load()
    assert (loaded.name, loaded.subject) == ("a", "Ann")
    assert loaded.signals["heart_rate"].values.tolist() == [72.5]
    assert "breathing_rate" not in loaded.signals


def test_unused_columns_are_told(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    (tmp_path / "recordings.csv").write_text("video,puls_csv\na.mp4,a.csv\n")
    assert "column puls_csv" in only(tmp_path).load().notes[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b.mp4,,,,", "b: no 'b.mp4' in"),
        ("a.mp4,fast,,,", "a: heart_rate is 'fast' in recordings.csv; expected a positive number"),
        ("a.mp4,-3,,,", "a: heart_rate is '-3'"),
        ("a.mp4,,no.csv,,", "a: no 'no.csv' under"),
        ("a.mp4,,odd.csv,,", "a: 'odd.csv' has columns pulse; expected one called time"),
        ("a.mp4,,,odd.csv,", "a: 'odd.csv' has no column of an action unit"),
        ("a.mp4,,,late.csv,", "a: 'late.csv' codes frame 40, and the video has 20 frames"),
        ("a.mp4,,,untimed.csv,", "a: 'untimed.csv' has neither a column 'frame' nor 'time'"),
        ("a.mp4,,,strong.csv,", "a: 'strong.csv' codes 300; expected 0 to 5, or 9 for unknown"),
        ("a.mp4,,dots.csv,,", "a: 'dots.csv' has columns ...hz; expected one called time"),
        (f"{'a/' * 3000}b.mp4,,,,", "no 'a/a/a/"),
        ("a\0.mp4,,,,", r"no 'a\\x00.mp4' in"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(tmp_path: Path, row: str, message: str) -> None:
    video(tmp_path / "a.mp4")
    (tmp_path / "odd.csv").write_text("pulse\n1\n2\n")
    (tmp_path / "strong.csv").write_text("frame,AU12\n1,300\n")
    (tmp_path / "dots.csv").write_text("...hz\n1\n2\n")
    (tmp_path / "late.csv").write_text("frame,AU12\n1,0\n40,1\n")
    (tmp_path / "untimed.csv").write_text("AU12\n1\n0\n")
    (tmp_path / "recordings.csv").write_text(f"video,heart_rate,pulse_csv,action_units_csv,trial\n{row}\n")
    with pytest.raises(DatasetError, match=message):
        only(tmp_path).load()


def test_a_folder_that_lists_itself_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "recordings.csv").write_text("video\n.\n/\n..\n")
    assert [entry.name for entry in recordings(tmp_path)] == ["video", "video-2", "video-3"]


def test_a_list_without_videos_is_refused(tmp_path: Path) -> None:
    listing = tmp_path / "recordings.csv"
    listing.write_text("subject\nAnn\n")
    with pytest.raises(DatasetError, match="has no column 'video'"):
        recordings(tmp_path)
    listing.write_text("video,subject\na.mp4,Ann\n,Bob\n")
    with pytest.raises(DatasetError, match="names no video in row 3"):
        recordings(tmp_path)
    listing.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="cannot be read"):
        recordings(tmp_path)


@pytest.mark.parametrize(
    "header", ["64", "pulse 64 Hz", "pulse [64Hz]", "fs=64", "sampling_rate: 64", "time_s,pulse", "Pulse,Time (s)"]
)
def test_signals_with_times_or_a_rate(tmp_path: Path, header: str) -> None:
    times = np.arange(10) / 64
    values = [str(value) for value in range(10)]
    first = header.lower().startswith("time")
    rows = values
    if "ime" in header:
        rows = [f"{time},{value}" if first else f"{value},{time}" for time, value in zip(times, values, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    signal = read_signal(tmp_path / "a.csv", "a.u.")
    assert signal is not None
    assert signal.values.tolist() == list(range(10))
    assert signal.timestamps_s == pytest.approx(times)


@pytest.mark.parametrize("start", [0, 1])
def test_codes_by_frame_keep_what_is_unknown(tmp_path: Path, start: int) -> None:
    video(tmp_path / "a.mp4")
    rows = [f"{start + frame},{code}" for frame, code in enumerate([0, 1, 9, 4])]
    (tmp_path / "codes.csv").write_text("\n".join(["frame,au12_c", *rows, f"{start + 4},"]))
    (tmp_path / "recordings.csv").write_text("video,action_units_csv\na.mp4,codes.csv\n")
    codes = only(tmp_path).load().action_units
    assert codes is not None
    assert codes.labels == ("AU12",)
    assert codes.occurrence[:5, 0].tolist() == [0, 1, UNKNOWN, 1, UNKNOWN]
    assert (codes.occurrence[5:] == UNKNOWN).all()
    assert codes.intensity is not None
    assert codes.intensity[3, 0] == 4


def test_codes_by_time_find_their_frames(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", frames=20, fs=10)
    (tmp_path / "codes.csv").write_text("time,AU01\n0.0,1\n0.52,1\n1.9,0\n")
    (tmp_path / "recordings.csv").write_text("video,action_units_csv\na.mp4,codes.csv\n")
    codes = only(tmp_path).load().action_units
    assert codes is not None
    assert codes.intensity is None
    assert np.flatnonzero(codes.occurrence[:, 0] == 1).tolist() == [0, 5]
    assert codes.occurrence[19, 0] == 0


def test_a_folder_of_images_takes_its_rate_from_the_list(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "recordings.csv").write_text("video,fs\nimages,25\n")
    entry = only(tmp_path)
    assert entry.name == "images"
    frames = entry.load().frames
    assert getattr(frames, "fs", None) == 25
