"""An evaluation compared with an earlier one, of another bundle or method, on the same recordings."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.evaluation.agreement import AGREEMENT_HEAD, Agreement, agreement, agreement_cells, few_pairs
from physiocam.evaluation.evaluate import Evaluation
from physiocam.evaluation.summary import RATES_CSV
from physiocam.evaluation.table_text import table

_Key = tuple[str, str, str]


def read_evaluated(folder: Path) -> dict[_Key, float]:
    """Read the rates of an evaluation by recording, start and quantity; NaN if one was not given.

    Raises
    ------
    PhysiocamError
        If the folder holds no evaluation.
    """
    path = folder / RATES_CSV
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                (row["recording"], row["start_s"], row["quantity"]): float(row["predicted"] or "nan")
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError, TypeError):
        raise PhysiocamError(
            f"'{folder}' holds no evaluation with a {RATES_CSV}; expected a folder of evaluate -o"
        ) from None


def against(found: Evaluation, earlier: dict[_Key, float], name: str) -> str:
    """Return a section of a page: both against the sensors, on all and on common recordings, and their difference.

    Parameters
    ----------
    found : Evaluation
    earlier : dict
        As `read_evaluated` gives it.
    name : str
        Of the earlier evaluation.

    Raises
    ------
    PhysiocamError
        If they have no recording in common.
    """
    lines = [f"## Against {name}", ""]
    rows, few = [], []
    for quantity, compared in found.comparisons.items():
        common = [row for row in compared if (row.recording, f"{row.start_s:g}", quantity) in earlier]
        if not common:
            continue
        true = _array([row.true for row in common])
        this = _array([row.predicted for row in common])
        other = np.array([earlier[row.recording, f"{row.start_s:g}", quantity] for row in common])
        both = np.isfinite(this) & np.isfinite(other)
        for words, figures in (
            ("this", agreement(this, true)),
            (name, agreement(other, true)),
            ("this, where both answer", _where(both, this, true)),
            (f"{name}, where both answer", _where(both, other, true)),
            (f"this - {name}", agreement(this, other)),
        ):
            rows.append((f"{quantity}: {words}", *agreement_cells(figures)))
        if text := few_pairs(int(both.sum())):
            few.append(f"{quantity}: {text}")
    if not rows:
        raise PhysiocamError(f"'{name}' evaluates none of these recordings; expected an evaluation of the same store")
    return "\n".join([*lines, *table(("", *AGREEMENT_HEAD), rows), "", *few]) + "\n"


def _where(both: NDArray[np.bool_], rates: NDArray[np.float64], true: NDArray[np.float64]) -> Agreement:
    return agreement(rates[both], true[both])


def _array(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
