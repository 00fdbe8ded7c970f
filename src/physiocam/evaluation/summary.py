"""An evaluation as a page, as rows and as plain values."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import from_json

from physiocam.errors import DatasetError, PhysiocamError
from physiocam.evaluation.agreement import AGREEMENT_HEAD, LEAST_PAIRS, agreement, agreement_cells, few_pairs
from physiocam.evaluation.evaluate import Evaluation
from physiocam.evaluation.metrics import Estimate, RateScores
from physiocam.evaluation.table_text import csv_text, number, table
from physiocam.foundation.files import complete_file
from physiocam.foundation.provenance import Facts, difference, digest_of, read_record

_UNITS = {"heart": "beats/min", "breathing": "breaths/min"}
_NAMES = {"heart": "Heart rate", "breathing": "Breathing rate"}


_RECORD = "evaluation.json"
_MADE_WITH = "made_with"
RATES_CSV = "rates.csv"
PICTURES = ("rates.png", "waveforms.png", "action_units.png")


def check_evaluation(folder: str | os.PathLike[str], made_with: Facts) -> None:
    """Check before the work that a folder does not hold a different evaluation.

    Raises
    ------
    PhysiocamError
        If it does, or holds predictions or an evaluation without a record of what they were made with.
    """
    place = Path(folder)
    try:
        before = from_json((place / _RECORD).read_bytes())[_MADE_WITH]
    except FileNotFoundError:
        kept = read_record(place / "predictions")
        if kept is None and not any((place / "predictions").glob("*.npz")):
            return
        before = (
            {**kept.made_with, **{key: made_with[key] for key in ("settings", "window", "last_window")}}
            if kept
            else None
        )
    except (OSError, ValueError, KeyError, TypeError):
        before = None
    if not isinstance(before, dict):
        reason: str | None = "without a record of what they were made with"
    else:
        reason = difference(before, made_with)
    if reason is not None:
        raise PhysiocamError(f"'{folder}' holds results {reason}; choose another folder with -o, or remove it")


def write_evaluation(
    found: Evaluation,
    folder: str | os.PathLike[str],
    title: str,
    made_with: Facts | None = None,
    made_of: Facts | None = None,
) -> None:
    """Write `evaluation.md`, `rates.csv` and, after these, `evaluation.json` into a folder.

    Pictures of an earlier evaluation are removed.

    Parameters
    ----------
    found : Evaluation
    folder : path
    title : str
    made_with : mapping, optional
        What the evaluation depends on, for `check_evaluation`.
    made_of : mapping, optional
        Where that is: the path of the "predictions", or of "store" and "weights".

    Raises
    ------
    DatasetError
        If they cannot be written.
    """
    place = Path(folder)
    for name in (_RECORD, *PICTURES):
        (place / name).unlink(missing_ok=True)
    write_text(place / "evaluation.md", to_markdown(found, title))
    write_text(place / RATES_CSV, rates_csv(found))
    about: Facts = {}
    if made_with:
        files = {name: digest_of(place / name) for name in ("evaluation.md", RATES_CSV)}
        about = {_MADE_WITH: made_with, "made_of": made_of or {}, "files": files}
    content = {**about, **to_dict(found)}
    write_text(place / _RECORD, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file that appears when it is complete.

    Raises
    ------
    DatasetError
        If it cannot be written.
    """
    with complete_file(path, DatasetError) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")


def to_dict(found: Evaluation) -> dict[str, Any]:
    """Return everything except the single comparisons as plain values."""
    return {key: value for key, value in asdict(found).items() if key not in ("comparisons", "unit_comparisons")}


def to_markdown(found: Evaluation, title: str) -> str:
    """Return a page with a table of the rates and one of the action units."""
    lines = [f"# {title}", "", f"{found.recordings} recordings, rates by the settings `{found.settings}`.", ""]
    rates = [(quantity, scores) for quantity in _UNITS if (scores := getattr(found, quantity)) is not None]
    if rates:
        lines += table(
            ("", "answered", "MAE", "RMSE", "MAPE (%)", "r", "SNR (dB)", "MACC"),
            [_rate_row(found, quantity, scores) for quantity, scores in rates],
        )
        lines += ["", "Value +- standard error [95 % bootstrap interval over recordings].", ""]
        few = [f"{_NAMES[quantity]}: {text}" for quantity, scores in rates if (text := few_pairs(scores.answered))]
        lines += [*few, ""] if few else []
        lines += [*table(("", *AGREEMENT_HEAD), [_agreement_row(found, quantity) for quantity, _ in rates]), ""]
    lines[3:3] = [f"Warning: {warning}.\n" for warning in found.warnings]
    if found.action_units is not None:
        units = found.action_units
        rows = [
            (label, number(unit.f1), number(unit.accuracy), f"{unit.present} of {unit.frames}")
            for label, unit in units.units.items()
        ]
        rows.append(("mean", number(units.mean_f1), number(units.mean_accuracy), ""))
        lines += [*table(("", "F1 (%)", "accuracy (%)", "frames with the unit"), rows), ""]
    if found.tasks:
        lines += [*table(_TASK_HEAD, _task_rows(found)), ""]
    if not rates and found.action_units is None and not found.tasks:
        lines += ["Nothing could be compared: the recordings have no ground truth for the predictions.", ""]
    if found.set_up:
        lines += ["Where the set-up differs:", "", *(f"- {line}" for line in found.set_up), ""]
    if found.left_out:
        lines += ["Left out:", "", *(f"- {line}" for line in found.left_out), ""]
    return "\n".join(lines)


_TASK_HEAD = ("task", "kind", "F1 (%)", "accuracy (%)", "MAE", "r", "MAE of the rate (per minute)", "frames")


def _task_rows(found: Evaluation) -> list[tuple[str, ...]]:
    return [
        (
            name if label == name else f"{name}: {label}",
            f"{scores.kind} ({scores.unit})" if scores.unit else scores.kind,
            *(number(one.f1), number(one.accuracy), number(one.mae, 3), number(one.pearson, 3)),
            *(number(one.rate_mae, 2), str(one.frames)),
        )
        for name, scores in found.tasks.items()
        for label, one in scores.outputs.items()
    ]


def rates_csv(found: Evaluation) -> str:
    """Return one row for each recording or window and quantity."""
    head = ("recording", "subject", "start_s", "quantity", "unit", "predicted", "true", "quality", "snr_db", "macc")
    rows = (
        (row.recording, row.subject, f"{row.start_s:g}", quantity, _UNITS[quantity],
         *("" if value is None else f"{value:.6g}"
           for value in (row.predicted, row.true, row.quality, row.snr, row.macc)))
        for quantity, compared in found.comparisons.items()
        for row in compared
    )  # fmt: skip
    return csv_text(head, rows)


def _rate_row(found: Evaluation, quantity: str, scores: RateScores) -> tuple[str, ...]:
    estimates = ((scores.mae, 2), (scores.rmse, 2), (scores.mape, 2), (scores.pearson, 3))
    return (
        f"{_NAMES[quantity]} ({_UNITS[quantity]})",
        f"{scores.answered} of {scores.recordings}",
        *(_estimate(estimate, digits, scores.answered) for estimate, digits in estimates[:-1]),
        _estimate(scores.pearson, 3, scores.answered) if scores.answered >= LEAST_PAIRS else "-",
        _estimate(found.snr[quantity], 2, scores.answered),
        _estimate(found.macc[quantity], 3, scores.answered),
    )


def _agreement_row(found: Evaluation, quantity: str) -> tuple[str, ...]:
    rows = found.comparisons[quantity]
    both = (
        np.array([np.nan if rate is None else rate for rate in rates])
        for rates in ([row.predicted for row in rows], [row.true for row in rows])
    )
    return (f"{_NAMES[quantity]} ({_UNITS[quantity]})", *agreement_cells(agreement(*both)))


def _estimate(estimate: Estimate, digits: int, count: int) -> str:
    text = number(estimate.value, digits)
    if count < LEAST_PAIRS:
        return text
    if estimate.standard_error is not None:
        text += f" +- {estimate.standard_error:.{digits}f}"
    if estimate.interval is not None:
        text += f" [{estimate.interval[0]:.{digits}f}, {estimate.interval[1]:.{digits}f}]"
    return text
