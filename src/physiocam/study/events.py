"""Event files of other programs as segments: BIDS, ELAN, BORIS and plain tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PureWindowsPath

from physiocam.datasets.sensors.text_tables import read_cells
from physiocam.errors import PhysiocamError
from physiocam.foundation.regular_files import TEXT_BYTES, check_regular
from physiocam.study.segment import TIMES, Segment, given, has_times, segment_of

# Columns whose cells name what happens, the first of them that a table has.
_LABELS = ("trial_type", "label", "segment", "event", "behavior", "name", "condition", "value")

_ELAN = ".eaf"
_MS = 1000.0

# Kinds of rows of BORIS.
_START, _STOP, _POINT = "START", "STOP", "POINT"
_KINDS = ("behavior type", "status")
_OF_BORIS = ("media file name", "media file", "media file path")


def read_events(path: Path, video: str) -> list[Segment]:
    """Read the events of a file as segments, in order of time.

    Parameters
    ----------
    path : Path
        ELAN (.eaf), or a table: BIDS events.tsv, tabular or aggregated events of BORIS, or any CSV with a start and an
        end or a duration.
    video : str
        Rows of BORIS for other videos are left out.

    Returns
    -------
    list of Segment

    Raises
    ------
    PhysiocamError
        If the file cannot be read, or has no times.
    ImportError
        If it is of ELAN, and pympi-ling is not installed (extra `study`).
    """
    found = _of_elan(path) if path.suffix.lower() == _ELAN else _of_table(path, video)
    return sorted(found, key=lambda one: (one.start_s, one.end_s is None, one.end_s or 0.0))


def _of_elan(path: Path) -> Iterator[Segment]:
    from pympi import Eaf

    try:
        check_regular(path, TEXT_BYTES)
        # Of a newer version of ELAN, the annotations can still be read.
        opened = Eaf(str(path), suppress_version_warning=True)
    except OSError as error:
        raise PhysiocamError(f"'{path}' cannot be read: {error.strerror or error}") from None
    except Exception as error:  # the parser's, of whatever kind
        reason = " ".join(str(error).split())
        raise PhysiocamError(f"'{path}' is not a file of ELAN ({reason}); expected annotations in XML") from None
    for tier in opened.get_tier_names():
        for start, end, value, *_ in opened.get_annotation_data_for_tier(tier):
            yield Segment(str(value).strip() or tier, start / _MS, end / _MS, tier)


def _of_table(path: Path, video: str) -> Iterator[Segment]:
    header, rows = _table(path)
    of_video = _of_this_video(header, rows, video)
    if any(kind in header for kind in _KINDS) and "time" in header:
        yield from _of_boris(path, of_video)
        return
    for number, row in of_video:
        if has_times(row):
            label = next((given(row[name]) for name in _LABELS if given(row.get(name))), "")
            tier = given(row.get("subject")) if "behavior" in row else ""
            others = {name: row[name] for name in row if name not in (*TIMES, *_LABELS, *_OF_BORIS)}
            found = segment_of(row, label, f"'{path.name}' row {number}", tier, others)
            # An event of unknown length is a marker.
            yield found if found.end_s is not None else replace(found, end_s=found.start_s)


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The header in lower case, and the rows below it, numbered from 1; what is above the header is left out."""
    cells = read_cells(path)
    for place, row in enumerate(cells):
        header = [cell.strip().lower() for cell in row]
        if set(header) & set(TIMES):
            body = [dict(zip(header, [*one, *[""] * len(header)], strict=False)) for one in cells[place + 1 :]]
            return header, list(enumerate(body, 1))
    raise PhysiocamError(
        f"'{path.name}' has no column of times; expected start (or onset), and end or duration, in its first line"
    )


def _of_this_video(
    header: Sequence[str], rows: list[tuple[int, dict[str, str]]], video: str
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table that name this video, if the table names several."""
    column = next((name for name in _OF_BORIS if name in header), None)
    if column is None or len({_file_name(row[column]) for _, row in rows}) < 2:
        return rows
    return [(number, row) for number, row in rows if _file_name(row[column]) == PurePath(video).name.lower()]


def _file_name(path: str) -> str:
    return PureWindowsPath(path).name.lower()


def _of_boris(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]]) -> Iterator[Segment]:
    """Tabular events: one row for the start of a behaviour and one for its end, or one for a point."""
    begun: dict[tuple[str, str], tuple[int, Mapping[str, str]]] = {}
    for number, row in rows:
        kind = next(given(row.get(name)).upper() for name in _KINDS if name in row)
        behaviour, subject = given(row.get("behavior")), given(row.get("subject"))
        where = f"'{path.name}' row {number}"
        if kind == _START:
            begun[behaviour, subject] = (number, row)
        elif kind == _STOP and (behaviour, subject) in begun:
            _, first = begun.pop((behaviour, subject))
            yield segment_of({"start": first["time"], "end": row["time"]}, behaviour, where, subject)
        elif kind == _POINT:
            yield segment_of({"start": row["time"], "end": row["time"]}, behaviour, where, subject)
        else:
            yield Segment(behaviour, 0.0, 0.0, subject, problem=f"{where}: '{kind}' without a start before it")
    for (behaviour, subject), (number, _) in begun.items():
        yield Segment(behaviour, 0.0, 0.0, subject, problem=f"'{path.name}' row {number}: '{behaviour}' has no end")
