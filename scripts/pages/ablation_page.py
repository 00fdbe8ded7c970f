"""Puts an ablation that was run, and what of it is more than chance, into docs/reproduce.md.

    python scripts/pages/ablation_page.py OUTPUT

OUTPUT is what `physiocam reproduce table1 STORE -o OUTPUT` wrote. Errors of rates are mostly zero or large, and a few
large ones decide their mean; the signal-to-noise ratio of the waveforms tells networks apart recording by recording.
"""

import argparse
from pathlib import Path

import numpy as np

from physiocam.evaluation.evaluate import Evaluation, evaluate
from physiocam.evaluation.paired import paired_difference, paired_f1_difference
from physiocam.evaluation.predictions import load_all_predictions
from physiocam.evaluation.table_text import table
from physiocam.foundation.provenance import difference, read_record
from physiocam.signals.quantities import Quantity
from physiocam.signals.settings import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "reproduce.md"
START, END = "<!-- ablation -->\n", "<!-- end of ablation -->"

BASE = "bigsmall"
ROWS = {
    "BigSmall, wrapping shift": (BASE,),
    "BigSmall, zero-filled shift (TSM)": ("bigsmall-tsm",),
    "BigSmall, no shift": ("bigsmall-no-shift",),
    "BigSmall, every Big frame": ("bigsmall-every-frame",),
    "Big branch": ("big",),
    "Small branch": ("small-pulse", "small-respiration"),
}
QUANTITIES: tuple[Quantity, ...] = ("heart", "breathing")

# Errors a minute above which a rate is simply wrong.
_WRONG = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    folds = parser.parse_args().output / "runs" / "folds"
    _check_alike([folds / name for names in ROWS.values() for name in names])
    methods = {name: _evaluations(folds / name) for names in ROWS.values() for name in names}
    head = ["", *(f"{quantity} {what}" for quantity in QUANTITIES for what in ("MAE", "wrong", "SNR (dB)")), "F1 (%)"]
    rows = [[row, *_cells([methods[name] for name in names], methods[BASE])] for row, names in ROWS.items()]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}" + "\n".join(table(head, rows)) + f"\n{END}{after}", encoding="utf-8")
    print(f"wrote into {PAGE}")


def _check_alike(folders: list[Path]) -> None:
    """Rows are compared with each other: all must be of the same recordings and code."""
    first: dict[str, dict[str, object]] = {}
    for place in (place for folder in folders for place in sorted(folder.glob("fold-*/predictions"))):
        record = read_record(place)
        facts = {name: record.made_with.get(name) for name in ("recording", "physiocam")} if record else {}
        reason = difference(facts, first.setdefault(place.parent.name, facts)) if facts else "of which nothing is known"
        if reason:
            raise SystemExit(f"'{place}' holds predictions {reason}; run `physiocam reproduce table1` again")


def _evaluations(folder: Path) -> list[Evaluation]:
    folds = sorted(folder.glob("fold-*"))
    if not folds:
        raise SystemExit(f"no runs in '{folder}'; give the output folder of `physiocam reproduce table1`")
    return [evaluate(load_all_predictions(fold / "predictions"), SETTINGS["paper"]) for fold in folds]


def _cells(methods: list[list[Evaluation]], base: list[Evaluation]) -> list[str]:
    cells: list[str] = []
    for quantity in QUANTITIES:
        folds = [fold for method in methods for fold in method]
        errors, ratios, others = _errors(folds, quantity), _ratios(folds, quantity), _ratios(base, quantity)
        if not errors:
            cells += ["-"] * 3
            continue
        values = np.array(list(errors.values()))
        found = None if ratios == others else paired_difference(ratios, others)
        told = f"{np.mean(list(ratios.values())):.2f}" + (f" ({found.text(2)})" if found else "")
        cells += [f"{values.mean():.2f}", f"{int((values > _WRONG).sum())} of {len(values)}", told]
    return [*cells, _f1_cell([fold for method in methods for fold in method], base)]


def _f1_cell(folds: list[Evaluation], base: list[Evaluation]) -> str:
    scores = [fold.action_units.mean_f1 for fold in folds if fold.action_units is not None]
    known = [score for score in scores if score is not None]
    if not known:
        return "-"
    rows, others = ([row for fold in method for row in fold.unit_comparisons] for method in (folds, base))
    found = None if rows == others else paired_f1_difference(rows, others)
    told = ", ".join(f"{score:.1f}" for score in known) + (f"; {found.text(1)}" if found else "")
    return f"{np.mean(known):.1f} ({told})"


def _errors(folds: list[Evaluation], quantity: Quantity) -> dict[tuple[str, str], float]:
    return {
        (one.subject, one.recording): abs(one.predicted - one.true)
        for fold in folds
        for one in fold.comparisons.get(quantity, ())
        if one.predicted is not None and one.true is not None
    }


def _ratios(folds: list[Evaluation], quantity: Quantity) -> dict[tuple[str, str], float]:
    return {
        (one.subject, one.recording): one.snr
        for fold in folds
        for one in fold.comparisons.get(quantity, ())
        if one.snr is not None
    }


if __name__ == "__main__":
    main()
