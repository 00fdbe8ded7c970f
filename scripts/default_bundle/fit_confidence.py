"""The confidence of heart rates: a logistic model of evidence, fitted to films whose truth is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from calibration_films import SeenFilm, pieces
from physiocam.measuring.memory_windows import MemoryWindows
from physiocam.signals.confidence import EVIDENCE, Confidence, Judge
from physiocam.signals.rate import rate_of_reading
from physiocam.signals.readings import light_of, readings_of
from physiocam.signals.settings import SETTINGS
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime

NEAR = 3.0
_PENALTY = 0.003
_PARTS = 10
_INTERVAL = 0.8


@dataclass(frozen=True, eq=False)
class Heard:
    """What is heard in pieces of films.

    Attributes
    ----------
    evidence : float64 array (P, R, len(EVIDENCE))
        For the rate in each of R readings: the mean of the networks, and each alone. All NaN where there is no rate.
    error : float64 array (P, R)
        Of these rates, in beats/min; infinite where there is no pulse, or no rate.
    film : int array (P,)
        Which film a piece is of.
    kind : str array (P,)
    """

    evidence: NDArray[np.float64]
    error: NDArray[np.float64]
    film: NDArray[np.int64]
    kind: NDArray[np.str_]


class _Listening(Confidence):
    """A confidence that gives every rate, and keeps its evidence."""

    def probability(self, evidence: NDArray[np.float64]) -> float:
        """Keep the evidence."""
        _KEPT.append(evidence)
        return 1.0


_KEPT: list[NDArray[np.float64]] = []


def unfitted(kind: type[Confidence] = Confidence) -> Confidence:
    """A confidence that knows nothing: one half for every rate."""
    none, one = (0.0,) * len(EVIDENCE), (1.0,) * len(EVIDENCE)
    return kind(evidence=EVIDENCE, centre=none, scale=one, weight=none, bias=0.0, widths=((0.0, 30.0), (1.0, 3.0)))


def hear(films: list[SeenFilm], bundle_folder: Path) -> Heard:
    """Let a bundle's network with memory hear the films, as `measure` would, and take down the evidence."""
    bundle = load_bundle(bundle_folder)
    memory = bundle.info.memory
    assert memory is not None
    runtime = Runtime(bundle, 1, memory.networks)
    listening = unfitted(_Listening)
    evidence, errors, numbers, kinds = [], [], [], []
    for number, film in enumerate(films):
        for rows in pieces(film):
            small = film.small[rows].astype(np.float32)
            # A piece is standardized on its own.
            scale = float(small.std())
            if scale == 0:
                continue
            windows, read = MemoryWindows(memory, runtime), np.zeros((len(small), 3), np.float32)
            for first, outputs in [*windows.add(small / np.float32(scale)), windows.rest()]:
                start = max(first, 0)
                read[start : first + len(outputs["pulse"])] = outputs["pulse"][start - first :]
            table = np.column_stack([read, film.other[rows], light_of(small / np.float32(scale))])
            wave = 0.5 * (read[:, 0] + film.other[rows]).astype(np.float64)
            wave[-1] = np.nan
            judge, true = Judge(readings_of(table), listening), float(np.mean(film.rates[rows]))
            heard = [_heard(one, film.facts["fs"], judge, true) for one in (wave, *judge.readings.single(wave))]
            if all(np.isnan(shown).all() for shown, _ in heard):
                continue
            evidence.append([shown for shown, _ in heard])
            errors.append([error for _, error in heard])
            numbers.append(number)
            kinds.append(("alive " if np.isfinite(true) else "lifeless ") + film.facts["kind"])
    return Heard(np.array(evidence), np.array(errors), np.array(numbers), np.array(kinds))


def _heard(reading: NDArray[np.float64], fs: float, judge: Judge, true: float) -> tuple[NDArray[np.float64], float]:
    """The evidence for the rate in a reading, and its error."""
    _KEPT.clear()
    rate = rate_of_reading(reading, fs, "heart", SETTINGS["default"], None, judge)
    if rate.value is None or not _KEPT:
        return np.full(len(EVIDENCE), np.nan), np.inf
    # The last one is that of the rate: a doubled rate is halved after it was judged.
    return _KEPT[-1], abs(rate.value - true) if np.isfinite(true) else np.inf


def fit(heard: Heard) -> tuple[Confidence, dict[str, Any]]:
    """Fit the model to all pieces; its figures are of pieces whose films had no part in the fit that judges them."""
    judged, error = np.zeros((2, len(heard.film)))
    for part in range(_PARTS):
        out = heard.film % _PARTS == part
        judged[out], error[out] = _best(_fitted(heard, ~out), heard, out)
    near = error <= NEAR
    model = _fitted(heard, np.ones(len(near), bool)).model_copy(update={"widths": _widths(judged, error)})
    alive = np.char.startswith(heard.kind, "alive")
    clipped = np.clip(judged, 1e-6, 1 - 1e-6)
    figures = {
        "pieces": len(near),
        "right": round(float(near.mean()), 4),
        "log_loss": round(float(-np.mean(np.where(near, np.log(clipped), np.log(1 - clipped)))), 4),
        "expected_calibration_error": round(calibration_error(judged, near), 4),
        "given": int((judged >= 0.5).sum()),
        "given_right": int((near & (judged >= 0.5)).sum()),
        "sure": int((judged >= 0.8).sum()),
        "sure_right": int((near & (judged >= 0.8)).sum()),
        "lifeless": int((~alive).sum()),
        "lifeless_given": int(((judged >= 0.5) & ~alive).sum()),
    }
    return model, figures


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the mean distance of tenths of the probabilities from the share that is right in them."""
    tenth = np.minimum((10 * probability).astype(int), 9)
    total = 0.0
    for number in range(10):
        chosen = tenth == number
        if chosen.any():
            total += chosen.mean() * abs(probability[chosen].mean() - right[chosen].mean())
    return float(total)


def _fitted(heard: Heard, chosen: NDArray[np.bool_]) -> Confidence:
    """A model of chosen pieces: fitted to the rates in all readings, then scaled to the most probable of each piece.

    The most probable of several is right less often than its own probability says.
    """
    shown, error = heard.evidence[chosen].reshape(-1, len(EVIDENCE)), heard.error[chosen].ravel()
    there = ~np.isnan(shown).all(axis=1)
    shown, near = shown[there], error[there] <= NEAR
    centre, scale = np.nanmean(shown, axis=0), np.nanstd(shown, axis=0) + 1e-9
    usual = np.clip(np.where(np.isfinite(shown), (shown - centre) / scale, 0.0), -4.0, 4.0)
    weight, bias = _logistic(usual, near, _PENALTY)
    model = unfitted().model_copy(
        update={
            "centre": tuple(centre.round(6).tolist()), "scale": tuple(scale.round(6).tolist()),
            "weight": tuple(weight.tolist()), "bias": bias,
        }
    )  # fmt: skip
    probability, error = _best(model, heard, chosen)
    score = np.log(probability / (1 - probability))
    (factor,), shift = _logistic(score[:, None], error <= NEAR, 0.0)
    return model.model_copy(
        update={"weight": tuple((factor * weight).round(6).tolist()), "bias": round(float(factor * bias + shift), 6)}
    )


def _best(
    model: Confidence, heard: Heard, chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability and error of the most probable rate of each chosen piece."""
    probability = np.array([
        [0.0 if np.isnan(shown).all() else model.probability(shown) for shown in of_piece]
        for of_piece in heard.evidence[chosen]
    ])  # fmt: skip
    best = np.arange(len(probability)), probability.argmax(axis=1)
    return np.clip(probability[best], 1e-9, 1 - 1e-9), heard.error[chosen][best]


def _logistic(
    columns: NDArray[np.float64], right: NDArray[np.bool_], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias with which a logistic model of columns (P, C) says what is right (P,)."""
    sign = np.where(right, 1.0, -1.0)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = sign * (columns @ parameters[:-1] + parameters[-1])
        slope = -sign / (1.0 + np.exp(score)) / len(sign)
        gradient = np.append(columns.T @ slope + 2 * penalty * parameters[:-1], slope.sum())
        return float(np.logaddexp(0.0, -score).mean() + penalty * np.sum(parameters[:-1] ** 2)), gradient

    found = minimize(loss, np.zeros(columns.shape[1] + 1), jac=True).x
    return np.asarray(found[:-1]), float(found[-1])


def _widths(judged: NDArray[np.float64], error: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """How far 80 % of the errors reach, at rising probabilities; never wider where the probability is higher."""
    alive = np.isfinite(error)
    order = np.argsort(judged[alive])
    rows = [
        (float(judged[alive][part].mean()), float(np.quantile(error[alive][part], _INTERVAL)))
        for part in np.array_split(order, 8)
    ]
    widths = np.minimum.accumulate([width for _, width in rows])
    return tuple((round(p, 4), round(float(w), 3)) for (p, _), w in zip(rows, widths, strict=True))
