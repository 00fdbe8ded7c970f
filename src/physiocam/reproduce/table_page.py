"""A table of the paper as a page and as rows: ours above the paper's, the best in bold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from physiocam.evaluation.paired import PairedDifference, paired_difference, paired_f1_difference
from physiocam.evaluation.table_text import csv_text, table
from physiocam.reproduce.published import PublishedRow, PublishedTable
from physiocam.reproduce.table_values import RowValues, Value


@dataclass(frozen=True)
class _Column:
    """A column: its title and name in the CSV, its digits, whether more is better, and its values."""

    title: str
    name: str
    digits: int
    more_is_better: bool
    ours: Callable[[RowValues], Value | None]
    paper: Callable[[PublishedRow], float | None]


def _of_group(group: str, index: int, title: str, name: str, digits: int, more: bool) -> _Column:
    def ours(row: RowValues) -> Value | None:
        values = getattr(row, group)
        return values[index] if values else None

    def paper(row: PublishedRow) -> float | None:
        values = getattr(row, group)
        return values[index] if values else None

    return _Column(title, name, digits, more, ours, paper)


def _of_unit(label: str) -> _Column:
    return _Column(label, f"f1_{label}", 1, True, lambda row: row.units.get(label), lambda row: row.units.get(label))


_RATES = (("MAE", "mae", False), ("RMSE", "rmse", False), ("MAPE (%)", "mape", False), ("r", "pearson", True))
_COLUMNS = [
    *(
        _of_group(group, index, f"{group} {title}", f"{group}_{name}", 2, more)
        for group in ("heart", "breathing")
        for index, (title, name, more) in enumerate(_RATES)
    ),
    _of_group("au", 0, "F1 (%)", "au_f1", 1, True),
    _of_group("au", 1, "accuracy (%)", "au_accuracy", 1, True),
    _of_group("cost", 0, "FLOPs a frame (M)", "flops_m", 2, False),
    _of_group("cost", 1, "Params (M)", "parameters_m", 2, False),
]


def table_page(
    wanted: PublishedTable, measured: Sequence[RowValues], what_was_run: str, differences: Sequence[str]
) -> str:
    """Return a table as Markdown.

    Parameters
    ----------
    wanted : PublishedTable
    measured : sequence of RowValues
        One for each of its rows.
    what_was_run : str
        Data and folds of ours, for the title.
    differences : sequence of str
        Lines on how the set-up differs from the paper's.
    """
    columns = list(_columns(wanted))
    best = {source: _best(source, columns, wanted, measured) for source in ("ours", "paper")}
    rows = []
    for row, values in zip(wanted.rows, measured, strict=True):
        for source in ("ours", "paper"):
            cells = [
                _cell(column, column.ours(values) if source == "ours" else Value(column.paper(row)), best[source])
                for column in columns
            ]
            rows.append([row.name if source == "ours" else "", source, *cells])
    lines = [
        f"# {wanted.title}: {what_was_run}", "",
        *table(["", "", *(column.title for column in columns)], rows), "",
        "Ours: mean +- standard deviation over folds and seeds; after a single test, the standard error over "
        "recordings. Bold: the best of ours, and of the paper's.", "",
        f"Paper: {wanted.source}, {wanted.run}.",
    ]  # fmt: skip
    if any(row.cost for row in wanted.rows):
        lines += ["", "FLOPs and parameters are those of one network, FLOPs by the paper's rule."]
    if wanted.note:
        lines += ["", wanted.note]
    lines += _comparison(wanted, measured)
    lines += ["", "## Where the set-up differs", "", *(f"- {line}" for line in differences), ""]
    return "\n".join(lines)


def table_csv(wanted: PublishedTable, measured: Sequence[RowValues]) -> str:
    """Return one row for each figure of a table's rows."""
    rows = []
    for row, values in zip(wanted.rows, measured, strict=True):
        units = [_of_unit(label) for label in sorted({*values.units, *row.units})]
        for column in (*_COLUMNS, *units):
            ours, paper = column.ours(values), column.paper(row)
            if ours is not None or paper is not None:
                numbers = (ours.mean if ours else None, ours.spread if ours else None, paper)
                told = ("" if number is None else f"{number:.6g}" for number in numbers)
                rows.append((row.name, " ".join(row.methods), column.name, *told))
    return csv_text(("row", "methods", "figure", "ours", "spread", "paper"), rows)


def _columns(wanted: PublishedTable) -> Iterator[_Column]:
    """Columns of the published table."""
    for column in _COLUMNS:
        if any(column.paper(row) is not None for row in wanted.rows):
            yield column
    for label in sorted({label for row in wanted.rows for label in row.units}):
        yield _of_unit(label)


def _best(
    source: str, columns: Sequence[_Column], wanted: PublishedTable, measured: Sequence[RowValues]
) -> dict[str, str]:
    """By column, the best value as it is shown; nothing where there is nothing to choose from."""
    best = {}
    for column in columns:
        if source == "ours":
            values = [value.mean for row in measured if (value := column.ours(row))]
        else:
            values = [column.paper(row) for row in wanted.rows]
        known = [value for value in values if value is not None]
        shown = {f"{value:.{column.digits}f}" for value in known}
        if len(shown) > 1:
            best[column.name] = f"{max(known) if column.more_is_better else min(known):.{column.digits}f}"
    return best


def _cell(column: _Column, value: Value | None, best: dict[str, str]) -> str:
    if value is None or value.mean is None:
        return "-"
    shown = f"{value.mean:.{column.digits}f}"
    text = f"**{shown}**" if best.get(column.name) == shown else shown
    return text if value.spread is None else f"{text} +- {value.spread:.{column.digits}f}"


def _comparison(wanted: PublishedTable, measured: Sequence[RowValues]) -> list[str]:
    """Differences of ours from the first row on the same recordings."""
    first, *others = zip(wanted.rows, measured, strict=True)
    quantities = [name for name in ("heart", "breathing") if any(getattr(row, name) for row in wanted.rows)]
    heads = [f"{quantity} MAE" for quantity in quantities]
    if any(row.au for row in wanted.rows):
        heads.append("F1 (%)")
    rows = []
    for row, values in others:
        cells = [
            _difference(paired_difference(values.errors.get(name, {}), first[1].errors.get(name, {})), 2)
            for name in quantities
        ]
        if "F1 (%)" in heads:
            cells.append(_difference(paired_f1_difference(values.unit_comparisons, first[1].unit_comparisons), 1))
        if set(cells) - {"-"}:
            rows.append([row.name, *cells])
    if not rows:
        return []
    return [
        "", f"## Ours, against {first[0].name}", "",
        *table(["", *heads], rows), "",
        "Difference on the same recordings, with a 95 % bootstrap interval over subjects: of the mean error, and of "
        "the mean over units of the F1 in the frames of all these recordings together. If the interval does not "
        "contain 0, chance is an unlikely reason; with fewer than about ten subjects it is too narrow to say so.",
    ]  # fmt: skip


def _difference(found: PairedDifference | None, digits: int) -> str:
    if found is None:
        return "-"
    return f"{found.text(digits)} on {found.recordings} recordings of {found.subjects} subjects"
