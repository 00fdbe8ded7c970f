"""The confidence of rates: a logistic model of evidence, fitted to films whose truth is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from calibration_films import SeenFilm, pieces
from physiocam.measuring.memory_windows import MemoryWindows
from physiocam.signals.confidence import Confidence, PulseJudge
from physiocam.signals.logistic import LogisticModel, pairs
from physiocam.signals.rate import estimate_rate
from physiocam.signals.readings import light_of, readings_of
from physiocam.signals.settings import SETTINGS
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime

Model = TypeVar("Model", bound=LogisticModel)

NEAR = 3.0
_PENALTY = 0.003
# Of the weights of products, where a kind of model has them.
_PENALTY_OF_PRODUCTS = 0.03
_PARTS = 10
_INTERVAL = 0.8


@dataclass(frozen=True, eq=False)
class Heard:
    """What is heard in pieces of films.

    Attributes
    ----------
    evidence : float64 array (P, E)
    error : float64 array (P,)
        Of the estimated rate, per minute; infinite where nothing lives.
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


def unfitted(kind: type[Model]) -> Model:
    """A confidence of a kind that knows nothing: one half for every rate."""
    none, one = (0.0,) * len(kind.KNOWN), (1.0,) * len(kind.KNOWN)
    return kind(evidence=kind.KNOWN, centre=none, scale=one, weight=none, bias=0.0, widths=((0.0, 30.0), (1.0, 3.0)))


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
            if not small.any():
                continue
            windows, read = MemoryWindows(memory, runtime), np.zeros((len(small), 3), np.float32)
            for first, outputs in [*windows.add(small), windows.rest()]:
                start = max(first, 0)
                read[start : first + len(outputs["pulse"])] = outputs["pulse"][start - first :]
            table = np.column_stack([read, film.other[rows], light_of(small)])
            wave = 0.5 * (read[:, 0] + film.other[rows]).astype(np.float64)
            wave[-1] = np.nan
            _KEPT.clear()
            judge = PulseJudge(readings_of(table), listening)
            rate = estimate_rate(wave, film.facts["fs"], "heart", SETTINGS["default"], judge=judge)
            if rate.value is None or not _KEPT:
                continue
            true = float(np.mean(film.rates[rows]))
            # The last one is that of the rate: a doubled rate is halved after it was judged.
            evidence.append(_KEPT[-1])
            errors.append(abs(rate.value - true) if np.isfinite(true) else np.inf)
            numbers.append(number)
            kinds.append(("alive " if np.isfinite(true) else "lifeless ") + film.facts["kind"])
    return Heard(np.array(evidence), np.array(errors), np.array(numbers), np.array(kinds))


def fit(
    heard: Heard, kind: type[Model], *, products: bool = False, lifeless: float = 1.0
) -> tuple[Model, dict[str, Any]]:
    """Fit the model to all pieces; its figures are of pieces whose films had no part in the fit that judges them.

    Parameters
    ----------
    heard : Heard
    kind : type of LogisticModel
    products : bool
        Whether it weighs products of evidence, too.
    lifeless : float
        How much a piece counts in which nothing lives; others count 1.
    """
    counts = np.where(np.char.startswith(heard.kind, "alive"), 1.0, lifeless)
    judged = np.zeros(len(heard.error))
    for part in range(_PARTS):
        out = heard.film % _PARTS == part
        model = _fitted(heard.evidence[~out], heard.error[~out] <= NEAR, counts[~out], kind, products=products)
        judged[out] = [model.probability(row) for row in heard.evidence[out]]
    model = _fitted(heard.evidence, heard.error <= NEAR, counts, kind, products=products)
    return model.model_copy(update={"widths": _widths(judged, heard.error)}), figures_of(heard, judged)


def figures_of(heard: Heard, judged: NDArray[np.float64], given: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """How good qualities (P,) are as probabilities, and what is given, by default from 0.5 on."""
    near, alive = heard.error <= NEAR, np.char.startswith(heard.kind, "alive")
    given = judged >= 0.5 if given is None else given
    clipped = np.clip(judged, 1e-6, 1 - 1e-6)
    return {
        "pieces": len(near),
        "right": round(float(near.mean()), 4),
        "log_loss": round(float(-np.mean(np.where(near, np.log(clipped), np.log(1 - clipped)))), 4),
        "expected_calibration_error": round(calibration_error(judged, near), 4),
        "given": int(given.sum()),
        "given_right": int((near & given).sum()),
        "sure": int((judged >= 0.8).sum()),
        "sure_right": int((near & (judged >= 0.8)).sum()),
        "lifeless": int((~alive).sum()),
        "lifeless_given": int((given & ~alive).sum()),
        "lifeless_sure": int(((judged >= 0.8) & ~alive).sum()),
    }


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the mean distance of tenths of the probabilities from the share that is right in them."""
    tenth = np.minimum((10 * probability).astype(int), 9)
    total = 0.0
    for number in range(10):
        chosen = tenth == number
        if chosen.any():
            total += chosen.mean() * abs(probability[chosen].mean() - right[chosen].mean())
    return float(total)


def _fitted(
    evidence: NDArray[np.float64],
    near: NDArray[np.bool_],
    counts: NDArray[np.float64],
    kind: type[Model],
    *,
    products: bool,
) -> Model:
    centre, scale = np.nanmean(evidence, axis=0), np.nanstd(evidence, axis=0) + 1e-9
    usual = unfitted(kind).model_copy(update={"centre": centre, "scale": scale}).distances(evidence)
    penalty = np.full(usual.shape[1], _PENALTY)
    if products:
        first, second = pairs(usual.shape[1]).T
        usual = np.column_stack([usual, usual[:, first] * usual[:, second]])
        penalty = np.append(penalty, np.full(len(first), _PENALTY_OF_PRODUCTS))
    sign, share = np.where(near, 1.0, -1.0), counts / counts.sum()

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = sign * (usual @ parameters[:-1] + parameters[-1])
        slope = -sign / (1.0 + np.exp(score)) * share
        gradient = np.append(usual.T @ slope + 2 * penalty * parameters[:-1], slope.sum())
        return float(share @ np.logaddexp(0.0, -score) + np.sum(penalty * parameters[:-1] ** 2)), gradient

    found = minimize(loss, np.zeros(usual.shape[1] + 1), jac=True).x
    weight, product = np.split(found[:-1], [evidence.shape[1]])
    return unfitted(kind).model_copy(
        update={
            "centre": tuple(centre.round(6).tolist()), "scale": tuple(scale.round(6).tolist()),
            "weight": tuple(weight.round(6).tolist()), "products": tuple(product.round(6).tolist()),
            "bias": round(float(found[-1]), 6),
        }
    )  # fmt: skip


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
