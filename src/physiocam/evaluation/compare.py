"""Two recordings, bundles or sensors, compared second by second."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.evaluation.agreement import AGREEMENT_HEAD, Agreement, agreement, agreement_cells, few_pairs
from physiocam.evaluation.lag import Lag, find_lag
from physiocam.evaluation.rate_source import QUANTITIES, RateSource, Series
from physiocam.evaluation.summary import write_text
from physiocam.evaluation.table_text import csv_text, table
from physiocam.foundation.provenance import code_version, digest_of, write_record
from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.readable import readable
from physiocam.results.measurement_files import MEASUREMENT
from physiocam.signals.quantities import UNITS, Quantity

_WORDS: dict[Quantity, str] = {"heart": "heart rate", "breathing": "breathing rate"}

# A rate is compared with one that is at most this far away, in seconds.
_NEAR_S = 0.51


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rates of the reference and of the other, at the reference's times.

    Attributes
    ----------
    times_s, reference, other : float64 arrays (N,)
    """

    times_s: NDArray[np.float64]
    reference: NDArray[np.float64]
    other: NDArray[np.float64]


@dataclass(frozen=True)
class UnitAgreement:
    """Decisions on one action unit, frame by frame.

    Attributes
    ----------
    reference_active, other_active : float
        Share of the frames.
    same : float
        Share of the frames with the same decision.
    """

    reference_active: float
    other_active: float
    same: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """One result compared with a reference.

    Attributes
    ----------
    reference, other : str
    lag : Lag or None
        None if none was found: then times are compared as they are.
    pairs : dict of Quantity to Pairs
    rates : dict of Quantity to Agreement
    units : dict of str to UnitAgreement
    """

    reference: str
    other: str
    lag: Lag | None
    pairs: dict[Quantity, Pairs]
    rates: dict[Quantity, Agreement]
    units: dict[str, UnitAgreement]


def compare(reference: RateSource, other: RateSource, most_lag_s: float = 30.0) -> Comparison:
    """Compare a result with a reference.

    Parameters
    ----------
    reference, other : RateSource
    most_lag_s : float
        Largest difference of their clocks that is looked for; 0 compares times as they are.

    Returns
    -------
    Comparison

    Raises
    ------
    PhysiocamError
        If they have no rate in common.
    """
    common = [one for one in QUANTITIES if one in reference.rates and one in other.rates]
    if not common:
        raise PhysiocamError(
            f"'{reference.name}' and '{other.name}' have no rate in common; expected heart or breathing rates"
        )
    lag = _lag(reference, other, most_lag_s) if most_lag_s > 0 else None
    shift_s = 0.0 if lag is None else lag.shift_s
    pairs = {one: _pairs(reference.rates[one], other.rates[one], shift_s) for one in common}
    return Comparison(
        reference.name,
        other.name,
        lag,
        pairs,
        {one: agreement(found.other, found.reference) for one, found in pairs.items()},
        _units(reference, other, shift_s),
    )


def _lag(reference: RateSource, other: RateSource, most_s: float) -> Lag | None:
    """The lag of the pulses, or else of the breathing."""
    for quantity in QUANTITIES:
        if quantity in reference.waves and quantity in other.waves:
            found = find_lag(reference.waves[quantity], other.waves[quantity], most_s)
            if found is not None:
                return found
    return None


def _pairs(reference: Series, other: Series, shift_s: float) -> Pairs:
    """The reference's rates of each second, where the other was recording, with the other's nearest."""
    times = other.times_s + shift_s
    start, end = max(reference.times_s[0], times[0]), min(reference.times_s[-1], times[-1])
    seconds = np.arange(np.ceil(start - 0.5) + 0.5, end + _NEAR_S, 1.0)
    return Pairs(seconds, _near(seconds, reference.times_s, reference.values), _near(seconds, times, other.values))


def _near(seconds: NDArray[np.float64], times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest value of each second; NaN if none is near."""
    after = np.searchsorted(times, seconds).clip(0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(times[before] - seconds) <= np.abs(times[after] - seconds), before, after)
    return np.where(np.abs(times[nearest] - seconds) <= _NEAR_S, values[nearest], np.nan)


def _units(reference: RateSource, other: RateSource, shift_s: float) -> dict[str, UnitAgreement]:
    found = {}
    for label, first in reference.units.items():
        second = other.units.get(label)
        if second is None:
            continue
        moved = _near(first.times_s, second.times_s + shift_s, second.values)
        both = np.isfinite(first.values) & np.isfinite(moved)
        if both.any():
            a, b = first.values[both] >= ACTIVE_THRESHOLD, moved[both] >= ACTIVE_THRESHOLD
            found[label] = UnitAgreement(float(a.mean()), float(b.mean()), float((a == b).mean()))
    return found


def to_markdown(found: Sequence[Comparison]) -> str:
    """Return a page with the figures of comparisons with one reference."""
    lines = [f"# Compared with {found[0].reference}", ""]
    for one in found:
        lines += [f"## {one.other}", "", _lag_text(one), ""]
        rows = [
            (f"{_WORDS[quantity]} ({UNITS[quantity]})", *agreement_cells(figures))
            for quantity, figures in one.rates.items()
        ]
        lines += [*table(("", *AGREEMENT_HEAD), rows), ""]
        few = [
            f"{_WORDS[quantity]}: {text}"
            for quantity, figures in one.rates.items()
            if (text := few_pairs(figures.pairs))
        ]
        lines += [*few, ""] if few else []
        if one.units:
            cells = [
                (label, f"{unit.reference_active:.0%}", f"{unit.other_active:.0%}", f"{unit.same:.0%}")
                for label, unit in one.units.items()
            ]
            lines += [*table(("action unit", "active, reference", "active", "same decision"), cells), ""]
    lines.append(
        "Differences are from the reference; one pair per second. Compared: seconds with both rates, of those with one"
    )
    lines.append("in the reference. Neighbouring seconds share signal, so they are fewer than they seem.")
    return "\n".join(lines) + "\n"


def _lag_text(one: Comparison) -> str:
    if one.lag is None:
        return "No lag was found: times are compared as they are."
    correlation = f"correlation of the waveforms {one.lag.correlation:.2f}"
    unsure = "" if one.lag.is_sure else " The heart is so steady that shifts by whole beats fit nearly as well."
    return f"Lag: {one.lag.shift_s:+.2f} s is added to its times ({correlation}).{unsure}"


def write_comparisons(found: Sequence[Comparison], folder: Path, sources: Iterable[str | Path] = ()) -> None:
    """Write comparison.md, pairs.csv, comparison.json, and a record of what they were made of.

    Parameters
    ----------
    found : sequence of Comparison
    folder : Path
    sources : iterable of path
        Folders of measurements and sensors' files that are compared.

    Raises
    ------
    DatasetError
        If they cannot be written.
    """
    content = [
        {
            "reference": one.reference,
            "result": one.other,
            "lag": one.lag and asdict(one.lag),
            "rates": {
                quantity: asdict(figures) | {"coverage": figures.coverage} for quantity, figures in one.rates.items()
            },
            "action_units": {label: asdict(unit) for label, unit in one.units.items()},
        }
        for one in found
    ]
    write_text(folder / "pairs.csv", _pairs_csv(found))
    write_text(folder / "comparison.md", to_markdown(found))
    write_text(folder / "comparison.json", json.dumps(content, indent=2, allow_nan=False) + "\n")
    places = [Path(source).resolve() for source in sources]
    facts: dict[str, Any] = {
        "physiocam": code_version(),
        "measurement": {readable(place): digest_of(place / MEASUREMENT) for place in places if place.is_dir()},
        "file": {readable(place): digest_of(place) for place in places if place.is_file()},
    }
    write_record(folder, facts, ("comparison.md", "pairs.csv", "comparison.json"), about={"kind": "comparison"})


def _pairs_csv(found: Sequence[Comparison]) -> str:
    rows = (
        (one.other, quantity, f"{time:.1f}", *("" if value != value else f"{value:.3f}" for value in (a, b)))  # noqa: PLR0124
        for one in found
        for quantity, pairs in one.pairs.items()
        for time, a, b in zip(pairs.times_s, pairs.reference, pairs.other, strict=True)
    )
    return csv_text(("result", "quantity", "time_s", "reference", "rate"), rows)
