"""Heart and breathing rates, of a recording and along it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.half_rate import is_doubled
from physiocam.signals.judging import Candidate, Judge, Verdict
from physiocam.signals.quality import spectral_quality
from physiocam.signals.quantities import STEP_S, UNITS, Quantity
from physiocam.signals.rate_notes import NAMES, WAVES, nothing_steady, too_slow, why_none
from physiocam.signals.settings import RateSettings, SignalSettings
from physiocam.signals.spectra import interpolated_peaks, periodogram, pooled_spectrum, window_spectra
from physiocam.signals.waveform import clean_waveform, scene_numbers

# A window of T seconds spreads a frequency's power over this many 1/T to either side.
_LOBE = 1.5


@dataclass(frozen=True)
class Rate:
    """The rate of a whole recording.

    Attributes
    ----------
    value : float or None
        Per minute; None if it is not measured.
    unit : str
        "beats/min" or "breaths/min".
    quality : float
        0..1; what a judge says, such as the probability that it is right from `confidence.PulseJudge`, else see
        `quality.spectral_quality`.
    note : str or None
        Why there is no value.
    estimate : float or None
        The best guess per minute. It equals `value` if there is one. If the value is withheld the guess may be far off:
        do not rely on it. None if there is no signal to guess from.
    interval : (float, float) or None
        Per minute; lowest and highest rate of an 80 % interval around the estimate. None if it is not known.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * 1.2 * np.arange(900) / 30.0)
    >>> from physiocam.signals.settings import SETTINGS
    >>> rate = estimate_rate(np.diff(wave), 30.0, "heart", SETTINGS["default"])
    >>> round(rate.value), rate.unit, rate.note, round(rate.estimate)
    (72, 'beats/min', None, 72)

    In strong noise the value is withheld, and the estimate is only a guess:

    >>> noisy = wave + 3.0 * np.random.default_rng(0).standard_normal(900)
    >>> rate = estimate_rate(np.diff(noisy), 30.0, "heart", SETTINGS["default"])
    >>> rate.value, rate.note, round(rate.estimate)
    (None, 'no steady pulse stands out from the noise', 71)
    """

    value: float | None
    unit: str
    quality: float
    note: str | None
    estimate: float | None = None
    interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            object.__setattr__(self, "estimate", self.value)

    @property
    def is_judged(self) -> bool:
        """Whether the quality is a probability."""
        return self.interval is not None


@dataclass(frozen=True, eq=False)
class RateSeries:
    """Rates along a recording, at the times of `rate_times`.

    Attributes
    ----------
    value : float64 array (R,)
        Per minute; NaN where it is not measured.
    quality : float64 array (R,)
        0..1.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * 1.2 * np.arange(900) / 30.0)
    >>> from physiocam.signals.settings import SETTINGS
    >>> along = rates_along(np.diff(wave), 30.0, "heart", SETTINGS["default"])
    >>> along.value.shape, round(float(along.value[10]))
    ((29,), 72)
    """

    value: NDArray[np.float64]
    quality: NDArray[np.float64]


def rate_times(frames: int, fs: float) -> NDArray[np.float64]:
    """Return the times (R,) in seconds at which `rates_along` gives rates: the middle of each second."""
    return np.asarray(STEP_S * (0.5 + np.arange(int(frames / fs / STEP_S))))


def estimate_rate(
    difference: NDArray[np.floating],
    fs: float,
    quantity: Quantity,
    settings: SignalSettings,
    raw: NDArray[np.floating] | None = None,
    judge: Judge | None = None,
    cuts: Sequence[int] = (),
) -> Rate:
    """Estimate one rate for a whole recording.

    The settings name the method. "pooled" averages the spectra of overlapping windows and finds the peak between its
    frequencies. Each spectrum is scaled to the same power first, so that a burst of motion has no more weight than
    other moments. Gaps add nothing, and the phase need not be continuous across them for longer than a window.
    "periodogram" is the reference's method: the largest bin of one periodogram, zero-padded to a power of two. "peaks"
    is its other method: the mean distance between the waveform's maxima.

    Parameters
    ----------
    difference : float array (T,)
        A network's output, in any scale. NaN and infinite samples are gaps.
    fs : float
        Samples per second.
    quantity : "heart" or "breathing"
    settings : SignalSettings
    raw : float array (T,), optional
        Differences of the unfiltered signal, which can show that the rate is the overtone of a slower one; by default
        `difference`.
    judge : Judge, optional
        Gives the quality, and the floor that it must reach. Without one, or if it cannot judge these frames, the
        quality is `quality.spectral_quality`, which must reach the settings' floor.
    cuts : sequence of int
        Samples at which another scene begins. No window reaches across; the last sample before each must be a gap.

    Returns
    -------
    Rate
        If its quality is too low, the rate that was found is the estimate only.

    Raises
    ------
    PhysiocamError
        If fs is not a frame rate.
    """
    chosen = settings.of(quantity)
    unit = UNITS[quantity]
    waveform = clean_waveform(difference, fs, quantity, settings)
    seen_s = np.count_nonzero(np.isfinite(difference)) / fs
    if note := why_none(waveform, seen_s, fs, quantity, chosen):
        return Rate(None, unit, 0.0, note)
    pooling = pooled_spectrum(waveform, fs, chosen, cuts)
    if pooling is None:
        needs = f"{NAMES[quantity]} needs {chosen.minimum_s:g} s within {chosen.window_s:g} s"
        return Rate(None, unit, 0.0, f"the usable signal is in pieces; {needs}")
    frequencies, pooled, window_s = pooling
    rate_hz: float | None
    if chosen.method == "pooled":
        rate_hz = float(interpolated_peaks(frequencies, pooled)[0])
    elif chosen.method == "periodogram":
        found_hz, power = periodogram(waveform, fs, chosen.band_hz, cuts)
        rate_hz = float(found_hz[np.argmax(power)])
    else:
        rate_hz = _mean_peak_rate(waveform, fs)
    if rate_hz is None:
        return Rate(None, unit, 0.0, f"the {WAVES[quantity]} shows no cycle")
    lobe_hz = _LOBE / window_s
    in_all_s = np.count_nonzero(np.isfinite(waveform)) / fs

    judge = _able(judge)

    def verdict_of(rate_hz: float) -> Verdict:
        if judge:
            spectrum = frequencies, pooled[0], lobe_hz
            return _verdict(_candidate(difference, fs, rate_hz, spectrum, chosen, cuts), judge)
        found = spectral_quality(
            frequencies, pooled, np.array([rate_hz]), lobe_hz=np.array([lobe_hz]), usable_s=np.array([in_all_s]),
            noise_slope=chosen.noise_slope,
        )  # fmt: skip
        return Verdict(float(found[0]))

    floor = judge.floor(chosen) if judge else chosen.quality_floor
    verdict = verdict_of(rate_hz)
    if chosen.overtones and (judge or verdict.quality >= floor):
        unfiltered = np.asarray(difference if raw is None else raw, dtype=np.float64)
        wide = pooled_spectrum(unfiltered, fs, _wide(chosen, fs), cuts)
        if wide is not None and is_doubled(wide[0], wide[1][0], rate_hz, lobe_hz):
            rate_hz /= 2
            if rate_hz < chosen.band_hz[0]:
                return Rate(None, unit, 0.0, too_slow(rate_hz, quantity, chosen))
            verdict = verdict_of(rate_hz)
    value, quality = 60.0 * rate_hz, verdict.quality
    interval = _interval(value, quality, chosen, judge) if judge else None
    if quality < floor:
        return Rate(None, unit, quality, verdict.note or nothing_steady(quantity), value, interval)
    return Rate(value, unit, quality, None, value, interval)


def rates_along(
    difference: NDArray[np.floating],
    fs: float,
    quantity: Quantity,
    settings: SignalSettings,
    raw: NDArray[np.floating] | None = None,
    judge: Judge | None = None,
    cuts: Sequence[int] = (),
) -> RateSeries:
    """Estimate a rate around each time of `rate_times`, from windows of `window_s`.

    Windows that reach beyond the recording are used as far as they contain signal.

    Parameters
    ----------
    difference, fs, quantity, settings, raw, judge, cuts
        See `estimate_rate`.

    Returns
    -------
    RateSeries

    Raises
    ------
    PhysiocamError
        If fs is not a frame rate.
    """
    chosen = settings.of(quantity)
    waveform = clean_waveform(difference, fs, quantity, settings)
    window = max(round(chosen.window_s * fs), 1)
    around = np.pad(waveform, (window // 2, window), constant_values=np.nan)
    starts = np.round(rate_times(len(waveform), fs) * fs).astype(int)
    scene = scene_numbers(np.arange(len(around)) - window // 2, cuts)
    frequencies, spectra, usable_s = window_spectra(around, fs, chosen, window, starts, scene)
    rate_hz = interpolated_peaks(frequencies, spectra)
    lobe_hz = _LOBE / np.maximum(usable_s, 1 / fs)
    enough = (usable_s >= chosen.minimum_s) & spectra.any(axis=1)
    judge = _able(judge)
    if judge:
        quality = np.zeros(len(starts))
        unpadded = scene[window // 2 :][: len(waveform)]
        for row in np.flatnonzero(enough):
            part = slice(max(starts[row] - window // 2, 0), starts[row] - window // 2 + window)
            spectrum = frequencies, spectra[row], float(lobe_hz[row])
            within = np.where(unpadded[part] == unpadded[starts[row]], difference[part], np.nan)
            candidate = _candidate(within, fs, float(rate_hz[row]), spectrum, chosen)
            quality[row] = _verdict(candidate, judge.part(part)).quality
    else:
        quality = spectral_quality(
            frequencies, spectra, rate_hz, lobe_hz=lobe_hz, usable_s=usable_s, noise_slope=chosen.noise_slope
        )
    given = enough & (quality >= (judge.floor(chosen) if judge else chosen.quality_floor))
    if chosen.overtones:
        before = np.asarray(difference if raw is None else raw, np.float64)
        unfiltered = np.pad(before, (window // 2, window), constant_values=np.nan)
        wide, power, _ = window_spectra(unfiltered, fs, _wide(chosen, fs), window, starts, scene)
        for row in np.flatnonzero(given):
            if is_doubled(wide, power[row], rate_hz[row], lobe_hz[row]):
                rate_hz[row] /= 2
        given &= rate_hz >= chosen.band_hz[0]
        enough &= rate_hz >= chosen.band_hz[0]
    return RateSeries(np.where(given, 60.0 * rate_hz, np.nan), np.where(enough, quality, 0.0))


def withheld(along: RateSeries) -> RateSeries:
    """Return rates along a recording whose overall rate is not measured: without values, with the original qualities.

    Among many windows of noise some look like a rate by chance; only the whole recording can decide.
    """
    return RateSeries(np.full_like(along.value, np.nan), along.quality)


def _able(judge: Judge | None) -> Judge | None:
    """A judge, if there is one that can judge."""
    return judge if judge is not None and judge.can_judge else None


def _candidate(
    difference: NDArray[np.floating],
    fs: float,
    rate_hz: float,
    spectrum: tuple[NDArray[np.float64], NDArray[np.float64], float],
    settings: RateSettings,
    cuts: Sequence[int] = (),
) -> Candidate:
    seen = np.where(np.isfinite(difference), difference, np.nan).astype(np.float64)
    return Candidate(seen, fs, rate_hz, *spectrum, settings, cuts)


def _verdict(candidate: Candidate, judge: Judge) -> Verdict:
    """What a judge says; quality 0 at an edge of the band, where a rate is the flank of a peak outside."""
    inside = candidate.frequencies[0] < candidate.rate_hz < candidate.frequencies[-1]
    return judge.verdict(candidate) if inside else Verdict(0.0)


def _interval(value: float, quality: float, settings: RateSettings, judge: Judge) -> tuple[float, float] | None:
    """An interval of 80 % around a rate, inside the band."""
    width = judge.width(quality)
    if width is None:
        return None
    low, high = (60.0 * edge for edge in settings.band_hz)
    return max(value - width, low), min(value + width, high)


def _wide(settings: RateSettings, fs: float) -> RateSettings:
    """The same settings with a wider band with half and one and a half of each rate, with their surroundings."""
    low, high = settings.band_hz
    return replace(settings, band_hz=(low / 4, min(2 * high, fs / 2)))


def _mean_peak_rate(waveform: NDArray[np.float64], fs: float) -> float | None:
    """Return the inverse of the mean distance between maxima of any height, as the reference does."""
    middle = waveform[1:-1]
    peaks = np.flatnonzero((middle > waveform[:-2]) & (middle > waveform[2:]))
    # The distance across a gap is not that of neighbours.
    gaps = np.cumsum(~np.isfinite(middle))[peaks]
    distances = np.diff(peaks)[np.diff(gaps) == 0]
    return float(fs / np.mean(distances)) if len(distances) else None
