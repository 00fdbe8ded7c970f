"""Power spectra of waveforms, of windows and of the whole, in the band in which a rate is sought."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from physiocam.signals.quantities import STEP_S
from physiocam.signals.settings import RateSettings
from physiocam.signals.waveform import scene_numbers, scenes_of

# Frequencies a window is tried at, per 1/T of its T seconds: fine enough for the parabola through three.
_OVERSAMPLING = 8

# Windows whose spectra are taken at a time; keeps memory constant for recordings of hours.
_WINDOWS = 256

# A window with less than this share of the strongest one's power is silence: it holds the ringing of the filter.
_SILENT = 1e-6


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Power in the band in which a rate is sought.

    Attributes
    ----------
    frequencies_hz, power : float64 arrays (F,)
    """

    frequencies_hz: NDArray[np.float64]
    power: NDArray[np.float64]


def waveform_spectrum(
    waveform: NDArray[np.float64], fs: float, settings: RateSettings, cuts: Sequence[int] = ()
) -> Spectrum | None:
    """Return the spectrum in whose peak `estimate_rate` finds a recording's rate.

    Parameters
    ----------
    waveform : float64 array (T,)
        As `waveform.clean_waveform` gives it.
    fs : float
    settings : RateSettings
    cuts : sequence of int
        As in `rate.estimate_rate`.

    Returns
    -------
    Spectrum or None
        None where no part of the waveform is long enough.
    """
    if fs <= 2 * settings.band_hz[1] or not np.nan_to_num(waveform).any():
        return None
    if settings.method == "periodogram":
        return Spectrum(*periodogram(waveform, fs, settings.band_hz, cuts))
    pooling = pooled_spectrum(waveform, fs, settings, cuts)
    return None if pooling is None else Spectrum(pooling[0], pooling[1][0])


def window_spectra(
    waveform: NDArray[np.float64],
    fs: float,
    settings: RateSettings,
    window: int,
    starts: NDArray[np.int_],
    scene: NDArray[np.int_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return frequencies (F,), power spectra (R, F) with rows of sum 1 (less if silent), and usable seconds (R,).

    Of a window, only the samples of its middle's scene count; `scene` (T,) has their numbers.
    """
    low, high = settings.band_hz
    spacing = fs / window / _OVERSAMPLING
    frequencies = low + spacing * np.arange(max(int((high - low) / spacing), 1) + 1)
    time = np.arange(window) / fs
    taper = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2
    # Only the band is needed: a product with its waves is cheaper than a zero-padded FFT.
    waves = taper[:, None] * np.exp(-2j * np.pi * time[:, None] * frequencies)
    spectra = np.zeros((len(starts), len(frequencies)))
    usable_s = np.zeros(len(starts))
    windows = sliding_window_view(waveform, window) if len(starts) else np.zeros((0, window))
    in_scene = sliding_window_view(scene, window) if len(starts) else np.zeros((0, window), dtype=int)
    for first in range(0, len(starts), _WINDOWS):
        rows = slice(first, first + _WINDOWS)
        piece, number = windows[starts[rows]], in_scene[starts[rows]]
        usable = np.isfinite(piece) & (number == number[:, window // 2, None])
        usable_s[rows] = usable.sum(axis=1) / fs
        spectra[rows] = np.abs(np.where(usable, piece, 0.0) @ waves) ** 2
    total = spectra.sum(axis=1, keepdims=True)
    spectra /= np.maximum(total, max(_SILENT * total.max(initial=0.0), 1e-300))
    return np.asarray(frequencies), spectra, usable_s


def interpolated_peaks(frequencies: NDArray[np.float64], spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the frequency (R,) of each largest peak: the vertex of a parabola through three log powers."""
    rows = np.arange(len(spectra))
    top = np.argmax(spectra, axis=1)
    inner = np.clip(top, 1, len(frequencies) - 2)
    left, middle, right = (np.log(spectra[rows, inner + step] + 1e-30) for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    peaked = (top == inner) & (curvature < 0)
    shift = np.where(peaked, 0.5 * (left - right) / np.where(peaked, curvature, 1.0), top - inner)
    return np.asarray(frequencies[inner] + shift * (frequencies[1] - frequencies[0]))


def pooled_spectrum(
    waveform: NDArray[np.float64], fs: float, settings: RateSettings, cuts: Sequence[int] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """Return frequencies (F,), the mean power spectrum (1, F) of windows and their mean usable seconds, if any are."""
    # Windows that lie within the recording, or one as long as it.
    window = min(round(settings.window_s * fs), len(waveform))
    starts = np.arange(0, len(waveform) - window + 1, max(round(STEP_S * fs), 1))
    scene = scene_numbers(np.arange(len(waveform)), cuts)
    frequencies, spectra, usable_s = window_spectra(waveform, fs, settings, window, starts, scene)
    weights = np.where(usable_s >= settings.minimum_s, usable_s, 0.0)
    if not weights.any():
        return None
    pooled = np.average(spectra, axis=0, weights=weights)[None]
    return frequencies, pooled, float(np.average(usable_s, weights=weights))


def periodogram(
    waveform: NDArray[np.float64], fs: float, band_hz: tuple[float, float], cuts: Sequence[int] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frequencies and powers of one periodogram's bins in the band, as the reference takes them.

    With cuts, the powers of the scenes are added.
    """
    padded = 1 << (len(waveform) - 1).bit_length()
    scenes = [waveform[scene] for scene in scenes_of(len(waveform), cuts)]
    power = np.sum([np.abs(np.fft.rfft(np.nan_to_num(scene), padded)) ** 2 for scene in scenes], axis=0)
    frequencies = np.fft.rfftfreq(padded, 1 / fs)
    inside = (frequencies >= band_hz[0]) & (frequencies <= band_hz[1])
    return np.asarray(frequencies[inside], dtype=np.float64), np.asarray(power[inside], dtype=np.float64)
