"""Measuring while frames come in: the same networks, given only the frames so far."""

import math
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import number
from physiocam.inputs.crop import recrop
from physiocam.measuring.clip_pipeline import HAS_MOTION, LoadedNetworks, RunningClips, outputs_of_frames
from physiocam.measuring.expressions import Expressions, read_expressions
from physiocam.measuring.face_colour import FaceColour
from physiocam.measuring.frame_intake import HOLE_S, FrameIntake, TimedFrame, is_due
from physiocam.measuring.frame_log import FrameLog
from physiocam.measuring.network_inputs import MAX_FS_RATIO, input_shape, slow_shape
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.measuring.outputs import flatten_stills, mask_unseen_changes
from physiocam.measuring.summarize import Frames, network_signals, summarize
from physiocam.measuring.task_outputs import other_tasks, task_outputs, task_results
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import TaskResult, Weights
from physiocam.signals.confidence import Judge
from physiocam.signals.even_differences import even_differences
from physiocam.signals.methods import NETWORK
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.rate_notes import too_few_frames
from physiocam.signals.readings import readings_of
from physiocam.signals.waveform import check_fs
from physiocam.video.face_source import as_trained, face_locator, locate_in
from physiocam.video.followed_face import MEMORY_S
from physiocam.video.people import people_notes

# Inputs are standardized by statistics in which a frame this old has a weight of about a third (1 / e). When measured
# from a file, recordings up to this long are standardized as a whole.
_MEMORY_S = 60.0

# Frame times jitter: a frame may come early by this share of its interval.
_EARLY = 0.1

# The neutral face is looked for in so many seconds, as far as they are kept.
_NEUTRAL_S = 300.0

# A note reports frames whose typical rate differs from the grid's by more than this share.
_OTHER_PACE = 0.1


class Stream:
    """Measures heart rate, breathing rate and action units in frames that are pushed as they come.

    Every frame is processed once, in constant time and memory however long the stream runs. Frames may come at any
    rate, and some may be missing: their timestamps say when they were taken. The networks' inputs are standardized by
    how the face looks and how much it changes in the frames so far, above all those of the last minute.

    Parameters
    ----------
    options : MeasureOptions, optional
        Options for measuring. The classical methods and heart-rate variability need whole recordings.
    keep_s : float
        How long results are kept, in seconds; `math.inf` keeps all, about 10 megabytes per hour.
    **changes
        Fields of `MeasureOptions` that differ from `options`.

    Attributes
    ----------
    fs : float
        Frames per second of the results' even time grid, and of frames that are pushed without a time.

    Raises
    ------
    BundleError
        If the bundle is missing or damaged.
    PhysiocamError
        If an option is invalid; the message names it.

    Examples
    --------
    >>> stream = Stream(fs=30)
    >>> for _ in range(60):
    ...     stream.push(np.full((120, 160, 3), 128, np.uint8))
    >>> stream.measurement().heart_rate.note
    'no face was found'
    """

    def __init__(
        self,
        options: MeasureOptions | None = None,
        *,
        keep_s: float = 60.0,
        **changes: Unpack[OptionChanges],
    ) -> None:
        options = with_changes(options, changes)
        if options.method != NETWORK:
            raise PhysiocamError(f"method is '{options.method}'; expected '{NETWORK}' for a stream; or use measure")
        if options.hrv:
            raise PhysiocamError("hrv is True; heart-rate variability needs a whole recording: use physiocam.measure")
        keep_s = number(keep_s, "keep_s")
        if not keep_s > 0:
            raise PhysiocamError(f"keep_s is {keep_s}; expected a positive number of seconds")
        if options.fs is not None:
            check_fs(number(options.fs, "fs"))
        self._bundle = options.bundle()
        self._options = options.replace(face=as_trained(options.face, self._bundle.info.square))
        self.fs = self._bundle.info.fs if options.fs is None else float(options.fs)
        self._keep_s = keep_s
        self._networks = LoadedNetworks(self._bundle, options.threads, options.providers)
        self.reset()

    def reset(self) -> None:
        """Forget all frames, as if none had been pushed; the networks stay loaded."""
        info = self._bundle.info
        # If a camera is much faster than the networks' training rate, frames are averaged, as in recordings.
        self._intake = FrameIntake(self.fs, MAX_FS_RATIO * info.fs, info.input_channels)
        self._locator = face_locator(self._options.face, info.fs, info.crop.factor)
        self._faces_at_once = 0
        self._changes: list[tuple[float, bool]] = []
        self._colour = FaceColour(info.crop.factor)
        self._remembered = math.ceil(MEMORY_S * info.fs)
        every_phase = self._options.signal_settings.every_phase
        pipeline = self._networks.pipeline(every_phase, also={"square": 3, "found": None})
        self._clips = RunningClips(pipeline, input_shape(info), _MEMORY_S * info.fs)
        self._slow_clips: RunningClips | None = None
        self._slow_s = -math.inf
        slow_pipeline = self._networks.slow_pipeline(every_phase)
        if info.slow and slow_pipeline:
            self._slow_clips = RunningClips(slow_pipeline, slow_shape(info.slow), _MEMORY_S * info.slow.fs)

    @property
    def frames(self) -> int:
        """Frames pushed since the start or the last `reset`."""
        return self._intake.frames

    @property
    def late(self) -> int:
        """Of these, frames that were not newer than the frame before, and were left out."""
        return self._intake.late

    def push(self, image: NDArray[Any], timestamp_s: float | None = None) -> None:
        """Add the next frame.

        Parameters
        ----------
        image : uint8, uint16 or float array of shape (H, W, 3)
            RGB, upright, or the channels of the bundle; floats from 0 to 1. It is kept until the next frames come: do
            not overwrite its memory.
        timestamp_s : float, optional
            When it was taken, in seconds on any clock; by default frames follow each other evenly at `fs`. A frame that
            is not newer than the frame before is counted as late and left out.

        Raises
        ------
        PhysiocamError
            If the image or its time is invalid, or the clock was set back by more than 5 s or ahead by more than an
            hour.
        """
        for frame in self._intake.push(image, timestamp_s):
            self._take(frame)

    def measurement(self, last_s: float | None = None) -> Measurement:
        """Return the results for the last seconds.

        While the stream warms up, the rates have no value, and their notes say how long they still need. Action units
        are available from the first second on. Breathing lags by some seconds.

        Parameters
        ----------
        last_s : float, optional
            Length of the window, in seconds; by default, everything that is kept.

        Returns
        -------
        Measurement
            `timestamps_s` count from the first frame pushed.

        Raises
        ------
        PhysiocamError
            If `last_s` is not a positive number.
        """
        if last_s is not None:
            last_s = number(last_s, "last_s")
            if not last_s > 0:
                raise PhysiocamError(f"last_s is {last_s}; expected a positive number of seconds")
        grid = self._grid(last_s)
        self._clips.pipeline.settle()
        rows = _since(self._clips.log, grid)
        seen, found = _on_grid(rows, grid)
        frames = Frames(
            source="stream",
            fs=self.fs,
            timestamps_s=grid,
            found=found,
            squares=np.where(found[:, None], np.nan_to_num(seen["square"]), -1).astype(np.int32),
            notes=self._notes(rows["time_s"]),
        )
        # For the last frames, neither motion nor differences are known yet.
        has_motion = seen[HAS_MOTION] != 0
        signals = network_signals(
            self._differences(grid, found, has_motion),
            self._expressions(last_s).last(len(grid)),
            self._bundle,
            self._judges(grid),
        )
        signals = replace(signals, tasks=self._tasks(grid, seen, found))
        return summarize(frames, signals, self._options, Weights(self._bundle.info.name, self._bundle.sha256))

    def _take(self, frame: TimedFrame) -> None:
        info, log = self._bundle.info, self._clips.log
        time_s = frame.time_s
        if frame.resized:
            self._locator = face_locator(self._options.face, info.fs, info.crop.factor)
        if not frame.follows:
            self._clips.cut()
            if self._slow_clips:
                self._slow_clips.cut()
        image, square = locate_in(self._locator, frame.image, info.input_channels)
        assert image is not None
        seen = self._locator.seen
        self._faces_at_once = max(self._faces_at_once, seen.at_once)
        self._changes += [(time_s, change.other) for change in seen.changes]
        seen.changes.clear()
        self._clips.add(image, square, time_s)
        self._colour.add(image, square)
        log.write("square", log.end - 1, np.array([square if square and square.size else (-1, -1, -1)]))
        # The locator notices only at its next detection that a face was lost: write the last seconds of `found` again.
        found = self._locator.found
        del found[: -self._remembered]
        log.write("found", log.end - len(found), np.array(found, dtype=np.float32))
        if self._slow_clips and info.slow and is_due(time_s, self._slow_s, info.slow.fs, _EARLY):
            self._slow_s = time_s
            wide = square and recrop(square, info.crop, info.slow.crop, image.shape[1], image.shape[0])
            self._slow_clips.add(image, wide, time_s)
            self._slow_clips.log.drop_before(time_s - self._keep_s)
        log.drop_before(time_s - self._keep_s)

    def _grid(self, last_s: float | None) -> NDArray[np.float64]:
        """Times of the even grid in the last seconds; the grid starts at the first frame of the stream."""
        rows = self._clips.log.rows
        if not len(rows):
            return np.empty(0)
        first, end = float(rows["time_s"][0]), float(rows["time_s"][-1])
        start = first if last_s is None else max(first, end - last_s)
        return np.arange(math.ceil(start * self.fs - 1e-6), math.floor(end * self.fs + 1e-6) + 1) / self.fs

    def _expressions(self, last_s: float | None) -> Expressions:
        """What the face expresses, in more than the last seconds: its neutral state shows in minutes."""
        grid = self._grid(None if last_s is None else max(last_s, _NEUTRAL_S))
        seen, found = _on_grid(_since(self._clips.log, grid), grid)
        info = self._bundle.info
        return read_expressions(
            outputs_of_frames(seen, info, found), found, self.fs, self._bundle, self._options.neutral
        )

    def _differences(
        self, grid: NDArray[np.float64], found: NDArray[np.bool_], has_motion: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float64] | str]:
        """By waveform task, the differences on the grid, or why there are none."""
        differences: dict[str, NDArray[np.float64] | str] = {}
        for quantity, task in WAVEFORM_TASKS.items():
            for clips in (self._slow_clips, self._clips):
                rows = _since(clips.log, grid) if clips else self._clips.log.rows[:0]
                waveforms = clips.pipeline.waveforms(rows) if clips else {}
                if task in waveforms and task not in differences:
                    even = self._even(rows["time_s"], waveforms[task], quantity, grid)
                    if not isinstance(even, str):
                        even = flatten_stills(mask_unseen_changes(even, found), has_motion)
                    differences[task] = even
        return differences

    def _tasks(self, grid: NDArray[np.float64], seen: NDArray[Any], found: NDArray[np.bool_]) -> dict[str, TaskResult]:
        """Results of every other task."""
        tasks = other_tasks(self._bundle.info)
        rows = _since(self._clips.log, grid) if tasks else self._clips.log.rows[:0]
        waveforms = self._clips.pipeline.waveforms(rows)
        differences = {
            task.name: mask_unseen_changes(even_differences(rows["time_s"], waveforms[task.name], grid, HOLE_S), found)
            for task in tasks
            if task.name in waveforms
        }
        of_frames = outputs_of_frames(seen, self._bundle.info, found)
        return task_results(task_outputs(tasks, differences, of_frames), self.fs)

    def _judges(self, grid: NDArray[np.float64]) -> dict[str, Judge]:
        """By waveform task, what its rate is judged by."""
        memory = self._bundle.info.memory
        if memory is None or memory.confidence is None:
            return {}
        rows = _since(self._clips.log, grid)
        readings = self._clips.pipeline.readings(rows, "pulse")
        assert readings is not None
        even = [even_differences(rows["time_s"], column, grid, HOLE_S) for column in readings.T]
        return {"pulse": Judge(readings_of(np.column_stack(even)), memory.confidence)}

    def _even(
        self,
        times_s: NDArray[np.float64],
        differences: NDArray[np.floating],
        quantity: Quantity,
        grid: NDArray[np.float64],
    ) -> NDArray[np.float64] | str:
        # Interpolating frames that come too slowly would create false waves.
        needed = 2 * self._options.signal_settings.of(quantity).band_hz[1]
        if (pace := _pace(times_s)) is not None and pace <= needed:
            return too_few_frames(pace, quantity, needed)
        return even_differences(times_s, differences, grid, min(HOLE_S, 1.0 / needed))

    def _notes(self, times_s: NDArray[np.float64]) -> tuple[str, ...]:
        notes = [*self._colour.notes()]
        if self.late:
            notes.append(f"{self.late} of {self.frames} frames were not newer than the frame before and were left out")
        pace = _pace(times_s)
        if pace is not None and abs(pace / self.fs - 1.0) > _OTHER_PACE:
            notes.append(f"frames came at {pace:.3g}/s and were interpolated to {self.fs:.3g}/s")
        return (*notes, *people_notes(self._faces_at_once, self._changes))


def _on_grid(rows: NDArray[Any], grid: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Rows of the log at the times of the grid, and whether they show a face."""
    seen = rows[_nearest(rows["time_s"], grid)]
    return seen, (seen["found"] > 0) & (np.abs(seen["time_s"] - grid) <= HOLE_S / 2)


def _since(log: FrameLog, grid: NDArray[np.float64]) -> NDArray[Any]:
    """Rows of the log from the last one before the grid starts."""
    return log.rows[max(log.find(float(grid[0])) - 1, 0) :] if len(grid) else log.rows[:0]


def _pace(times_s: NDArray[np.float64]) -> float | None:
    """The typical number of frames per second (from the median interval), or None."""
    return 1.0 / float(np.median(np.diff(times_s))) if len(times_s) > 1 else None


def _nearest(times_s: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.int_]:
    """Index of the sample nearest to each time of the grid."""
    if len(times_s) < 2:
        return np.zeros(len(grid), dtype=np.int_)
    after = np.clip(np.searchsorted(times_s, grid), 1, len(times_s) - 1)
    return np.asarray(after - (grid - times_s[after - 1] <= times_s[after] - grid))
