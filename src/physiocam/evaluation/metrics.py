"""Figures of merit of rates and waveforms against sensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError

# Half the width in Hz of the signal band around a rate and its first overtone (the toolbox's choice).
_SNR_HALF_WIDTH = 0.1

_RESAMPLINGS = 2000
_RESAMPLINGS_AT_ONCE = 100


@dataclass(frozen=True)
class Estimate:
    """One figure with its uncertainty over recordings.

    Attributes
    ----------
    value : float or None
        None if the recordings do not define it.
    standard_error : float or None
    interval : tuple of float or None
        95 % bootstrap interval, resampling recordings.
    """

    value: float | None
    standard_error: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class RateScores:
    """Agreement of predicted rates with true rates, over recordings.

    Attributes
    ----------
    recordings : int
        Recordings with a true rate.
    answered : int
        Of these, recordings with a predicted rate. All figures are over them.
    mae, rmse : Estimate
        Mean absolute and root mean square error, per minute.
    mape : Estimate
        Mean absolute error in percent of the true rate.
    pearson : Estimate
        Correlation.
    """

    recordings: int
    answered: int
    mae: Estimate
    rmse: Estimate
    mape: Estimate
    pearson: Estimate


def rate_scores(predicted: NDArray[np.floating], true: NDArray[np.floating], seed: int = 0) -> RateScores:
    """Compare one rate per recording.

    Parameters
    ----------
    predicted, true : float arrays (R,)
        Per minute. NaN in `true` leaves the recording out; NaN in `predicted` counts as not reported.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    RateScores

    Raises
    ------
    PhysiocamError
        If the arrays differ in length.

    Notes
    -----
    Standard errors are the toolbox's: std / sqrt(n) for MAE and MAPE, the square root of std(e^2) / sqrt(n) for the
    RMSE, sqrt((1 - r^2) / (n - 2)) for the correlation.
    """
    said, truth = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if said.shape != truth.shape or said.ndim != 1:
        raise PhysiocamError(f"rates have shapes {said.shape} and {truth.shape}; expected one of each per recording")
    known = np.isfinite(truth)
    used = known & np.isfinite(said)
    said, truth = said[used], truth[used]
    n = len(truth)
    error = np.abs(said - truth)
    percent = 100.0 * error / np.abs(truth)
    intervals = _bootstrap(said, truth, seed)
    pearson = _pearson(said[None], truth[None])[0]
    return RateScores(
        recordings=int(known.sum()),
        answered=n,
        mae=_estimate(_mean(error), _mean_error(error), intervals[0]),
        rmse=_estimate(np.sqrt(_mean(error**2)), np.sqrt(_mean_error(error**2)), intervals[1]),
        mape=_estimate(_mean(percent), _mean_error(percent), intervals[2]),
        pearson=_estimate(pearson, np.sqrt((1 - pearson**2) / (n - 2)) if n > 2 else np.nan, intervals[3]),
    )


def mean_estimate(values: Sequence[float | None]) -> Estimate:
    """Mean of those that are defined, with the toolbox's standard error, std / sqrt(n)."""
    defined = np.array([value for value in values if value is not None])
    return _estimate(_mean(defined), _mean_error(defined), np.full(2, np.nan))


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _mean_error(values: NDArray[np.float64]) -> float:
    return float(values.std() / np.sqrt(len(values))) if len(values) > 1 else np.nan


def _estimate(value: float, error: float, interval: NDArray[np.float64]) -> Estimate:
    return Estimate(
        value=float(value) if np.isfinite(value) else None,
        standard_error=float(error) if np.isfinite(error) else None,
        interval=(float(interval[0]), float(interval[1])) if np.isfinite(interval).all() else None,
    )


def _bootstrap(predicted: NDArray[np.float64], true: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """95 % intervals (4, 2) of MAE, RMSE, MAPE and correlation; NaN if there is nothing to resample."""
    n = len(true)
    if n < 2:
        return np.full((4, 2), np.nan)
    random = np.random.default_rng(seed)
    drawn: list[NDArray[np.float64]] = []
    for _ in range(0, _RESAMPLINGS, _RESAMPLINGS_AT_ONCE):
        rows = random.integers(n, size=(_RESAMPLINGS_AT_ONCE, n))
        p, t = predicted[rows], true[rows]
        error = np.abs(p - t)
        drawn.append(
            np.stack(
                [
                    error.mean(axis=1),
                    np.sqrt((error**2).mean(axis=1)),
                    (100.0 * error / np.abs(t)).mean(axis=1),
                    _pearson(p, t),
                ]
            )
        )
    figures = np.concatenate(drawn, axis=1)
    bounds = np.full((4, 2), np.nan)
    for row, values in enumerate(figures):
        # A resample of only one recording has no correlation.
        defined = values[np.isfinite(values)]
        if len(defined):
            bounds[row] = np.percentile(defined, [2.5, 97.5])
    return bounds


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of each row; NaN if a row does not vary."""
    if a.shape[1] < 2:
        return np.full(len(a), np.nan)
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    correlation = np.full(len(a), np.nan)
    np.divide((a * b).sum(axis=1), scale, out=correlation, where=scale > 0)
    return correlation


def signal_to_noise(
    waveform: NDArray[np.float64], fs: float, true_rate: float, band_hz: tuple[float, float] = (0.6, 3.3)
) -> float | None:
    """Power around the true rate and its first overtone against the rest of the band, in dB.

    Parameters
    ----------
    waveform : float64 array (T,)
        Filtered, without gaps.
    fs : float
        Samples per second.
    true_rate : float
        Per minute, from the sensor.
    band_hz : tuple of float
        The band; by default the toolbox's.

    Returns
    -------
    float or None
        None if the band has no power outside the rate, or none at all.

    Notes
    -----
    After de Haan and Jeanne (2013), with the toolbox's widths: 0.1 Hz to either side of both frequencies.
    """
    padded = 1 << (len(waveform) - 1).bit_length()
    frequencies = np.fft.rfftfreq(padded, 1 / fs)
    power = np.abs(np.fft.rfft(waveform, padded)) ** 2
    # A one-sided spectrum counts each frequency twice, except the two without a negative counterpart.
    power[1:-1] *= 2.0
    inside = np.zeros(len(frequencies), dtype=bool)
    for harmonic in (1, 2):
        inside |= np.abs(frequencies - harmonic * true_rate / 60) <= _SNR_HALF_WIDTH
    rest = (frequencies >= band_hz[0]) & (frequencies <= band_hz[1]) & ~inside
    signal, noise = power[inside].sum(), power[rest].sum()
    return float(10 * np.log10(signal / noise)) if signal > 0 and noise > 0 else None


def macc(predicted: NDArray[np.float64], true: NDArray[np.float64]) -> float | None:
    """Maximum absolute correlation of two waveforms over all circular lags but the last.

    By the Fourier transform in O(T log T); the toolbox computes one correlation per lag, with the same result.

    Parameters
    ----------
    predicted, true : float64 arrays (T,)
        Filtered, without gaps.

    Returns
    -------
    float or None
        0..1; None if either does not vary.

    Raises
    ------
    PhysiocamError
        If the arrays differ in length.
    """
    if predicted.shape != true.shape:
        raise PhysiocamError(f"waveforms have {len(predicted)} and {len(true)} samples; expected the same times")
    a, b = predicted - predicted.mean(), true - true.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    if scale == 0:
        return None
    correlation = np.fft.irfft(np.fft.rfft(a) * np.conj(np.fft.rfft(b)), len(a)) / scale
    return float(np.abs(correlation[: len(a) - 1]).max())
