"""The summary table of many videos: one row per video, as CSV and as Parquet."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from physiocam.batch.outcome import VideoOutcome
from physiocam.errors import PhysiocamError
from physiocam.foundation.provenance import read_record
from physiocam.readable import readable
from physiocam.results.measurement_files import MEASURED_WITH

SUMMARY, PARQUET = "summary.csv", "summary.parquet"
TABLES = (SUMMARY, PARQUET)


def write_summary(outcomes: Sequence[VideoOutcome], output: Path) -> None:
    """Write the table into the folder of the results, as CSV and, if pyarrow is installed, also as Parquet.

    Results of an earlier run are kept when their video no longer exists. Their row says so.

    Raises
    ------
    PhysiocamError
        If the table cannot be written.
    """
    folders = [outcome.folder.resolve() for outcome in outcomes if outcome.folder is not None]
    rows = [_row(outcome, output) for outcome in outcomes]
    _write_table(output / SUMMARY, [*rows, *_of_gone_videos(output / SUMMARY, folders)])


def _of_gone_videos(summary: Path, current: Sequence[Path]) -> list[dict[str, Any]]:
    """Rows for results in the earlier table whose video no longer exists."""
    rows = []
    for place in _earlier_folders(summary):
        folder = (summary.parent / place).resolve()
        # One of several people has a folder in the video's, which has the record.
        record = read_record(folder, MEASURED_WITH) or read_record(folder.parent, MEASURED_WITH)
        if record is None or folder in current:
            continue
        try:
            there = os.path.exists(bytes.fromhex(str(record.about["path"])))
        except (KeyError, ValueError):
            continue
        if not there:
            error = "the video is no longer there; these results are from an earlier run"
            rows.append({"video": record.about.get("video"), "folder": place, "error": error})
    return rows


def _earlier_folders(summary: Path) -> list[str]:
    try:
        with summary.open(newline="", encoding="utf-8") as file:
            return [row["folder"] for row in csv.DictReader(file) if row.get("folder")]
    except (OSError, ValueError, csv.Error):
        return []


def _beside(folder: Path, output: Path) -> str:
    """The path of a folder, relative to the table's."""
    return Path(os.path.relpath(folder.resolve(), output.resolve())).as_posix()


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
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
        from pyarrow import json as lines_of_json
        from pyarrow import parquet
    except ImportError:
        return
    if not rows:
        path.unlink(missing_ok=True)
        return
    # As lines of JSON: from lists, pyarrow makes columns only after it has loaded all of pandas.
    types = {name: _column_type([row.get(name) for row in rows]) for name in names}
    schema = pyarrow.schema([(name, kind) for name, kind in types.items() if kind is not None])
    lines = "".join(json.dumps({name: row.get(name) for name in names}) + "\n" for row in rows)
    table = lines_of_json.read_json(
        BytesIO(lines.encode()),
        lines_of_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        lines_of_json.ParseOptions(explicit_schema=schema),
    )
    beside = path.with_name(f".{path.name}.partial")
    with beside.open("wb") as file:  # by a file object: pyarrow rejects names that are not text
        parquet.write_table(table.select(names), file)
    beside.replace(path)


def _column_type(values: Sequence[Any]) -> str | None:
    """Arrow's name for the type of a column; None of structures and lists, whose type Arrow finds itself."""
    there = [value for value in values if value is not None]
    if not there:
        return "null"
    if all(isinstance(value, bool) for value in there):
        return "bool"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        return "int64" if all(isinstance(value, int) for value in there) else "double"
    return "string" if all(isinstance(value, str) for value in there) else None


def _row(outcome: VideoOutcome, output: Path) -> dict[str, Any]:
    """Columns of the table; empty where there is no value."""
    place = readable(_beside(outcome.folder or output, output))
    row: dict[str, Any] = {"video": readable(outcome.video), "folder": place, "error": outcome.error}
    for key, value in (outcome.summary or {}).items():
        if key == "action_units":
            for label, unit in value.items():
                row |= {f"{label}_{name}": unit[name] for name in ("mean_probability", "active_fraction")}
        elif key == "settings":
            row[key] = value["name"] if isinstance(value, Mapping) else value
        elif isinstance(value, Mapping):
            row |= {f"{key}_{name}": inner for name, inner in value.items() if name != "interval"}
            if "interval" in value:
                row[f"{key}_low"], row[f"{key}_high"] = value["interval"] or (None, None)
        elif key != "source":
            row[key] = "; ".join(map(str, value)) if isinstance(value, list) else value
    if outcome.note is not None:
        row["notes"] = "; ".join([outcome.note, row["notes"]] if row.get("notes") else [outcome.note])
    return row
