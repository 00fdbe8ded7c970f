"""The rate at which a camera's frames come."""

from collections import deque

import numpy as np

from physiocam.live.feed import SILENT_S

# The rate is taken over so many seconds. A change by more than a share is reported once the rate is steady: the middle
# half of the intervals differ by no more than a camera's jitter, and the mean interval is near the median.
_RATE_S = 3.0
_RATE_CHANGED = 0.25
_JITTER = 0.4
_STEADY = 0.05


class FrameRate:
    """Measures the rate of frames, and reports when it changes."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._usual: float | None = None
        self.frames_per_s = 0.0

    def add(self, time_s: float) -> str | None:
        """Count a frame; return a line if the rate has changed, else None."""
        if self._times and time_s - self._times[-1] > SILENT_S:
            self._times.clear()
        self._times.append(time_s)
        while time_s - self._times[0] > _RATE_S:
            self._times.popleft()
        if time_s <= self._times[0]:
            return None
        self.frames_per_s = (len(self._times) - 1) / (time_s - self._times[0])
        steady = self._steady_rate() if time_s - self._times[0] >= 0.9 * _RATE_S else None
        if steady is None:
            return None
        before, self._usual = self._usual, self._usual or steady
        if before is None or abs(steady / before - 1.0) < _RATE_CHANGED:
            return None
        self._usual = steady
        return f"frames now come at {steady:.0f}/s, {before:.0f}/s before"

    def _steady_rate(self) -> float | None:
        """Frames per second, or None if the rate changed or paused within the last seconds."""
        intervals = np.diff(self._times)
        short, usual, long = np.quantile(intervals, [0.25, 0.5, 0.75])
        if long > (1 + _JITTER) * short or abs(usual / intervals.mean() - 1.0) > _STEADY:
            return None
        return float(1.0 / usual)
