"""Whether a rate is twice the real one: the overtone of a slow heart.

Below the band, or after a method's own filter, a slow heart's fundamental is weak, and the overtone with two cycles per
beat is the strongest wave left. Two signs show this in the unfiltered signal: a larger line at half the rate; or lines
at half the rate and at one and a half of it, which no beat at the full rate has.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# The line at half the rate has at least this share of the power at the rate, in differences, which amplify fast waves:
# in the wave itself it is four times as much. Drawn hearts of 34 to 40 beats/min have 1.5 to 1.9; other people and
# correctly measured hearts 0.14 at most.
_BEAT = 0.5

# Or, if a filter has removed most of the fundamental: lines at half the rate and at one and a half of it. Drawn hearts
# of 35 to 48 beats/min, measured by POS, have 0.03 to 0.35 and 0.5 to 0.9; others 0.07 at most at one and a half.
_FAINT_BEAT = 0.02
_THIRD = 0.25

# Slower than any heart: motion at half of such a rate is something else.
_SLOWEST_HZ = 0.45

# A line is this many times the median power around it.
_LINE = 5.0


def is_doubled(frequencies: NDArray[np.float64], spectrum: NDArray[np.float64], rate_hz: float, lobe_hz: float) -> bool:
    """Return whether a rate is twice the real one.

    Parameters
    ----------
    frequencies : float64 array (F,)
        Evenly spaced, in Hz, from a third of the rate to more than one and a half of it.
    spectrum : float64 array (F,)
        Power of the unfiltered, difference-type signal.
    rate_hz : float
    lobe_hz : float
        How far the power of a frequency spreads around it.

    Returns
    -------
    bool
    """
    beat, rate, third = (_line(frequencies, spectrum, share * rate_hz, lobe_hz) for share in (0.5, 1.0, 1.5))
    if rate_hz < 2 * _SLOWEST_HZ or not rate.power > 0 or not beat.stands_out:
        return False
    if beat.power >= _BEAT * rate.power:
        return True
    return beat.power >= _FAINT_BEAT * rate.power and third.stands_out and third.power >= _THIRD * rate.power


class _Line(NamedTuple):
    """Power at a frequency, and whether it stands out from its surroundings."""

    power: float
    stands_out: bool


def _line(frequencies: NDArray[np.float64], spectrum: NDArray[np.float64], at_hz: float, lobe_hz: float) -> _Line:
    distance = np.abs(frequencies - at_hz)
    # Not the whole lobe: the lobe of a nearby rate would reach into it.
    power = float(spectrum.max(where=distance <= lobe_hz / 2, initial=0.0))
    around = spectrum[(distance > lobe_hz) & (distance <= 3 * lobe_hz)]
    return _Line(power, len(around) > 0 and power >= _LINE * float(np.median(around)))
