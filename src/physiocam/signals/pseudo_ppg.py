"""Pseudo-PPG: a pulse waveform from the video itself, for training networks without a synchronous sensor."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.signals.colour_method import by_stretch
from physiocam.signals.filters import bandpass, detrend
from physiocam.signals.pos import SMOOTHNESS, overlapped_projections, shortest
from physiocam.signals.waveform import check_fs

Band = Literal["release", "paper"]

_ORDER = 2
_PAPER_HZ = (0.75, 2.5)

# The release filters around the recording's heart rate; its comment says 20 beats/min, its code 20 Hz over fs.
_RELEASE_HZ = (0.70, 3.0)
_RELEASE_MARGIN = 20.0


def pseudo_ppg(
    rgb: NDArray[np.floating], fs: float, heart_rate: float | None = None, band: Band = "release"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make training labels for the pulse from the skin's mean colour (paper appendix D.2).

    POS without its band-pass is detrended (smoothness priors, 100) and band-passed (Butterworth of order 2, both ways).

    Parameters
    ----------
    rgb : float array (T, 3)
        Mean red, green and blue of each frame, in any scale. Rows with NaN or infinity are gaps.
    fs : float
        Frames per second, more than twice the band's upper edge.
    heart_rate : float, optional
        Mean heart rate of the recording by a sensor, in beats/min. Needed for the release's band.
    band : "release" or "paper"
        The release's band is the heart rate +- 20/fs Hz (0.8 Hz at 25 frames/s), within 0.70-3.0 Hz; the paper's is
        0.75-2.5 Hz, whatever the heart rate.

    Returns
    -------
    waveform, normalized : float64 arrays (T,)
        The second is the first divided by its envelope, the magnitude of the analytic signal: the paper's label. Gaps
        and flat input as in `ColourMethod`.

    Raises
    ------
    PhysiocamError
        As in `ColourMethod`, or if the heart rate is missing or implausible.
    """
    check_fs(fs)
    edges_hz = _band_hz(band, fs, heart_rate)

    def work(colours: NDArray[np.float64]) -> NDArray[np.complex128]:
        pulse = detrend(overlapped_projections(colours, fs), SMOOTHNESS)
        return _analytic(bandpass(pulse, _ORDER, edges_hz, fs))

    analytic = by_stretch(rgb, fs, work, name="pseudo-PPG", shortest=shortest(fs, _ORDER), above_fs=2 * edges_hz[1])
    envelope = np.abs(analytic)
    still = envelope == 0.0
    return analytic.real, np.where(still, 0.0, analytic.real / np.where(still, 1.0, envelope))


def _band_hz(band: Band, fs: float, heart_rate: float | None) -> tuple[float, float]:
    if band == "paper":
        return _PAPER_HZ
    if band != "release":
        raise PhysiocamError(f"band is {band!r}; expected 'release' or 'paper'")
    if heart_rate is None:
        raise PhysiocamError("band 'release' needs the recording's mean heart rate in beats/min; give it, or 'paper'")
    low = max(heart_rate / 60 - _RELEASE_MARGIN / fs, _RELEASE_HZ[0])
    high = min(heart_rate / 60 + _RELEASE_MARGIN / fs, _RELEASE_HZ[1])
    if not low < high:
        raise PhysiocamError(f"heart_rate is {heart_rate}; expected beats/min, about 42 to 180")
    return low, high


def _analytic(signal: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The signal and, as the imaginary part, its Hilbert transform: the spectrum without negative frequencies."""
    n = len(signal)
    keep = np.zeros(n)
    keep[0] = 1.0
    keep[1 : (n + 1) // 2] = 2.0
    if n % 2 == 0:
        keep[n // 2] = 1.0
    return np.asarray(np.fft.ifft(np.fft.fft(signal) * keep))
