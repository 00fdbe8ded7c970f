"""Heart-rate variability: beats in the pulse waveform, and the variability of their intervals."""

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.signals.rate import Rate
from physiocam.signals.rate_notes import short_of
from physiocam.signals.waveform import stretches

UNIT = "ms"

# Shorter records are not measured; docs/report.md cites the literature on record length.
MINIMUM_S = 60.0

# Share of the seconds with a pulse that clean intervals must cover.
_CLEAN_SHARE = 0.9

# Largest share of timing noise in the variance: with 0.25 a value is too large by 15 %, or by 30 % if the noise is
# underestimated.
_NOISE_SHARE = 0.25

# Mean of the intervals against the rate in the spectrum: beyond this, overtones or noise were mistaken for beats.
_RATE_MISFIT = 0.05

# Beats are timed on a waveform interpolated to this, in Hz; at the frame rate, rounding alone would make 20 ms.
_FINE_HZ = 500

# A stretch between gaps must have several beats to detect them.
_SHORTEST_S = 5.0

# A beat is not clean if its upstroke is longer or shorter than the typical one by this share of a beat.
_UPSTROKE_MISFIT = 0.1

# An interval is not clean if it differs by more than this from the median of this many around it.
_INTERVAL_MISFIT = 0.2
_AROUND = 11


@dataclass(frozen=True)
class IntervalSpread:
    """One measure of heart-rate variability.

    Attributes
    ----------
    value : float or None
        In milliseconds; None if it is not measured.
    unit : str
        "ms".
    quality : float
        0..1: the share of the time covered by clean intervals, times the share of the variance that is not timing
        noise.
    note : str or None
        Why there is no value.
    """

    value: float | None
    unit: str
    quality: float
    note: str | None


@dataclass(frozen=True, eq=False)
class HeartRateVariability:
    """Beats of a recording and the variability of the intervals between them.

    Attributes
    ----------
    sdnn : IntervalSpread
        Standard deviation of the clean intervals.
    rmssd : IntervalSpread
        Root mean square of the differences between consecutive clean intervals.
    timing_noise_ms : float or None
        Standard deviation of the error of a beat's time, estimated from the beats themselves.
    beats_s : float64 array (B,)
        Times in seconds of the waveform's maxima.
    beat_quality : float64 array (B,)
        0..1; 1 if the upstroke is as long as the typical one, 0 for a beat that is not used.
    intervals_ms : float64 array (B,)
        Time since the beat before; NaN where that interval is not clean.

    Examples
    --------
    Nothing is found in a recording without a heart rate:

    >>> nothing = heart_rate_variability(np.zeros(300), 30.0, Rate(None, "beats/min", 0.0, "no face was found"))
    >>> nothing.sdnn.value is None, len(nothing.beats_s)
    (True, 0)
    """

    sdnn: IntervalSpread
    rmssd: IntervalSpread
    timing_noise_ms: float | None
    beats_s: NDArray[np.float64] = field(repr=False)
    beat_quality: NDArray[np.float64] = field(repr=False)
    intervals_ms: NDArray[np.float64] = field(repr=False)


def heart_rate_variability(pulse: NDArray[np.float64], fs: float, heart_rate: Rate) -> HeartRateVariability:
    """Find the beats in a pulse waveform and measure the variability of their intervals.

    Beats are the maxima that NeuroKit2 finds (Elgendi and others, 2013) in the waveform interpolated by cubic splines,
    each stretch between gaps separately. The timing noise is estimated from each beat's upstroke, from the zero
    crossing to the maximum: noise moves the two independently, so the upstroke's length varies from beat to beat as
    much as a beat's time is uncertain. A value is withheld if more than a quarter of it is such noise.

    Parameters
    ----------
    pulse : float64 array (T,)
        As `waveform.clean_waveform` gives it; NaN in gaps.
    fs : float
        Samples per second.
    heart_rate : Rate
        Of the whole recording. If it has no value no beats are detected, and the notes say so.

    Returns
    -------
    HeartRateVariability

    Raises
    ------
    ImportError
        If NeuroKit2 is not installed (extra `hrv`).
    """
    if heart_rate.value is None:
        # Without a rate there is no pulse, and the maxima of noise are not beats.
        return _none(np.empty(0), f"the heart rate is not measured: {heart_rate.note}")
    beats, upstrokes, first = _beats(pulse, fs)
    if len(beats) < 3:
        return _none(beats, _too_short(pulse, fs) or "the pulse shows fewer than three beats")
    intervals = np.where(first, np.nan, np.diff(beats, prepend=np.nan))
    deviation = np.abs(upstrokes - np.nanmedian(upstrokes)) / np.nanmedian(intervals)
    quality = np.nan_to_num(np.clip(1.0 - deviation / _UPSTROKE_MISFIT, 0.0, 1.0))
    clean = (quality > 0) & np.append(False, quality[:-1] > 0) & _near_the_median(intervals)
    both = clean & np.append(False, clean[:-1])
    intervals_ms = np.where(clean, 1000.0 * intervals, np.nan)
    usable_s = np.count_nonzero(np.isfinite(pulse)) / fs
    share = min(float(np.nansum(intervals_ms)) / 1000.0 / usable_s, 1.0)
    note = _too_short(pulse, fs) or _unclean(share, intervals_ms, heart_rate.value)
    if note is not None or np.count_nonzero(both) < 2:
        return _none(beats, note or "there are no three consecutive clean beats", quality, intervals_ms)
    noise = 1000.0 * float(np.sqrt(np.mean(np.diff(upstrokes, prepend=np.nan)[clean] ** 2) / 2))
    sdnn, rmssd = _spreads(beats[clean], intervals_ms[clean])
    # An interval depends on two beat times; a difference of intervals on three, twice on the middle one.
    return HeartRateVariability(
        sdnn=_told("SDNN", sdnn, 2 * noise**2, share, noise),
        rmssd=_told("RMSSD", rmssd, 6 * noise**2, share, noise),
        timing_noise_ms=noise,
        beats_s=beats,
        beat_quality=quality,
        intervals_ms=intervals_ms,
    )


def _beats(pulse: NDArray[np.float64], fs: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Times (B,) of maxima, the time since the zero crossing before each, and which begin a stretch."""
    from neurokit2 import ppg_findpeaks
    from scipy.interpolate import CubicSpline

    found = [(np.empty(0), np.empty(0), np.empty(0, dtype=bool))]
    for stretch in stretches(np.isfinite(pulse), round(_SHORTEST_S * fs)):
        if not pulse[stretch].any():
            continue
        time = np.arange(stretch.start, stretch.stop) / fs
        fine = np.arange(time[0], time[-1], 1 / _FINE_HZ)
        wave = CubicSpline(time, pulse[stretch])(fine)
        peaks = ppg_findpeaks(wave, sampling_rate=_FINE_HZ)["PPG_Peaks"]
        if len(peaks):
            upstrokes = fine[peaks] - _crossings_before(fine, wave, fine[peaks])
            found.append((fine[peaks], upstrokes, np.arange(len(peaks)) == 0))
    beats, upstrokes, first = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return beats, upstrokes, first


def _crossings_before(
    time: NDArray[np.float64], wave: NDArray[np.float64], peaks_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Time of the last rising zero crossing before each peak, between samples; NaN if there is none."""
    below = np.flatnonzero((wave[:-1] < 0) & (wave[1:] >= 0))
    crossings = time[below] - wave[below] / (wave[below + 1] - wave[below]) / _FINE_HZ
    last = np.searchsorted(crossings, peaks_s) - 1
    return np.where(last >= 0, np.append(crossings, np.nan)[last], np.nan)


def _near_the_median(intervals: NDArray[np.float64]) -> NDArray[np.bool_]:
    around = np.pad(intervals, _AROUND // 2, constant_values=np.nan)
    windows = sliding_window_view(around, _AROUND)
    # Every window has an interval, since a stretch's first beat has neighbours.
    usual = np.nanmedian(np.where(np.isfinite(windows).any(axis=1, keepdims=True), windows, 0.0), axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(intervals - usual) <= _INTERVAL_MISFIT * usual)


def _too_short(pulse: NDArray[np.float64], fs: float) -> str | None:
    usable_s = np.count_nonzero(np.isfinite(pulse)) / fs
    if usable_s < MINIMUM_S:
        return f"{short_of(usable_s, MINIMUM_S)} s of pulse; heart-rate variability needs {MINIMUM_S:g} s"
    return None


def _unclean(share: float, intervals_ms: NDArray[np.float64], heart_rate: float) -> str | None:
    if share < _CLEAN_SHARE:
        return f"clean beats cover {share:.0%} of the pulse; heart-rate variability needs {_CLEAN_SHARE:.0%}"
    counted = 60_000.0 / float(np.nanmean(intervals_ms))
    if abs(counted / heart_rate - 1.0) > _RATE_MISFIT:
        return f"the beats give {counted:.0f} beats/min, which differs from the heart rate of {heart_rate:.0f}"
    return None


def _spreads(beats_s: NDArray[np.float64], intervals_ms: NDArray[np.float64]) -> tuple[float, float]:
    from neurokit2 import hrv_time

    # With their times, so that intervals on both sides of one that is not clean do not count as consecutive.
    indices = hrv_time({"RRI": intervals_ms, "RRI_Time": beats_s})
    return float(indices["HRV_SDNN"].iloc[0]), float(indices["HRV_RMSSD"].iloc[0])


def _told(name: str, value: float, noise_variance: float, share: float, noise: float) -> IntervalSpread:
    of_noise = min(noise_variance / value**2, 1.0) if value > 0 else 1.0
    quality = float(share * (1.0 - of_noise))
    if of_noise > _NOISE_SHARE:
        note = f"beats are timed only to {noise:.0f} ms, which makes up {of_noise:.0%} of the variance in the {name}"
        return IntervalSpread(None, UNIT, quality, note)
    return IntervalSpread(value, UNIT, quality, None)


def _none(
    beats: NDArray[np.float64],
    note: str,
    quality: NDArray[np.float64] | None = None,
    intervals_ms: NDArray[np.float64] | None = None,
) -> HeartRateVariability:
    nothing = IntervalSpread(None, UNIT, 0.0, note)
    return HeartRateVariability(
        sdnn=nothing,
        rmssd=nothing,
        timing_noise_ms=None,
        beats_s=beats,
        beat_quality=np.zeros(len(beats)) if quality is None else quality,
        intervals_ms=np.full(len(beats), np.nan) if intervals_ms is None else intervals_ms,
    )
