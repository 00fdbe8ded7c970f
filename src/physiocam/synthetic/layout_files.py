"""The files of each public data set's layout: one function each, which writes a take and returns its truth."""

import csv
import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes, Recording, Signal
from physiocam.errors import DatasetError
from physiocam.networks.action_units import AU_LABELS
from physiocam.synthetic.encoding import encoded, write_avi
from physiocam.synthetic.takes import Take
from physiocam.video.writer import write_video

_BP4D_OCCURRENCE = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, *range(27, 40))
_BP4D_INTENSITY = (6, 10, 12, 14, 17)
_DISFA = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def write_bp4d(take: Take, root: Path) -> Recording:
    """Write a take like BP4D+: frames in a zip archive, sensors at 1000 Hz, codes of a part of it."""
    subject = f"F{take.person:03d}"
    (root / "2D+3D").mkdir(exist_ok=True)
    with zipfile.ZipFile(root / "2D+3D" / f"{subject}.zip", "a") as archive:
        for number, image in enumerate(encoded(take.images(), "mjpeg", "yuvj444p", {"qmin": "2", "qmax": "2"}), 1):
            archive.writestr(zipfile.ZipInfo(f"{subject}/{take.trial}/{number}.jpg"), image)
    frames = len(take.scene.timestamps_s)
    times = np.arange(round(frames / take.fs * 1000)) / 1000
    wave, breath = take.signal("pulse", times), take.signal("respiration", times)
    signals = {
        "pulse": Signal(np.round(95 + 15 * wave.values, 5), times, "mmHg"),
        "heart_rate": take.signal("heart_rate", times),
        "respiration": Signal(np.round(0.5 * breath.values, 5), times, "V"),
        "breathing_rate": take.signal("breathing_rate", times),
    }
    steady = np.ones(len(times))
    files = {
        "BP_mmHg": signals["pulse"].values,
        "Pulse Rate_BPM": signals["heart_rate"].values,
        "Resp_Volts": signals["respiration"].values,
        "Respiration Rate_BPM": signals["breathing_rate"].values,
        "LA Mean BP_mmHg": 95 * steady,
        "LA Systolic BP_mmHg": 120 * steady,
        "BP Dia_mmHg": 80 * steady,
        "EDA_microsiemens": 4 * steady,
    }
    for name, values in files.items():
        _write_numbers(root / "Physiology" / subject / take.trial / f"{name}.txt", values, header=name)
    if take.trial not in {"T1", "T6", "T7", "T8"}:
        return take.truth(f"{subject}_{take.trial}", subject, signals, crop="bottom")
    # Coders watched the most expressive stretch only: here all but the first and the last tenth.
    coded = np.arange(frames // 10, frames - frames // 10)
    occurrence = [take.intensity(f"AU{number:02d}")[coded] > 0 for number in _BP4D_OCCURRENCE]
    _write_rows(
        root / "AUCoding" / "AU_OCC" / f"{subject}_{take.trial}.csv",
        [(0, *_BP4D_OCCURRENCE), *zip((coded + 1).tolist(), *np.array(occurrence, dtype=int).tolist(), strict=True)],
    )
    for number in _BP4D_INTENSITY:
        path = root / "AUCoding" / "AU_INT" / f"AU{number:02d}" / f"{subject}_{take.trial}_AU{number:02d}.csv"
        levels = take.intensity(f"AU{number:02d}")[coded]
        _write_rows(path, zip((coded + 1).tolist(), levels.tolist(), strict=True))
    codes = take.scene.expressions.codes
    assert codes.intensity is not None
    seen = np.isin(np.arange(frames), coded)[:, None]
    rated = seen & np.isin(AU_LABELS, [f"AU{number:02d}" for number in _BP4D_INTENSITY])
    known = ActionUnitCodes(
        AU_LABELS,
        np.where(seen, codes.occurrence, np.int8(UNKNOWN)),
        np.where(rated, codes.intensity, np.int8(UNKNOWN)),
    )
    return take.truth(f"{subject}_{take.trial}", subject, signals, known, crop="bottom")


def write_ubfc_2(take: Take, root: Path) -> Recording:
    """Write a take like UBFC-rPPG's dataset 2."""
    subject = f"subject{take.person}"
    write_avi(root / subject / "vid.avi", take.images(), take.fs, "ffv1", "bgr0")
    signals = {name: take.signal(name) for name in ("pulse", "heart_rate")}
    rows = (signals["pulse"].values, signals["heart_rate"].values, take.scene.timestamps_s)
    lines = ["   ".join(f"{value:.7e}" for value in row) for row in rows]
    (root / subject / "ground_truth.txt").write_text("\n".join(lines) + "\n")
    return take.truth(subject, subject, signals)


def write_ubfc_1(take: Take, root: Path) -> Recording:
    """Write a take like UBFC-rPPG's dataset 1."""
    subject = f"{take.person}-gt"
    write_avi(root / subject / "vid.avi", take.images(), take.fs, "ffv1", "bgr0")
    # The oximeter has a clock of its own, in whole milliseconds.
    times = np.round(np.arange(int(take.scene.timestamps_s[-1] * 62.5)) * 16) / 1000
    signals = {name: take.signal(name, times) for name in ("pulse", "heart_rate")}
    _write_rows(
        root / subject / "gtdump.xmp",
        (
            (round(1000 * time), f"{rate:.3f}", 98, f"{wave:.6f}")
            for time, rate, wave in zip(times, signals["heart_rate"].values, signals["pulse"].values, strict=True)
        ),
    )
    return take.truth(subject, subject, signals)


def write_pure(take: Take, root: Path) -> Recording:
    """Write a take like PURE: numbered images and a JSON file."""
    name = f"{take.person:02d}-{take.trial}"
    folder = root / name / name
    folder.mkdir(parents=True)
    began = 1_392_643_993_642_815_000
    stamps = [began + round(1e9 * time) for time in take.scene.timestamps_s]
    for stamp, image in zip(stamps, encoded(take.images(), "png", "rgb24"), strict=True):
        (folder / f"Image{stamp}.png").write_bytes(image)
    # The oximeter writes twice as often as the camera, a little later.
    times = np.arange(int(take.scene.timestamps_s[-1] * 60)) / 60 + 0.003
    signals = {key: take.signal(key, times) for key in ("pulse", "heart_rate")}
    package = [
        {
            "Timestamp": began + round(1e9 * float(time)),
            "Value": {
                "waveform": round(50 + 20 * float(wave), 5),
                "pulseRate": round(float(rate), 4),
                "o2saturation": 98,
            },
        }
        for time, wave, rate in zip(times, signals["pulse"].values, signals["heart_rate"].values, strict=True)
    ]
    content = {"/FullPackage": package, "/Image": [{"Timestamp": stamp} for stamp in stamps]}
    (root / name / f"{name}.json").write_text(json.dumps(content))
    signals["pulse"] = Signal(np.round(50 + 20 * signals["pulse"].values, 5), times, "a.u.")
    return take.truth(name, f"{take.person:02d}", signals)


def write_disfa(take: Take, root: Path) -> Recording:
    """Write a take like DISFA: an AVI of the left camera and a text file for each action unit."""
    subject = f"SN{take.person:03d}"
    path = root / "Videos_LeftCamera" / f"LeftVideo{subject}_comp.avi"
    write_avi(path, take.images(), take.fs, "mpeg4", "yuv420p", {"qmin": "3", "qmax": "3"})
    intensity = {f"AU{number:02d}": take.intensity(f"AU{number:02d}") for number in _DISFA}
    for number, levels in zip(_DISFA, intensity.values(), strict=True):
        labels = root / "ActionUnit_Labels" / subject / f"{subject}_au{number}.txt"
        _write_rows(labels, enumerate(levels.tolist(), 1))
    codes = np.stack(list(intensity.values()), axis=1)
    return take.truth(subject, subject, {}, ActionUnitCodes(tuple(intensity), (codes > 0).astype(np.int8), codes))


def write_scamps(take: Take, root: Path) -> Recording:
    """Write a take like SCAMPS: a MATLAB file."""
    try:
        import h5py
    except ImportError:
        raise DatasetError("the files of SCAMPS need h5py; run: pip install 'physiocam[datasets]'") from None
    name = f"P{take.person:06d}"
    signals = {key: take.signal(key) for key in ("pulse", "respiration")}
    frames, settings = len(take.scene.timestamps_s), take.scene.settings
    with h5py.File(root / f"{name}.mat", "w", userblock_size=512) as file:
        # MATLAB counts its axes from the other end: its (T, H, W, 3) is (3, W, H, T) here.
        video = file.create_dataset("Xsub", (3, settings.width, settings.height, frames), dtype="float32")
        for index, image in enumerate(take.images()):
            video[..., index] = image.transpose(2, 1, 0) / np.float32(255)
        file["d_ppg"] = signals["pulse"].values[:, None]
        file["d_br"] = signals["respiration"].values[:, None]
        for column, label in enumerate(AU_LABELS):
            file[f"au{int(label[2:])}"] = take.scene.expressions.action_units[:, column : column + 1]
    return take.truth(name, name, signals, replace(take.scene.expressions.codes, intensity=None))


def write_folder(take: Take, root: Path) -> Recording:
    """Write a take as a video, with CSV files and its row in recordings.csv."""
    name, subject = take.entry.name, take.entry.subject
    write_video(root / f"{name}.mp4", take.images(), take.fs)
    signals = {key: take.signal(key) for key in ("pulse", "respiration")}
    times = [f"{time:.6f}" for time in take.scene.timestamps_s]
    for key, signal in signals.items():
        rows = zip(times, np.round(signal.values, 6).tolist(), strict=True)
        _write_rows(root / f"{name}_{key}.csv", [("time_s", key), *rows])
    codes = take.scene.expressions.codes
    rows = zip(times, *codes.occurrence.T.tolist(), strict=True)
    _write_rows(root / f"{name}_action_units.csv", [("time_s", *codes.labels), *rows])
    rates = {key: round(getattr(take.scene.physiology, key), 3) for key in ("heart_rate", "breathing_rate")}
    row = {
        "video": f"{name}.mp4",
        "subject": subject,
        "trial": take.trial,
        "pulse_csv": f"{name}_pulse.csv",
        "respiration_csv": f"{name}_respiration.csv",
        "action_units_csv": f"{name}_action_units.csv",
        **rates,
    }
    table = root / "recordings.csv"
    _write_rows(table, [row.values()] if table.exists() else [row.keys(), row.values()], append=True)
    for key, unit in (("heart_rate", "beats/min"), ("breathing_rate", "breaths/min")):
        signals[key] = Signal(np.array([rates[key]]), np.zeros(1), unit)
    return take.truth(name, subject, signals, replace(codes, intensity=None))


def _write_numbers(path: Path, values: NDArray[np.float64], header: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(f"{value:.5f}" for value in values)]) + "\n")


def _write_rows(path: Path, rows: Iterable[Iterable[object]], append: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if append else "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
