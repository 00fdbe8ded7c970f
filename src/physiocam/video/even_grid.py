"""The even time grid: the positions of a recording's frames on it, and the images between them."""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import VideoError
from physiocam.video.lazy_images import MixedImage
from physiocam.video.levels import Image

# Seconds from the nearest frame beyond which there is a gap.
_REACH_S = 0.25

# A frame this near to a grid time, in steps of the grid, is used for it unchanged.
_SNAP = 0.1

# Longest gap: clocks that jump by hours or years are faults, not pauses.
LONGEST_HOLE_S = 60.0

# Factors by which editors slow a part down, or speed it up; minimum length of a part, and the ratio within which it is
# steady.
_FACTORS, _FACTOR_ERROR = (2, 3, 4, 8), 0.05
_PART_S, _STEADY = 2.0, 1.4

# No time lapse is slower and no camera faster; a recording with another rate has a wrong time base.
SLOWEST_FS, FASTEST_FS = 0.001, 2000.0


class Still:
    """One frame of the recording and its position on the grid; pixels are made only on demand.

    Parameters
    ----------
    position : float
        Time from the first frame, in steps of the grid.
    render : callable
        Returns the image, or None if the frame cannot be read.
    shown_s : float, optional
        When a player shows it, in seconds on the file's own clock; None if there is no such clock.
    """

    def __init__(
        self,
        position: float,
        render: Callable[[], Image | None],
        shown_s: float | None = None,
    ) -> None:
        self.position = position
        self.shown_s = shown_s
        self.render = render

    @cached_property
    def image(self) -> Image | None:
        """Image (H, W, C), or None."""
        return self.render()


@dataclass(frozen=True)
class EvenGrid:
    """An even time grid and the position of every frame on it.

    Attributes
    ----------
    fs : float
        Grid times per second.
    positions : float64 array of shape (n,)
        Positions of the recording's frames in steps of the grid, never decreasing; the first is 0.
    notes : tuple of str
        Changes to the frame times, for the user.
    together : int
        Number of the recording's frames that are averaged into one of the grid.
    """

    fs: float
    positions: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    together: int = 1

    @property
    def frames(self) -> int:
        """Number of grid times from the first frame to the last, or to the mean of the last ones averaged."""
        last = self.positions[-1:]
        if self.together > 1:
            begins = _step(float(last[0]), self.together) - 0.5 / self.together
            last = self.positions[np.searchsorted(self.positions, begins) :]
        return math.floor(_mean_place(last.tolist(), self.together) + _SNAP) + 1


def untimed_grid(frames: int, fs: float, max_fs: float, places: NDArray[np.float64] | None = None) -> EvenGrid:
    """Grid of frames that are evenly spaced by definition: arrays, folders, and rates given by the user.

    Parameters
    ----------
    frames : int
    fs : float
        Frames per second.
    max_fs : float
        As in `timed_grid`.
    places : float64 array of shape (frames,), optional
        If some are missing: the numbers of these frames, counted from 0.

    Returns
    -------
    EvenGrid
    """
    return _slowed(fs, np.arange(frames, dtype=np.float64) if places is None else places, max_fs, ())


def timed_grid(times: NDArray[np.float64], max_fs: float) -> EvenGrid:
    """Grid of frames with their own times.

    Frames within half a frame of an even grid are placed on it, which undoes the rounding of containers that count
    milliseconds. The rate of others is the mean of the intervals near the median.

    Parameters
    ----------
    times : float64 array of shape (n,), n >= 2, strictly rising
        Frame times in seconds.
    max_fs : float
        A faster grid keeps every k-th time, with the smallest k for a rate of at most `max_fs`; k frames are averaged
        at each.

    Returns
    -------
    EvenGrid

    Raises
    ------
    VideoError
        If the times cannot be a camera's: too dense, too sparse, or so scattered that most of the grid would be empty.
    """
    times = times - times[0]
    frames = len(times)
    fs = (frames - 1) / times[-1]
    notes: list[str] = []
    if np.max(np.abs(times * fs - np.arange(frames))) <= 0.5:
        positions = np.arange(frames, dtype=np.float64)
    else:
        intervals = np.diff(times)
        fs = _typical_rate(intervals)
        jumps = intervals > max(LONGEST_HOLE_S, 2.0 / fs)
        if jumps.any():
            at, by = float(times[:-1][jumps][0]), float(intervals[jumps].max())
            notes.append(
                f"frame times jump by up to {by:.4g} s ({int(jumps.sum())} times, first after {at:.1f} s); "
                f"each jump counts as a gap of {LONGEST_HOLE_S:.0f} s"
            )
            intervals = np.where(jumps, LONGEST_HOLE_S, intervals)
        positions = np.concatenate([[0.0], np.cumsum(intervals)]) * fs
        if positions[-1] > 100 * frames + LONGEST_HOLE_S * fs:
            raise VideoError(
                f"{frames} frames are scattered over {times[-1]:.4g} s at intervals of {1 / fs:.4g} s; "
                "if they are evenly spaced, pass their rate as fs="
            )
        notes.append(_about_intervals(positions, fs))
    if not SLOWEST_FS <= fs <= FASTEST_FS:
        raise VideoError(
            f"frame times claim {fs:.4g} frames/s, expected {SLOWEST_FS:g} to {FASTEST_FS:g}; pass the rate as fs="
        )
    return _slowed(fs, positions, max_fs, tuple(notes))


def _typical_rate(intervals: NDArray[np.float64]) -> float:
    # The mean around the median, not the median itself: 33, 33, 34 ms are 30 frames/s and not 30.3.
    median = np.quantile(intervals, 0.5, method="lower")
    return float(1.0 / intervals[np.abs(intervals - median) <= 0.1 * median].mean())


def _about_intervals(positions: NDArray[np.float64], fs: float) -> str:
    shortest, longest = np.diff(positions).min() / fs, np.diff(positions).max() / fs
    between = int(np.count_nonzero(np.abs(positions - np.round(positions)) > _SNAP))
    return (
        f"variable frame rate (intervals from {1000 * shortest:.1f} to {1000 * longest:.1f} ms); "
        f"resampled to a constant {fs:.5g} frames/s ({between} of {len(positions)} frames lie between its times)"
        + ("; part of it may be slowed down or sped up" if _changes_speed(np.diff(positions) / fs) else "")
    )


def _changes_speed(intervals: NDArray[np.float64]) -> bool:
    """Whether intervals change permanently by a whole factor, as when an editor has slowed a part down."""
    # Intervals of one part differ only by the rounding of milliseconds, or slightly. Beside very long ones some are 0.
    longer, shorter = np.maximum(intervals[1:], intervals[:-1]), np.minimum(intervals[1:], intervals[:-1])
    ends = np.flatnonzero(longer > _STEADY * shorter) + 1
    parts = [part for part in np.split(intervals, ends) if part.sum() >= _PART_S]
    for earlier, later in pairwise([float(part.mean()) for part in parts]):
        factor = max(earlier, later) / min(earlier, later)
        if any(abs(factor / whole - 1) <= _FACTOR_ERROR for whole in _FACTORS):
            return True
    return False


def _slowed(fs: float, positions: NDArray[np.float64], max_fs: float, notes: tuple[str, ...]) -> EvenGrid:
    together = max(math.ceil(fs / max_fs - 1e-9), 1)
    if together == 1:
        return EvenGrid(fs, positions, notes)
    note = f"{fs:.5g} frames/s reduced to {fs / together:.5g}: {together} frames are averaged into one"
    return EvenGrid(fs / together, positions / together, (*notes, note), together)


def averaged(stills: Generator[Still, None, None], together: int) -> Generator[Still, None, None]:
    """Average consecutive frames of a recording that is faster than its grid.

    A camera's noise and a codec's rounding differ from frame to frame, so the mean of several frames shows a faint
    change of colour better than any of them.

    Parameters
    ----------
    stills : generator of Still
        In order of time.
    together : int
        Frames per step of the grid; 1 changes nothing.

    Yields
    ------
    Still
        The frames that begin in each step of the grid. Their mean time is relative to that of a complete step, so
        evenly spaced ones are on the grid; images that cannot be read are left out.
    """
    with closing(stills):
        if together == 1:
            yield from stills
            return
        group: list[Still] = []
        for still in stills:
            if group and _step(still.position, together) != _step(group[0].position, together):
                yield _mean_still(group, together)
                group = []
            group.append(still)
        if group:
            yield _mean_still(group, together)


def _step(position: float, together: int) -> int:
    """The grid step of a frame, which may be early by half of its own interval."""
    return math.floor(position + 0.5 / together)


def _mean_place(positions: Sequence[float], together: int) -> float:
    """Mean position of a step's frames, relative to that of a complete step."""
    return max(sum(positions) / len(positions) - (together - 1) / (2 * together), 0.0)


def _mean_still(group: list[Still], together: int) -> Still:
    place = _mean_place([still.position for still in group], together)
    return Still(place, lambda: mean_image(still.render() for still in group))


def mean_image(images: Iterable[Image | None]) -> Image | None:
    """Average images of one size; arrays of 8 bits are rounded to whole levels.

    Parameters
    ----------
    images : iterable of uint8 or float32 arrays (H, W, C), of lazy images, or None
        All of one type; arrays are read one by one; None for one that cannot be read, which is left out.

    Returns
    -------
    Image, or None
        None if no image can be read.
    """
    read = (image for image in images if image is not None)
    first = next(read, None)
    if first is None:
        return None
    if not isinstance(first, np.ndarray):
        several = [first, *read]
        return MixedImage([(1 / len(several), image) for image in several])
    total: NDArray[Any] = first.astype(np.uint32 if first.dtype == np.uint8 else np.float32)
    count = 1
    for image in read:
        np.add(total, np.asarray(image), out=total)
        count += 1
    if total.dtype == np.float32:
        return np.asarray(total / count, np.float32)
    return np.asarray((total + count // 2) // count, np.uint8)


def on_grid(stills: Generator[Still, None, None], fs: float) -> Generator[Image | None, None, None]:
    """Images at the grid times 0, 1, 2, ... up to the last frame.

    A frame on a grid time, or within a tenth of a step of it, is used unchanged. Between two frames the image is
    interpolated linearly. If they are more than half a second apart, each is held for a quarter of a second and the
    rest is None. (Below two frames per second, half a step replaces the quarter.)

    Parameters
    ----------
    stills : generator of Still
        In order of time; one that is not later than its predecessor is dropped.
    fs : float
        Grid times per second.

    Yields
    ------
    Image (H, W, C), or None
    """
    reach = max(_REACH_S * fs, 0.5) + 1e-6
    index = 0
    before: Still | None = None
    with closing(stills):
        for after in stills:
            if before is not None and after.position <= before.position:
                continue
            while index <= after.position + _SNAP:
                yield _shown(index, before, after, reach)
                index += 1
            before = after


def _shown(index: int, before: Still | None, after: Still, reach: float) -> Image | None:
    if abs(after.position - index) <= _SNAP:
        return after.image
    if before is None or after.position - before.position > 2 * reach:
        if after.position - index <= reach:
            return after.image
        return before.image if before is not None and index - before.position <= reach else None
    if before.image is None or after.image is None:
        return None
    return _blend(before.image, after.image, (index - before.position) / (after.position - before.position))


def _blend(before: Image, after: Image, weight: float) -> Image:
    if not (isinstance(before, np.ndarray) and isinstance(after, np.ndarray)):
        return MixedImage([(1.0 - weight, before), (weight, after)])
    mixed = np.multiply(after, np.float32(weight), dtype=np.float32)
    mixed += np.multiply(before, np.float32(1.0 - weight), dtype=np.float32)
    if after.dtype == np.float32:
        return mixed
    mixed += 0.5  # the conversion below truncates
    return mixed.astype(np.uint8)
