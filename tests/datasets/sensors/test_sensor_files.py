"""Sensors' files as people have them: what is read is right, or is refused with the file, the line and the value."""

import json
import os
import re
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.datasets.check import check
from physiocam.datasets.readers.catalogue import open_dataset
from physiocam.datasets.readers.folder import read_signal, recordings
from physiocam.datasets.recording import Recording, Signal
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.layouts import write_layout
from physiocam.video.writer import write_video

FS, RATE = 30.098, 75.4
TIMES = np.arange(354) / FS
WAVE = np.round(np.sin(2 * np.pi * RATE / 60 * TIMES) + 0.3 * np.sin(4 * np.pi * RATE / 60 * TIMES), 5)


def csv(head: str, *columns: NDArray[np.generic] | list[str], by: str = ",") -> str:
    return "\n".join([head, *(by.join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


def read(tmp_path: Path, text: str | bytes, name: str = "pulse") -> tuple[Signal | None, list[str]]:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    notes: list[str] = []
    return read_signal(path, "a.u.", name, notes), notes


def german(values: NDArray[np.float64]) -> list[str]:
    return [f"{value:.6f}".replace(".", ",") for value in values]


PLAIN = csv("time,ppg", TIMES, WAVE)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        csv("Zeit (s),Pleth (µV)", TIMES, WAVE).encode("cp1252"),
        "# sensor X, fs: 30\n% more\n\n" + PLAIN,
        PLAIN.replace("\n0.99", "\n# a marker\n0.99"),
        "sep=;\n" + csv("time;ppg", TIMES, WAVE, by=";"),
        csv("time;ppg", german(TIMES), german(WAVE), by=";"),
        csv("time\tppg", german(TIMES), german(WAVE), by="\t"),
        csv('"time","ppg"', [f'"{t}"' for t in german(TIMES)], [f'"{w}"' for w in german(WAVE)]),
        csv("time ppg", TIMES, WAVE, by=" "),
        csv("time|ppg", TIMES, WAVE, by="|"),
        csv("time,ppg,", TIMES, WAVE, [""] * 354),
        csv("time,ppg", [f'"{1000 * t:,.4f}"' for t in TIMES], WAVE).replace("time", "time_ms"),
        csv("Time [ms],PPG [mV]", 1000 * TIMES, WAVE),
        csv("ppg,time (s)", WAVE, TIMES),
        csv("30.098", WAVE),
        csv("ppg 30.098 Hz", WAVE),
        csv("ppg 0.030098 kHz", WAVE),
        "# Sampling rate (Hz): 30.098\n" + csv("index,ppg", np.arange(354), WAVE),
        csv("index,ppg fs=30.098", np.arange(354), WAVE),
    ],
    ids=count(),
)
def test_a_wave_in_any_dress_is_read_as_it_is(tmp_path: Path, text: str | bytes) -> None:
    signal, notes = read(tmp_path, text)
    assert signal is not None
    assert signal.timestamps_s == pytest.approx(TIMES, abs=2e-6)
    assert signal.values == pytest.approx(WAVE, abs=1e-5)
    assert notes == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# PPG, notch 50 Hz, sampling rate 30.098 Hz\n" + csv("ppg", WAVE),
            "ppg, notch 50 hz, sampling rate 30.098 hz",
        ),
        ("# screen 60 Hz\n# 30.098 samples per second\n" + csv("ppg", WAVE), "30.098 samples per second"),
        (csv("ppg 30.098 Hz", WAVE), "ppg 30.098 hz"),
    ],
)
def test_what_a_rate_was_taken_from_is_said(tmp_path: Path, text: str, said: str) -> None:
    signal, _ = read(tmp_path, text)
    assert signal is not None
    assert signal.timestamps_s == pytest.approx(TIMES)
    assert signal.source.endswith(f", taken as 30.098 Hz, from '{said}'")


def test_a_band_in_a_column_s_name_is_no_rate(tmp_path: Path) -> None:
    signal, _ = read(tmp_path, csv("time,ppg (0.5-8 Hz)", TIMES, WAVE))
    assert signal is not None
    with pytest.raises(DatasetError, match="expected one called time, in s, or a sampling rate"):
        read(tmp_path, csv("ppg (0.5-8 Hz)", WAVE))


VITALS = "ppg,ecg,resp,sbp,dbp,spo2,hr_ecg,hr_ppg,hrv_sdnn_ecg,rr"


@pytest.mark.parametrize(
    ("head", "name", "taken"),
    [
        (f"time,{VITALS}", "pulse", "ppg"),
        (f"time,{VITALS}", "respiration", "resp"),
        ("time,spo2,ppg", "pulse", "ppg"),
        ("time,temperature,battery,marker,index,BVP (a.u.)", "pulse", "bvp (a.u.)"),
        ("time,pulse,pleth", "pulse", "pleth"),
        ("time,SpO2(%),PulseRate,PlethWave", "pulse", "plethwave"),
        ("time,PI,HeartRate,Pulse Waveform", "pulse", "pulse waveform"),
        (",time,hr,value", "pulse", "value"),
        ("time,sample,status,signal", "pulse", "signal"),
        ("time,resp_rate,chest belt,ppg", "respiration", "chest belt"),
        ("time,whatever", "pulse", "whatever"),
    ],
)
def test_columns_are_chosen_by_name(tmp_path: Path, head: str, name: str, taken: str) -> None:
    names = head.lower().split(",")
    columns = [TIMES if column == "time" else WAVE if column == taken else np.full(354, 98) for column in names]
    signal, _ = read(tmp_path, csv(head, *columns), name)
    assert signal is not None
    assert signal.source == f"column '{taken}'"
    assert signal.values.tolist() == WAVE.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (csv("time,ppg_red,ppg_ir", TIMES, WAVE, WAVE), "may have its pulse wave in the columns 'ppg_red', 'ppg_ir'"),
        (csv("time,red,ir", TIMES, WAVE, WAVE), "may have its pulse wave in the columns 'red', 'ir'; expected one"),
        (csv("time,spo2", TIMES, WAVE), "has no pulse wave in its columns 'time', 'spo2'; expected one named ppg"),
        (csv("time,pulse_rate", TIMES, WAVE), "has no pulse wave"),
        (csv("time,pulse (bpm)", TIMES, WAVE), "has no pulse wave"),
        (csv("time,resp", TIMES, WAVE), "has no pulse wave"),
        (csv("time,timestamp,ppg", TIMES, TIMES, WAVE), "has times in the columns 'time', 'timestamp'; expected one"),
        (csv("0.0,0.1", TIMES, WAVE), "has no column names in its first line but the numbers '0.0', '0.1'"),
        (csv("0.1", WAVE), "begins with 0.1, which may be its sampling rate or its first sample"),
        (csv("1544027337.000000", ["64", *map(str, WAVE)]), "has 1544027337 in its first line; expected a sampling"),
        (csv("ppg", WAVE), "has columns ppg; expected one called time"),
        (csv("ppg 30 Hz,fs=64", WAVE, WAVE), "names the sampling rates 30, 64 Hz; expected one"),
        ("# fs 64\n# sampling rate 30 Hz\n" + csv("ppg", WAVE), "names the sampling rates 30, 64 Hz; expected one"),
        ("# screen 60Hz\n" + csv("ppg", WAVE), "expected one called time, in s, or a sampling rate"),
        (csv("time,ppg", np.rint(1000 * TIMES), WAVE), r"0\.0301 samples per second; .* name their column time_ms"),
        (csv("time,ppg", np.rint(1e6 * TIMES), WAVE), "if its times are in us, name their column time_us"),
        (csv("time_us,ppg", TIMES, WAVE), r"3\.01e\+07 samples per second"),
        (csv("time,ppg", TIMES + 1.7e9, WAVE), "has the time '1700000000.0' in line 2, which is outside the video"),
        (csv("time,ppg", TIMES, np.where(TIMES[30] == TIMES, "x12", WAVE.astype(str))), "has 'x12' in line 32, column"),
        (csv("time,ppg", german(TIMES), german(WAVE)), "has 4 cells in line 2 and 2 columns"),
        (PLAIN.replace("\n1.", "\n1;1.", 1), "has '1;1"),
        ("time,ppg\n0,1\n0.03\n0.06,2\n", "has 1 cells in line 3 and 2 columns"),
        (csv("time;ppg", TIMES, german(WAVE), by=";"), "expected decimals by commas or by points, not both"),
        (csv("time_ms,ppg", np.arange(354), ['"1,234"'] * 354), "'1,234' in line 2, which may mean thousands or dec"),
        ("time,ppg\n0,1\n", "has a single sample of a pulse wave; expected several seconds"),
        ("time,ppg\n", "has no row of numbers under its header"),
        ("", "has no row of numbers under its header"),
    ],
    ids=count(),
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith("'a.csv' ")
    assert "\n" not in str(caught.value)


def test_what_is_unknown_is_said_with_its_lines(tmp_path: Path) -> None:
    wave = WAVE.copy()
    wave[100:200] = 0
    signal, notes = read(tmp_path, csv("time,ppg", TIMES, wave))
    assert signal is not None
    assert np.flatnonzero(np.isnan(signal.values)).tolist() == list(range(100, 200))
    assert notes == [
        "pulse: 100 of 354 samples are unknown: the same value for 1 s or more, first 0 from line 102 of 'a.csv' to "
        "line 201 of 'a.csv'"
    ]
    assert read(tmp_path, csv("time,ppg", TIMES, 0 * WAVE)) == (None, ["pulse: the same value throughout"])
    cells = [
        str(value) if index % 50 else ["", "NaN", "--", "n/a"][index // 50 % 4] for index, value in enumerate(WAVE)
    ]
    signal, notes = read(tmp_path, csv("time,ppg", TIMES, cells))
    assert signal is not None
    assert notes == ["pulse: 8 samples are not numbers"]
    assert np.flatnonzero(np.isnan(signal.values)).tolist() == list(range(0, 354, 50))


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    signal, notes = read(tmp_path, PLAIN + "11.7")
    assert signal is not None
    assert len(signal.values) == 354
    assert notes == ["line 356 of 'a.csv', the last, is cut off and left out"]


def folder(tmp_path: Path, row: str, columns: str = "video,pulse_csv") -> Path:
    root = tmp_path / "own"
    root.mkdir(exist_ok=True)
    write_video(root / "a.mp4", np.full((118, 32, 48, 3), 90, np.uint8), 10.0)
    (root / "recordings.csv").write_text(f"{columns}\n{row}\n")
    return root


@pytest.mark.parametrize(
    ("start", "times"),
    [
        ("1714564800.5", TIMES + 1714564800.5),
        ("2024-05-01T12:00:00.5Z", TIMES + 1714564800.5),
        ("12:00:00.5", [f"12:00:{0.5 + t:09.6f}" for t in TIMES]),
    ],
)
def test_times_of_another_clock_need_the_video_s_start(tmp_path: Path, start: str, times: list[str]) -> None:
    root = folder(tmp_path, f"a.mp4,a.csv,{start}", "video,pulse_csv,start")
    (root / "a.csv").write_text(csv("timestamp,ppg", times, WAVE))
    (entry,) = recordings(root)
    assert entry.load().signals["pulse"].timestamps_s == pytest.approx(TIMES, abs=1e-5)
    (root / "recordings.csv").write_text("video,pulse_csv\na.mp4,a.csv\n")
    (entry,) = recordings(root)
    with pytest.raises(DatasetError, match=r"a: 'a\.csv' has .* that frame's time in a column 'start' of recordings"):
        entry.load()
    (root / "recordings.csv").write_text("video,pulse_csv,start\na.mp4,a.csv,soon\n")
    (entry,) = recordings(root)
    with pytest.raises(DatasetError, match=r"start is 'soon' in recordings\.csv; expected when the video began"):
        entry.load()


@pytest.mark.parametrize("name", ["pulse", "respiration"])
@pytest.mark.parametrize(
    ("head", "rate", "factor", "message"),
    [
        ("time", 60, 1 / 60, "in minutes: name their column time_min"),
        ("time_min", 600, 1.0, "name their column time_s"),
        ("time", 60, 10.0, "in tenths of a second: write them in s"),
        ("time", 60, 0.1, "in tens of seconds"),
        ("time", 60, 0.01, "in hundreds of seconds"),
        ("time", 600, 100.0, "in hundredths of a second"),
    ],
)
def test_times_in_another_unit_are_refused(
    tmp_path: Path, name: str, head: str, rate: int, factor: float, message: str
) -> None:
    root = folder(tmp_path, "a.mp4,a.csv", f"video,{name}_csv")
    times = np.arange(int(11.8 * rate)) / rate
    wave = np.sin(2 * np.pi * 0.9 * times)
    (root / "a.csv").write_text(csv(f"{head},{'ppg' if name == 'pulse' else 'resp'}", times * factor, wave))
    (entry,) = recordings(root)
    with pytest.raises(DatasetError, match=rf"'a\.csv' lasts .* s and the video 11\.8 s; .*{message}"):
        entry.load()


def test_minutes_that_are_named_so_are_read(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.mp4,a.csv")
    (root / "a.csv").write_text(csv("time_min,ppg", TIMES / 60, WAVE))
    (entry,) = recordings(root)
    assert entry.load().signals["pulse"].timestamps_s == pytest.approx(TIMES)


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("video,heart_rate", "a.mp4,1.2", r"heart_rate is 1\.2; expected 20 to 250 beats/min; if it is in Hz, give 72"),
        (
            "video,heart_rate",
            "a.mp4,400",
            r"is 400; expected 20 to 250 beats/min \(row 2 of recordings\.csv\)",
        ),
        ("video,breathing_rate", "a.mp4,0.25", r"breathing_rate is 0\.25; .* if it is in Hz, give 15"),
        ("video,heart_rate", "a.mp4,0", "heart_rate is '0' in recordings.csv; expected a positive number"),
        ("video,heart_rate", "a.mp4,72 bpm", "heart_rate is '72 bpm' in recordings.csv"),
    ],
)
def test_impossible_rates_are_refused(tmp_path: Path, columns: str, row: str, message: str) -> None:
    (entry,) = recordings(folder(tmp_path, row, columns))
    with pytest.raises(DatasetError, match=message):
        entry.load()


def test_a_list_with_decimal_commas(tmp_path: Path) -> None:
    (entry,) = recordings(folder(tmp_path, "a.mp4;72,5", "video;heart_rate"))
    assert entry.load().signals["heart_rate"].values.tolist() == [72.5]
    with pytest.raises(DatasetError, match="has 3 cells in row 2 and 2 columns"):
        recordings(folder(tmp_path, "a.mp4,72,5", "video,heart_rate"))


def test_the_look_says_what_was_taken(tmp_path: Path) -> None:
    root = folder(tmp_path, "a.mp4,a.csv")
    (root / "a.csv").write_text(csv("time,spo2,ppg", np.floor(TIMES), np.full(354, 98), WAVE))
    (looked,) = check(open_dataset("folder", root).entries())
    assert looked.sources == {"pulse": "column 'ppg'"}
    assert looked.signals["pulse"] == pytest.approx(FS, rel=0.01)
    assert looked.problems == (
        "pulse: times are truncated to steps of 1 s, 30 samples each; spread evenly over the steps",
    )


# The sets' own files.

SCENE = SceneSettings(duration_s=12.0, width=64, height=48)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Recording]]:
    known: dict[str, tuple[Path, Recording]] = {}

    def write(layout: str) -> tuple[Path, Recording]:
        if layout not in known:
            root = tmp_path_factory.mktemp(layout) / "set"
            known[layout] = root, write_layout(layout, root, 1, settings=SCENE)[0]
        return known[layout]

    return write


def change_rate(layout: str, root: Path, change: Callable[[int, float], float]) -> None:
    """Change the heart rates of a set's first recording, one after the other."""
    if layout == "ubfc-rppg":
        path = next(root.rglob("ground_truth.txt"))
        wave, rates, times = (line.split() for line in path.read_text().splitlines())
        rates = [str(change(i, float(rate))) for i, rate in enumerate(rates)]
        path.write_text("\n".join(" ".join(row) for row in (wave, rates, times)))
    elif layout == "ubfc-rppg-1":
        path = next(root.rglob("gtdump.xmp"))
        rows = [line.split(",") for line in path.read_text().splitlines()]
        path.write_text("\n".join(",".join([r[0], str(change(i, float(r[1]))), *r[2:]]) for i, r in enumerate(rows)))
    else:
        path = next(root.rglob("*.json"))
        content = json.loads(path.read_text())
        for i, sample in enumerate(content["/FullPackage"]):
            sample["Value"]["pulseRate"] = change(i, sample["Value"]["pulseRate"])
        path.write_text(json.dumps(content))


@pytest.mark.parametrize("layout", ["ubfc-rppg", "ubfc-rppg-1", "pure"])
@pytest.mark.parametrize("idle", [0.0, -1.0, 127.0, 255.0, 511.0])
def test_what_an_oximeter_says_while_it_searches_is_no_heart_rate(
    written: Callable[[str], tuple[Path, Recording]], tmp_path: Path, layout: str, idle: float
) -> None:
    source, truth = written(layout)
    root = Path(shutil.copytree(source, tmp_path / "set"))
    change_rate(layout, root, lambda index, rate: idle if index < 74 else rate)
    (entry,) = open_dataset(layout.removesuffix("-1"), root).entries()[:1]
    read = entry.load()
    rates, true = read.signals["heart_rate"].values, truth.signals["heart_rate"].values
    assert np.isnan(rates[:74]).all()
    assert np.isfinite(rates[74:]).all()
    assert np.nanmean(rates) == pytest.approx(true[74 : len(rates)].mean(), abs=0.5)
    assert re.search(rf"heart_rate: 74 of \d+ samples are unknown, first {idle:g} in ", "; ".join(read.notes))


@pytest.mark.parametrize("layout", ["ubfc-rppg", "ubfc-rppg-1", "pure"])
def test_rates_in_hz_are_refused(written: Callable[[str], tuple[Path, Recording]], tmp_path: Path, layout: str) -> None:
    root = Path(shutil.copytree(written(layout)[0], tmp_path / "set"))
    change_rate(layout, root, lambda _, rate: round(rate / 60, 2))
    entry = open_dataset(layout.removesuffix("-1"), root).entries()[0]
    with pytest.raises(DatasetError, match=r"heart_rate is [12]\.\d+ in (line|number|sample) 1 .*if it is in Hz, give"):
        entry.load()


def test_a_rate_that_is_never_known_leaves_the_wave(
    written: Callable[[str], tuple[Path, Recording]], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(written("pure")[0], tmp_path / "set"))
    change_rate("pure", root, lambda *_: 0)
    read = open_dataset("pure", root).entries()[0].load()
    assert "heart_rate" not in read.signals
    assert "pulse" in read.signals


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ground_truth.txt", "times in ms", r"0\.03 samples per second"),
        ("ground_truth.txt", "times descend", "reversed"),
        ("ground_truth.txt", "a word", "'none', value 3 of line 1"),
    ],
)
def test_the_second_set_s_times(
    written: Callable[[str], tuple[Path, Recording]], tmp_path: Path, old: str, new: str, message: str
) -> None:
    root = Path(shutil.copytree(written("ubfc-rppg")[0], tmp_path / "set"))
    path = next(root.rglob(old))
    rows = [line.split() for line in path.read_text().splitlines()]
    if new == "times in ms":
        rows[2] = [str(1000 * float(time)) for time in rows[2]]
    elif new == "times descend":
        rows = [row[::-1] for row in rows]
    else:
        rows[0][2] = "nonee"
    path.write_text("\n".join(" ".join(row) for row in rows))
    (looked,) = check(open_dataset("ubfc-rppg", root).entries()[:1])
    assert re.search(message.replace("'none'", "'nonee'"), "; ".join(looked.problems))


def test_decimal_commas_in_a_file_of_one_number_a_line(tmp_path: Path) -> None:
    root = tmp_path / "set"
    scene = SceneSettings(duration_s=2.0, width=64, height=96)
    write_layout("bp4d", root, 1, settings=scene)
    path = root / "Physiology" / "F001" / "T1" / "BP_mmHg.txt"
    path.write_text(path.read_text().replace(".", ","))
    entry = open_dataset("bp4d", root).entries()[0]
    with pytest.raises(DatasetError, match=r"'BP_mmHg\.txt' has 2 columns; expected 1 \(write numbers with a decimal"):
        entry.load()


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "sparse"])
@pytest.mark.parametrize("column", ["pulse_csv", "action_units_csv", "recordings.csv"])
def test_what_is_no_ordinary_file_is_refused_before_it_is_read(tmp_path: Path, kind: str, column: str) -> None:
    root = folder(tmp_path, "a.mp4,a.csv", f"video,{column if column.endswith('_csv') else 'pulse_csv'}")
    path = root / ("recordings.csv" if column == "recordings.csv" else "a.csv")
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(10_000_000_000)
    expected = {
        "pipe": "it is a named pipe; expected an ordinary file",
        "device": "it is a device; expected an ordinary file",
        "folder": "it is a folder; expected an ordinary file",
        "sparse": "it has 10,000 MB; expected at most 100 MB",
    }[kind]
    with pytest.raises(DatasetError, match=f"'{path.name}' cannot be read: {expected}"):
        recordings(root)[0].load()
