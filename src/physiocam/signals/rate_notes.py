"""Why a rate is not measured, in words."""

import numpy as np
from numpy.typing import NDArray

from physiocam.signals.quantities import Quantity
from physiocam.signals.settings import RateSettings

NAMES: dict[Quantity, str] = {"heart": "heart rate", "breathing": "breathing"}
WAVES: dict[Quantity, str] = {"heart": "pulse", "breathing": "breathing"}


def short_of(length_s: float, needed_s: float) -> str:
    """Return a length in seconds that is less than another one, with enough digits to show it."""
    short = f"{length_s:.1f}"
    return short if float(short) < needed_s else f"{np.floor(100.0 * length_s) / 100.0:.2f}"


def nothing_steady(quantity: Quantity) -> str:
    """Return the note that no rhythm is clear enough."""
    return f"no steady {WAVES[quantity]} stands out from the noise"


def readings_disagree(network_hz: float, shoulders_hz: float) -> str:
    """Return the note that the shoulders move at another rate than the network reads."""
    rates = f"{60 * network_hz:.0f} and {60 * shoulders_hz:.0f} breaths/min"
    return f"the network and the shoulders disagree: {rates}"


def still_shoulders() -> str:
    """Return the note that the shoulders are too still to confirm a rate."""
    return "the shoulders hardly move at the rate that the network reads"


def moved_as_a_whole(rate_hz: float) -> str:
    """Return the note that the whole picture moves at a rate, not the shoulders alone."""
    return f"the whole picture moves {60 * rate_hz:.0f} times a minute, not the shoulders alone"


def shoulders_unseen() -> str:
    """Return the note that the shoulders were not seen for long enough to confirm a rate."""
    return "the shoulders are in the picture too briefly to confirm the breathing"


def too_few_frames(fs: float, quantity: Quantity, needed: float) -> str:
    """Return the note that the frame rate is too low for a rate, which needs more than this."""
    return f"{fs:.4g} frames per second are too few; {NAMES[quantity]} needs more than {needed:g}"


def too_slow(rate_hz: float, quantity: Quantity, settings: RateSettings) -> str:
    """Return the note that the strongest rhythm is slower than any rate that is looked for."""
    slowest, fastest = (60 * edge for edge in settings.band_hz)
    return (
        f"the strongest rhythm, near {60 * rate_hz:.0f} per minute, is below the range of the {NAMES[quantity]}, "
        f"{slowest:.3g} to {fastest:.3g}"
    )


def why_none(
    waveform: NDArray[np.float64], seen_s: float, fs: float, quantity: Quantity, settings: RateSettings
) -> str | None:
    """Return why a waveform (T,) of which some seconds were seen can have no rate; None if it can."""
    needed = 2 * settings.band_hz[1]
    if fs <= needed:
        return too_few_frames(fs, quantity, needed)
    shortest_s = max(settings.minimum_s, settings.cycle_s)
    needs = f"{NAMES[quantity]} needs {shortest_s:.2g} s"
    if seen_s < shortest_s:
        return f"{short_of(seen_s, shortest_s)} s of usable signal; {needs}"
    usable = np.isfinite(waveform)
    usable_s = np.count_nonzero(usable) / fs
    if usable_s < settings.minimum_s or usable_s == 0:
        # A stretch shorter than a cycle is not filtered.
        return f"the usable signal is in pieces; {needs} in pieces of {settings.cycle_s:.2g} s or more"
    if not waveform[usable].any():
        return "the signal is flat"
    return None
