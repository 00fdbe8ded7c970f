"""From a network's difference-type output to a filtered waveform, each stretch between gaps separately."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.filters import bandpass, detrend, integrate, padding
from physiocam.signals.quantities import Quantity
from physiocam.signals.settings import RateSettings, SignalSettings

# Plausible frame rates of cameras; others are a mistake in units.
_FS = (0.1, 10_000.0)

# A stretch that varies by less than this share of its size is flat: the variation is rounding, not a waveform.
_FLAT = 1e-5


def check_fs(fs: float) -> None:
    """Raise a PhysiocamError if fs is not a frame rate."""
    if not _FS[0] <= fs <= _FS[1]:
        raise PhysiocamError(f"fs is {fs}; expected frames per second, {_FS[0]:g} to {_FS[1]:g}")


def clean_waveform(
    difference: NDArray[np.floating], fs: float, quantity: Quantity, settings: SignalSettings
) -> NDArray[np.float64]:
    """Integrate and filter a difference-type waveform.

    Gaps are never bridged: each stretch between them is filtered separately.

    Parameters
    ----------
    difference : float array (T,)
        A network's output, in any scale. NaN and infinite samples are gaps.
    fs : float
        Samples per second.
    quantity : "heart" or "breathing"
    settings : SignalSettings

    Returns
    -------
    float64 array (T,)
        Of standard deviation 1. NaN in gaps and in stretches too short to be filtered; all zero if the output is flat.

    Raises
    ------
    PhysiocamError
        If fs is not a frame rate.
    """
    check_fs(fs)
    chosen = settings.of(quantity)
    clean = np.full(len(difference), np.nan)
    if fs <= 2 * chosen.band_hz[1]:
        return clean
    scaled = _scaled(np.asarray(difference, dtype=np.float64))
    shortest = max(math.ceil(chosen.cycle_s * fs), 1 + padding(chosen.order))
    for stretch in stretches(np.isfinite(scaled), shortest):
        clean[stretch] = _clean_stretch(scaled[stretch], fs, chosen)
    spread = np.sqrt(np.nanmean(clean**2)) if np.isfinite(clean).any() else 0.0
    return clean / spread if spread > 0 else clean


def _scaled(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale the largest sample to 1, so that nothing can overflow, and set every gap to NaN."""
    finite = np.isfinite(difference)
    largest = np.max(np.abs(difference), where=finite, initial=0.0)
    return np.where(finite, difference, np.nan) / (largest if largest > 0 else 1.0)


def stretches(usable: NDArray[np.bool_], shortest: int) -> Iterator[slice]:
    """Yield the runs of usable samples (T,) that are at least this long."""
    edges = np.flatnonzero(np.diff(usable, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2).tolist():
        if stop - start >= shortest:
            yield slice(start, stop)


def scenes_of(frames: int, cuts: Sequence[int]) -> list[slice]:
    """Return the scenes of a recording, from the frames at which new ones begin.

    Examples
    --------
    >>> scenes_of(100, [40])
    [slice(0, 40, None), slice(40, 100, None)]
    """
    edges = [0, *cuts, frames]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def scene_numbers(frames: NDArray[np.int_], cuts: Sequence[int]) -> NDArray[np.int_]:
    """Return the number of the scene, from 0, of each of these frames."""
    return np.searchsorted(np.asarray(cuts, dtype=int), frames, side="right")


def _clean_stretch(difference: NDArray[np.float64], fs: float, settings: RateSettings) -> NDArray[np.float64]:
    # Remove a constant difference: it is a ramp, whose ends would look like a wave after the filter. No rate is lost.
    steady = difference - difference.mean()
    if np.abs(steady).max() <= _FLAT * np.abs(difference).max():
        return np.zeros_like(difference)
    signal = integrate(steady)
    if settings.detrend is not None:
        signal = detrend(signal, settings.detrend)
    return bandpass(signal, settings.order, settings.band_hz, fs)
