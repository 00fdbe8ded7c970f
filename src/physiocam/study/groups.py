"""The rows of a study by condition."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from physiocam.study.design import CONDITION
from physiocam.study.tables import StudyTable
from physiocam.study.values import Value

StudyRow = Mapping[str, Value]

# More groups cannot be compared on a page.
MOST_GROUPS = 10
_WITHOUT = "without a condition"


@dataclass(frozen=True)
class Groups:
    """Rows in groups.

    Attributes
    ----------
    of : str
        What the rows are, "segments" or "recordings".
    by : str
        What the groups are, such as "condition and segment"; empty if there is one group only.
    rows : mapping of str to sequence of rows
    left_out : int
        Groups that are not shown, the smallest ones.
    """

    of: str
    by: str
    rows: Mapping[str, Sequence[StudyRow]]
    left_out: int


def groups_of(recordings: StudyTable, segments: StudyTable) -> Groups:
    """Group the segments of a study, or its recordings if it has no segments.

    Parameters
    ----------
    recordings, segments : StudyTable
    """
    table = segments if segments.rows else recordings
    keys = [key for key in (CONDITION, "segment") if len({row.get(key) for row in table.rows} - {None}) > 1]
    if _count(table, keys) > MOST_GROUPS:
        keys = keys[:1]
    grouped: dict[str, list[StudyRow]] = {}
    for row in table.rows:
        grouped.setdefault(_name(row, keys), []).append(row)
    kept = dict(Counter({name: len(rows) for name, rows in grouped.items()}).most_common(MOST_GROUPS))
    shown = {name: rows for name, rows in sorted(grouped.items()) if name in kept}
    return Groups(table.name, " and ".join(keys), shown, len(grouped) - len(shown))


def _count(table: StudyTable, keys: Sequence[str]) -> int:
    return len({_name(row, keys) for row in table.rows})


def _name(row: StudyRow, keys: Sequence[str]) -> str:
    parts = [str(row[key]) for key in keys if row.get(key) is not None]
    return ", ".join(parts) or (_WITHOUT if keys else "all")
