"""Measuring while frames come in: the same networks, with what is known until now."""

import math
import os
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FaceChoice, face_choice, number, unmasked
from physiocam.inputs.blocks import InputShape
from physiocam.inputs.crop import recrop
from physiocam.measuring.clip_phases import phases_of
from physiocam.measuring.face_colour import FaceColour
from physiocam.measuring.face_frames import face_locator
from physiocam.measuring.frame_log import FrameLog
from physiocam.measuring.recording_inputs import MAX_FS_RATIO
from physiocam.measuring.running_clips import RunningClips
from physiocam.measuring.summarize import Frames, Signals, answer, probabilities, without_gaps
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import Weights
from physiocam.signals.even_differences import even_differences
from physiocam.signals.rate import too_few_frames
from physiocam.signals.settings import SETTINGS, Quantity
from physiocam.signals.waveform import check_fs
from physiocam.video.even_grid import mean_image
from physiocam.video.people import people_notes
from physiocam.video.tracker import MEMORY_S
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.runtime import Runtime

# What is this old weighs a third in the statistics that inputs are standardized by; recordings up to this long are
# standardized as a whole when they are measured from a file.
_MEMORY_S = 60.0

# No difference is taken between frames further apart; what was in between was not seen.
_HOLE_S = 0.5

# Frames come with some jitter; one that is due is taken this share of its interval earlier.
_EARLY = 0.1

# A clock that goes back further than that was set back, and one that leaps further ahead was set ahead: neither is a
# frame that came late, nor a pause.
_LATE_S = 5.0
_LEAP_S = 3600.0

_TASKS: dict[Quantity, str] = {"heart": "pulse", "breathing": "respiration"}

# Frames whose typical rate differs by this share from the grid's are told of.
_OTHER_PACE = 0.1


class Stream:
    """Measures heart rate, breathing rate and action units in frames that are pushed as they come.

    Every frame is worked on once, in constant time and memory however long the stream runs. Frames may come at any
    pace, also with some of them missing: their timestamps say when they were taken. What faces look like and how much
    they change, by which the networks' inputs are standardized, is known from the frames seen so far, those of the last
    minute above all.

    Parameters
    ----------
    weights : str, path or Bundle
        Name or folder of a bundle.
    fs : float, optional
        Frames per second of the even time grid that results stand on, and of frames that are pushed without a time; the
        bundle's by default.
    face : "auto", "center" or (x, y, size)
        As in `physiocam.measure`.
    settings : "default" or "paper"
        As in `physiocam.measure`.
    keep_s : float
        How long frames' results are kept, in seconds; `math.inf` keeps all, in about 10 megabytes an hour.
    threads : int, optional
        Threads of the networks; all cores by default, and never more than there are.

    Attributes
    ----------
    frames : int
        Frames pushed since the start or the last `reset`.
    late : int
        Of these, frames that were no newer than the one before, and were left out.

    Raises
    ------
    BundleError
        If the bundle is missing or damaged.
    PhysiocamError
        If an argument makes no sense; the message names it.
    """

    def __init__(
        self,
        weights: str | os.PathLike[str] | Bundle = "default",
        *,
        fs: float | None = None,
        face: FaceChoice = "auto",
        settings: Literal["default", "paper"] = "default",
        keep_s: float = 60.0,
        threads: int | None = None,
    ) -> None:
        if not isinstance(settings, str) or settings not in SETTINGS:
            raise PhysiocamError(f"settings is {settings!r}; expected one of {', '.join(SETTINGS)}")
        keep_s = number(keep_s, "keep_s")
        if not keep_s > 0:
            raise PhysiocamError(f"keep_s is {keep_s}; expected a positive number of seconds")
        if fs is not None:
            fs = number(fs, "fs")
            check_fs(fs)
        self._bundle = weights if isinstance(weights, Bundle) else load_bundle(weights)
        info = self._bundle.info
        self.fs = info.fs if fs is None else fs
        self._settings = SETTINGS[settings]
        self._face = face_choice(face)
        self._keep_s = keep_s
        self._runtime = Runtime(self._bundle, threads)
        self._slow_runtime = Runtime(self._bundle, threads, info.slow.networks) if info.slow else None
        self.reset()

    def reset(self) -> None:
        """Forget all frames, as if none had been pushed; the networks stay loaded."""
        info = self._bundle.info
        self.frames = self.late = 0
        self._origin_s: float | None = None
        self._pushed_s = self._due_s = self._taken_s = -math.inf
        self._waiting: list[tuple[float, NDArray[np.uint8]]] = []
        self._shape: tuple[int, ...] | None = None
        self._locator = face_locator(self._face, info.fs, info.crop.factor)
        self._faces_at_once = 0
        self._changes: list[tuple[float, bool]] = []
        self._colour = FaceColour(info.crop.factor)
        self._remembered = math.ceil(MEMORY_S * info.fs)
        shape = InputShape(info.clip_length, info.big_stride, info.big_size, info.small_size)
        face = {"square": 3, "found": None}
        phases = phases_of(info, self._runtime, self._settings.every_phase)
        self._clips = RunningClips(phases, info.tasks, shape, _MEMORY_S * info.fs, face)
        self._slow_clips: RunningClips | None = None
        self._slow_s = -math.inf
        if info.slow and self._slow_runtime:
            slow = info.slow
            shape = InputShape(slow.clip_length, big_stride=0, big_size=slow.big_size, small_size=slow.small_size)
            phases = phases_of(slow, self._slow_runtime, self._settings.every_phase)
            self._slow_clips = RunningClips(phases, slow.tasks, shape, _MEMORY_S * slow.fs)

    def push(self, image: NDArray[np.uint8], timestamp_s: float | None = None) -> None:
        """Take in the next frame.

        Parameters
        ----------
        image : uint8 array of shape (H, W, 3)
            RGB, upright. It is kept until the next ones come, so its memory must not be overwritten.
        timestamp_s : float, optional
            When it was taken, in seconds on any clock; by default frames follow each other evenly at `fs`. A frame no
            newer than the one before is counted as late and left out.

        Raises
        ------
        PhysiocamError
            If the image or its time is none, or the clock was set back by seconds or ahead by hours.
        """
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[-1] != 3 or not image.size:
            shape = getattr(image, "shape", type(image).__name__)
            raise PhysiocamError(f"image is {shape}; expected an array (H, W, 3), one RGB frame")
        image = unmasked(image)
        if image.dtype != np.uint8:
            raise PhysiocamError(f"image is {image.dtype}; expected uint8, scaled to 0..255")
        time_s = self._time(timestamp_s)
        self.frames += 1
        if time_s <= self._pushed_s:
            self.late += 1
            return
        self._pushed_s = time_s
        if image.shape != self._shape:
            # Another resolution is another picture: the face is somewhere else in it.
            self._shape = image.shape
            self._locator = face_locator(self._face, self._bundle.info.fs, self._bundle.info.crop.factor)
            self._waiting.clear()
            self._cut()
        # Of cameras much faster than what the networks were trained at, frames are averaged, as of recordings.
        fastest = MAX_FS_RATIO * self._bundle.info.fs
        if self._waiting and time_s - self._waiting[0][0] > 2.0 / fastest:
            # They were followed by a pause.
            self._take_waiting()
        self._waiting.append((time_s, image))
        if not _due(time_s, self._due_s, fastest, early=1e-3):
            return
        self._due_s = time_s
        self._take_waiting()

    def measurement(self, last_s: float | None = None) -> Measurement:
        """Say what is known of the last seconds.

        While the stream warms up the rates have no value, and their notes say how long they still need; action units
        are known from the first second on, breathing only up to some seconds ago.

        Parameters
        ----------
        last_s : float, optional
            Length of the window, in seconds; all that is kept by default.

        Returns
        -------
        Measurement
            `timestamps_s` count from the first frame pushed.

        Raises
        ------
        PhysiocamError
            If `last_s` is no positive number.
        """
        if last_s is not None:
            last_s = number(last_s, "last_s")
            if not last_s > 0:
                raise PhysiocamError(f"last_s is {last_s}; expected a positive number of seconds")
        grid = self._grid(last_s)
        rows = _since(self._clips.log, grid)
        seen = rows[_nearest(rows["time_s"], grid)]
        found = (seen["found"] > 0) & (np.abs(seen["time_s"] - grid) <= _HOLE_S / 2)
        frames = Frames(
            source="stream",
            fs=self.fs,
            timestamps_s=grid,
            found=found,
            squares=np.where(found[:, None], np.nan_to_num(seen["square"]), -1).astype(np.int32),
            notes=self._notes(rows["time_s"]),
        )
        units = self._bundle.task("au")
        probability = probabilities(seen["au"]) if units else np.empty((len(grid), 0), dtype=np.float32)
        signals = Signals(
            pulse=self._differences("heart", grid, found),
            respiration=self._differences("breathing", grid, found),
            units=units.labels if units else (),
            probability=np.where(found[:, None], probability, np.float32(np.nan)),
        )
        weights = Weights(self._bundle.info.name, self._bundle.sha256)
        return answer(frames, signals, self._settings, self._face, "network", weights)

    def _time(self, timestamp_s: float | None) -> float:
        """Seconds since the first frame."""
        timestamp_s = self.frames / self.fs if timestamp_s is None else number(timestamp_s, "timestamp_s")
        if not math.isfinite(timestamp_s):
            raise PhysiocamError(f"timestamp_s is {timestamp_s}; expected a time in seconds")
        if self._origin_s is None:
            self._origin_s = timestamp_s
        time_s = timestamp_s - self._origin_s
        if time_s > self._pushed_s + _LEAP_S and self.frames:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {time_s - self._pushed_s:.1f} s after the last frame's; "
                "call reset() to begin anew"
            )
        if time_s < self._pushed_s - _LATE_S:
            raise PhysiocamError(
                f"timestamp_s is {timestamp_s:.3f}, {self._pushed_s - time_s:.1f} s before the last frame's; "
                "call reset() to begin anew"
            )
        return time_s

    def _take_waiting(self) -> None:
        """Work on the frames that wait, as one: their mean, at their mean time."""
        times, images = zip(*self._waiting, strict=True)
        self._waiting.clear()
        time_s = sum(times) / len(times)
        if times[0] - self._taken_s > _HOLE_S:
            self._cut()
        self._taken_s = time_s
        image = images[0] if len(images) == 1 else mean_image(images)
        assert image is not None
        self._take(image, time_s)

    def _cut(self) -> None:
        self._clips.cut()
        if self._slow_clips:
            self._slow_clips.cut()

    def _take(self, image: NDArray[np.uint8], time_s: float) -> None:
        info, log = self._bundle.info, self._clips.log
        square = self._locator.locate(image)
        seen = self._locator.seen
        self._faces_at_once = max(self._faces_at_once, seen.at_once)
        self._changes += [(time_s, change.other) for change in seen.changes]
        seen.changes.clear()
        self._clips.add(image, square, time_s)
        self._colour.add(image, square)
        log.write("square", log.end - 1, np.array([square or (-1, -1, -1)]))
        # That a face was gone shows only at the next look, so what was found is told anew.
        found = self._locator.found
        del found[: -self._remembered]
        log.write("found", log.end - len(found), np.array(found, dtype=np.float32))
        if self._slow_clips and info.slow and _due(time_s, self._slow_s, info.slow.fs, _EARLY):
            self._slow_s = time_s
            wide = square and recrop(square, info.crop, info.slow.crop, image.shape[1], image.shape[0])
            # One frame of several may hit a codec's key frames and miss what is between: the others know better.
            self._slow_clips.add(image, wide, time_s, self._clips.moves)
            self._slow_clips.log.drop_before(time_s - self._keep_s)
        log.drop_before(time_s - self._keep_s)

    def _grid(self, last_s: float | None) -> NDArray[np.float64]:
        """Times of the even grid, which begins with the first frame ever pushed, in the last seconds."""
        rows = self._clips.log.rows
        if not len(rows):
            return np.empty(0)
        first, end = float(rows["time_s"][0]), float(rows["time_s"][-1])
        start = first if last_s is None else max(first, end - last_s)
        return np.arange(math.ceil(start * self.fs - 1e-6), math.floor(end * self.fs + 1e-6) + 1) / self.fs

    def _differences(
        self, quantity: Quantity, grid: NDArray[np.float64], found: NDArray[np.bool_]
    ) -> NDArray[np.float64] | str:
        task = _TASKS[quantity]
        needed = 2 * self._settings.of(quantity).band_hz[1]
        for clips in (self._slow_clips, self._clips):
            if clips and task in (clips.log.rows.dtype.names or ()):
                rows = _since(clips.log, grid)
                # What an even grid makes of frames that come too slowly looks like waves that never were.
                if (pace := _pace(rows["time_s"])) is not None and pace <= needed:
                    return too_few_frames(pace, quantity, needed)
                hole_s = min(_HOLE_S, 1.0 / needed)
                return without_gaps(even_differences(rows["time_s"], rows[task], grid, hole_s), found)
        return f"the bundle '{self._bundle.info.name}' does not measure {task}"

    def _notes(self, times_s: NDArray[np.float64]) -> tuple[str, ...]:
        notes = [*self._colour.notes()]
        if self.late:
            notes.append(f"{self.late} of {self.frames} frames were no newer than the one before and were left out")
        pace = _pace(times_s)
        if pace is not None and abs(pace / self.fs - 1.0) > _OTHER_PACE:
            notes.append(f"frames came at {pace:.3g}/s, and are brought to {self.fs:.3g}/s")
        return (*notes, *people_notes(self._faces_at_once, self._changes))


def _since(log: FrameLog, grid: NDArray[np.float64]) -> NDArray[Any]:
    """Rows that the grid's times lie among."""
    return log.rows[max(log.find(float(grid[0])) - 1, 0) :] if len(grid) else log.rows[:0]


def _pace(times_s: NDArray[np.float64]) -> float | None:
    """How many frames a second there typically are."""
    return 1.0 / float(np.median(np.diff(times_s))) if len(times_s) > 1 else None


def _due(time_s: float, last_s: float, fs: float, early: float) -> bool:
    """Whether a frame is the next one of those taken at this rate."""
    return time_s - last_s >= (1.0 - early) / fs


def _nearest(times_s: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.int_]:
    """Index of the sample nearest to each time of the grid."""
    if len(times_s) < 2:
        return np.zeros(len(grid), dtype=np.int_)
    after = np.clip(np.searchsorted(times_s, grid), 1, len(times_s) - 1)
    return np.asarray(after - (grid - times_s[after - 1] <= times_s[after] - grid))
