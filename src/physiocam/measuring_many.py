"""Many videos measured, one row each: on one core, on several, or on a cluster."""

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic_core import from_json

from physiocam import __version__
from physiocam.arguments import face_choice, number
from physiocam.datasets.folder import videos_below
from physiocam.datasets.jobs import run_jobs
from physiocam.errors import PhysiocamError
from physiocam.measurement import MEASUREMENT
from physiocam.measuring import NETWORK, measure
from physiocam.readable import readable
from physiocam.recording_frames import FaceChoice
from physiocam.report.results import write_results
from physiocam.weights.bundle import load_bundle

# What a video's folder says of how it was measured: as long as nothing of it changes, it is not measured again.
_DONE = "measured_with.json"
_RESULT = "measurement_sha256"

SUMMARY = "summary.csv"


@dataclass(frozen=True)
class MeasureOptions:
    """How to measure; see `physiocam.measuring.measure` and `physiocam.report.results.write_results`."""

    weights: str = "default"
    method: str = NETWORK
    fs: float | None = None
    face: FaceChoice = "auto"
    settings: Literal["default", "paper"] = "default"
    threads: int | None = None
    hrv: bool = False
    report: bool = False
    overlay: bool = False


@dataclass(frozen=True)
class VideoOutcome:
    """What became of one video.

    Attributes
    ----------
    video : str
    folder : Path
        Where its results are.
    summary : dict or None
        As `Measurement.to_dict` gives it; None where it failed.
    error : str or None
        Why it failed, in one line.
    """

    video: str
    folder: Path
    summary: Mapping[str, Any] | None
    error: str | None = None


def expand_videos(sources: Sequence[str]) -> list[str]:
    """Replace every folder of videos by the videos in it and below; a folder of images is one video.

    Parameters
    ----------
    sources : sequence of str

    Returns
    -------
    list of str
    """
    videos: list[str] = []
    for source in sources:
        below = videos_below(Path(source)) if os.path.isdir(source) else []
        videos += [str(video) for video in below] or [source]
    return videos


def measure_many(
    videos: Sequence[str],
    folders: Sequence[Path],
    summary: Path,
    options: MeasureOptions | None = None,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[VideoOutcome], None] | None = None,
) -> list[VideoOutcome]:
    """Measure videos, each into a folder of its own, and write one row each into a table.

    It may be stopped at any moment: what was measured with the same options is not measured again.

    Parameters
    ----------
    videos : sequence of str
    folders : sequence of Path
        One a video.
    summary : Path
        The table, written when all is done; videos that failed have their reason in it. Beside it stands the same as
        Parquet where pyarrow is installed.
    options : MeasureOptions, optional
    jobs : int
        Videos measured at a time, each by a process of its own.
    scheduler : str, optional
        Address of a dask scheduler whose workers measure instead; they must see all files under the same paths.
    progress : callable, optional
        Called with each outcome as it becomes known.

    Returns
    -------
    list of VideoOutcome
        In the order of the videos.

    Raises
    ------
    PhysiocamError
        If the weights cannot be loaded or the table not be written.
    """
    options = _plain(options or MeasureOptions())
    weights = load_bundle(options.weights).sha256 if options.method == NETWORK else None
    work = partial(_measure_one, options=options, weights=weights)
    items = [(os.path.abspath(video), folder.resolve()) for video, folder in zip(videos, folders, strict=True)]
    outcomes: dict[int, VideoOutcome] = {}
    for done in run_jobs(work, items, jobs, scheduler):
        outcome = VideoOutcome(videos[done.index], folders[done.index], done.result, done.error)
        outcomes[done.index] = outcome
        if progress is not None:
            progress(outcome)
    ordered = [outcomes[index] for index in range(len(videos))]
    _write_table(summary, ordered)
    return ordered


def _plain(options: MeasureOptions) -> MeasureOptions:
    """The same options with plain numbers, which can be written down beside the results."""
    fs = None if options.fs is None else number(options.fs, "fs")
    return replace(options, fs=fs, face=face_choice(options.face))


def _measure_one(item: tuple[str, Path], options: MeasureOptions, weights: str | None) -> dict[str, Any]:
    video, folder = item
    done, with_what = folder / _DONE, _with_what(video, options, weights)
    if done.exists() and _read(done) == {**with_what, _RESULT: _sha256(folder / MEASUREMENT)}:
        summary = _read(folder / MEASUREMENT)
        if summary is not None:
            return summary
    # While the results are replaced, nothing may claim that they are up to date.
    done.unlink(missing_ok=True)
    measurement = measure(
        video,
        weights=options.weights,
        method=options.method,
        fs=options.fs,
        face=options.face,
        settings=options.settings,
        hrv=options.hrv,
        threads=options.threads,
    )
    write_results(
        measurement,
        video,
        folder,
        report=options.report,
        overlay=options.overlay,
        weights=options.weights,
        fs=options.fs,
        face=options.face,
    )
    _replace(done, json.dumps({**with_what, _RESULT: _sha256(folder / MEASUREMENT)}, indent=2) + "\n")
    return measurement.to_dict()


def _with_what(video: str, options: MeasureOptions, weights: str | None) -> dict[str, Any]:
    """All that decides the answer, as it reads back from JSON."""
    try:
        status = os.stat(video)
    except OSError as error:
        raise PhysiocamError(f"'{video}' cannot be read ({error.strerror}); expected a video") from None
    about = {"video": readable(video), "size": status.st_size, "mtime_ns": status.st_mtime_ns, "version": __version__}
    result: dict[str, Any] = json.loads(json.dumps({**about, "weights_sha256": weights, **asdict(options)}))
    # How many threads compute it does not matter.
    del result["threads"]
    return result


def _sha256(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = from_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_table(path: Path, outcomes: Sequence[VideoOutcome]) -> None:
    rows = [_row(outcome) for outcome in outcomes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.partial")
        with beside.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(rows)
        beside.replace(path)
        _write_parquet(path.with_suffix(".parquet"), rows, names)
    except OSError as error:
        raise PhysiocamError(f"'{path}' cannot be written ({error.strerror}); choose another folder with -o") from None


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """The same table for analysis programs, with numbers as numbers, where the extra `parquet` is installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return
    table = pyarrow.table({name: [row.get(name) for row in rows] for name in names})
    beside = path.with_name(f".{path.name}.partial")
    with beside.open("wb") as file:  # pyarrow takes no name that is not text
        parquet.write_table(table, file)
    beside.replace(path)


def _row(outcome: VideoOutcome) -> dict[str, Any]:
    """Columns of the table; empty where there is no value."""
    row = {"video": readable(outcome.video), "error": outcome.error}
    for key, value in (outcome.summary or {}).items():
        if key == "action_units":
            for label, unit in value.items():
                row |= {f"{label}_{name}": unit[name] for name in ("mean_probability", "active_fraction")}
        elif isinstance(value, Mapping):
            row |= {f"{key}_{name}": inner for name, inner in value.items()}
        elif key != "source":
            row[key] = "; ".join(value) if isinstance(value, list) else value
    return row


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
