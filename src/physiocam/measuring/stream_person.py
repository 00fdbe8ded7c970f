"""One person in a stream: the networks run as frames come, scene by scene, and signals of the last seconds."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.clip_pipeline import HAS_MOTION, SHIFTS, LoadedNetworks, RunningClips, outputs_of_frames
from physiocam.measuring.expressions import Expressions, read_expressions
from physiocam.measuring.face_colour import FaceColour
from physiocam.measuring.frame_intake import HOLE_S, is_due
from physiocam.measuring.frame_log import FrameLog
from physiocam.measuring.network_inputs import input_shape, slow_shape
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.outputs import flatten_stills, mask_unseen_changes
from physiocam.measuring.recording_run import one_after_another
from physiocam.measuring.summarize import Signals, network_signals
from physiocam.measuring.task_outputs import other_tasks, task_outputs, task_results
from physiocam.networks.tasks import PULSE, RESPIRATION
from physiocam.signals.confidence import PulseJudge
from physiocam.signals.even_differences import even_differences
from physiocam.signals.judging import Judge
from physiocam.signals.quantities import WAVEFORM_TASKS, Quantity
from physiocam.signals.rate_notes import too_few_frames
from physiocam.signals.readings import readings_of
from physiocam.signals.shoulder_judge import ShoulderJudge
from physiocam.signals.waveform import scenes_of
from physiocam.video.levels import Image
from physiocam.video.locators import Square

# Inputs are standardized by statistics in which a frame this old has a weight of about a third (1 / e). When measured
# from a file, recordings up to this long are standardized as a whole. Who is away for as long starts anew.
_MEMORY_S = 60.0

# Frame times jitter: a frame may come early by this share of its interval.
_EARLY = 0.1


class SeenFrame(NamedTuple):
    """A frame of a stream, and where one person is in it.

    Attributes
    ----------
    image : uint8 or float32 array (H, W, C)
    square : Square or None
    time_s : float
    follows : bool
        As in `TimedFrame`.
    cut : bool
        Whether another scene begins with it.
    """

    image: Image
    square: Square | None
    time_s: float
    follows: bool
    cut: bool


class Window(NamedTuple):
    """The seconds of a stream that are asked for.

    Attributes
    ----------
    grid : float64 array (T,)
        Times of an even grid, in seconds.
    fs : float
        Of the grid.
    pace : float or None
        Frames that came in a second, typically.
    cuts : tuple of int
        As in `Frames`.
    """

    grid: NDArray[np.float64]
    fs: float
    pace: float | None
    cuts: tuple[int, ...]


class StreamPerson:
    """Runs a bundle's networks over the frames of one person.

    Parameters
    ----------
    networks : LoadedNetworks
    options : MeasureOptions
    away_s : float, optional
        Time of the last frame before the first with the person.

    Attributes
    ----------
    doubts_s : list of float
        Times from which it may be another person.
    """

    def __init__(self, networks: LoadedNetworks, options: MeasureOptions, away_s: float | None = None) -> None:
        self.doubts_s: list[float] = []
        self._networks = networks
        self._options = options
        self._colour = FaceColour(networks.bundle.info.crop.factor)
        # The last one goes on, unless the person has been away for long.
        self._scenes: list[_Scene] = []
        self._goes_on = False
        self._seen_s = -math.inf
        self._away_s = away_s

    def add(self, frame: SeenFrame, found: Sequence[bool]) -> None:
        """Take in the next frame; `found` says which of the last frames, up to this one, show the person."""
        *before, now = found
        if self._goes_on:
            self._scenes[-1].write_found(before)
            if frame.cut or frame.time_s - self._seen_s > _MEMORY_S:
                self._scenes[-1].end(None if frame.square else frame.time_s)
                self._goes_on = False
        if frame.square is not None:
            self._seen_s = frame.time_s
        if not self._goes_on:
            if frame.square is None:
                self._away_s = frame.time_s
                return
            self._scenes.append(_Scene(self._networks, self._options.signal_settings.every_phase))
            self._goes_on = True
            if self._away_s is not None:
                self._scenes[-1].fast.add(None, None, self._away_s)
                self._away_s = None
        self._scenes[-1].add(frame)
        self._scenes[-1].write_found([now])
        self._colour.add(frame.image, frame.square)

    def drop_before(self, time_s: float) -> None:
        """Forget what is older than this."""
        for scene in self._scenes:
            scene.drop_before(time_s)
        self._scenes = [scene for scene in self._scenes if len(scene.fast.log)]
        self._goes_on &= bool(self._scenes)
        self.doubts_s = [one for one in self.doubts_s if one >= time_s]

    def notes(self) -> tuple[str, ...]:
        """Anything unusual about the face."""
        return self._colour.notes()

    def squares(self, grid: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Face squares (T, 3) at the times of a grid, -1 without a face, and whether there is one."""
        rows, found = self._on_grid(grid)
        return np.where(found[:, None], np.nan_to_num(rows["square"]), -1).astype(np.int32), found

    def signals(self, window: Window, longer: Window) -> Signals:
        """Return the signals of a window; a longer one, with the same end, shows the person's neutral face."""
        if self._goes_on:
            self._scenes[-1].fast.pipeline.settle()
        rows, found = self._on_grid(window.grid)
        bundle = self._networks.bundle
        differences = {task: self._even_or_why(task, quantity, window) for quantity, task in WAVEFORM_TASKS.items()}
        # For the last frames, neither motion nor differences are known yet.
        has_motion = rows[HAS_MOTION] != 0
        told = {
            task: even if isinstance(even, str) else flatten_stills(mask_unseen_changes(even, found), has_motion)
            for task, even in differences.items()
            if even is not None
        }
        expressions = self._expressions(longer).last(len(window.grid))
        signals = network_signals(told, expressions, bundle, self._judges(window))
        tasks = other_tasks(bundle.info)
        of_tasks = {task.name: self._even(task.name, window.grid, HOLE_S) for task in tasks}
        others = {name: mask_unseen_changes(even, found) for name, even in of_tasks.items() if even is not None}
        outputs = task_outputs(tasks, others, outputs_of_frames(rows, bundle.info, found))
        return replace(signals, tasks=task_results(outputs, window.fs, window.cuts))

    def _expressions(self, window: Window) -> Expressions:
        rows, found = self._on_grid(window.grid)
        bundle = self._networks.bundle
        outputs = outputs_of_frames(rows, bundle.info, found)
        scenes = scenes_of(len(found), window.cuts)
        return read_expressions(outputs, found, window.fs, bundle, self._options.neutral, scenes)

    def _judges(self, window: Window) -> dict[str, Judge]:
        """By waveform task, what its rate is judged by."""
        info, judges = self._networks.bundle.info, dict[str, Judge]()
        memory, slow = info.memory, info.slow
        if memory and memory.confidence:
            runs = [(scene.fast, _since(scene.fast.log, window.grid)) for scene in self._shown()]
            readings = [run.pipeline.readings(rows, PULSE.name) for run, rows in runs]
            times = np.concatenate([rows["time_s"] for _, rows in runs])
            table = _even_columns(times, [one for one in readings if one is not None], window.grid)
            judges[PULSE.name] = PulseJudge(readings_of(table), memory.confidence)
        logs = [_since(scene.slow.log, window.grid) for scene in self._shown() if scene.slow]
        if logs and RESPIRATION.name in (logs[0].dtype.names or ()):
            times = np.concatenate([rows["time_s"] for rows in logs])
            shifts = _even_columns(times, [rows[SHIFTS] for rows in logs], window.grid)
            judges[RESPIRATION.name] = ShoulderJudge(shifts, slow.confidence if slow else None)
        return judges

    def _even_or_why(self, task: str, quantity: Quantity, window: Window) -> NDArray[np.float64] | str | None:
        # Interpolating frames that come too slowly would create false waves.
        needed = 2 * self._options.signal_settings.of(quantity).band_hz[1]
        even = self._even(task, window.grid, min(HOLE_S, 1.0 / needed))
        if even is not None and window.pace is not None and window.pace <= needed:
            return too_few_frames(window.pace, quantity, needed)
        return even

    def _even(self, task: str, grid: NDArray[np.float64], hole_s: float) -> NDArray[np.float64] | None:
        """Differences of a waveform on the grid, from the slow networks if they have it; None if none has."""
        scenes = self._shown()
        for runs in ([scene.slow for scene in scenes], [scene.fast for scene in scenes]):
            rows = [(run, _since(run.log, grid)) for run in runs if run is not None]
            waveforms = [run.pipeline.waveforms(part) for run, part in rows]
            if waveforms and task in waveforms[0]:
                times = np.concatenate([part["time_s"] for _, part in rows])
                return even_differences(times, one_after_another([one[task] for one in waveforms]), grid, hole_s)
        return None

    def _on_grid(self, grid: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Rows at the times of a grid, and whether they show the face."""
        parts = [_since(scene.fast.log, grid) for scene in self._shown()]
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
        seen = rows[_nearest(rows["time_s"], grid)]
        return seen, (seen["found"] > 0) & (np.abs(seen["time_s"] - grid) <= HOLE_S / 2)

    def _shown(self) -> "list[_Scene]":
        """The scenes with this person."""
        return self._scenes or [self._nobody]

    @cached_property
    def _nobody(self) -> "_Scene":
        """A scene with one row, before all times, and nobody in it."""
        scene = _Scene(self._networks, self._options.signal_settings.every_phase)
        scene.fast.log.append(-math.inf)
        return scene


class _Scene:
    """One scene on its way through the networks, as a recording of its own."""

    def __init__(self, networks: LoadedNetworks, every_phase: bool) -> None:
        info = networks.bundle.info
        pipeline = networks.pipeline(every_phase, also={"square": 3, "found": None})
        self.fast = RunningClips(pipeline, input_shape(info), _MEMORY_S * info.fs)
        self.slow: RunningClips | None = None
        slow_pipeline = networks.slow_pipeline(every_phase)
        if info.slow and slow_pipeline:
            self.slow = RunningClips(slow_pipeline, slow_shape(info.slow, info.crop), _MEMORY_S * info.slow.fs)
        self._info = info
        self._slow_s = -math.inf

    def add(self, frame: SeenFrame) -> None:
        """Take in the next frame."""
        if not frame.follows:
            self.fast.cut()
            if self.slow:
                self.slow.cut()
        image, square, time_s = frame.image, frame.square, frame.time_s
        self.fast.add(image, square, time_s)
        log = self.fast.log
        log.write("square", log.end - 1, np.array([square if square and square.size else (-1, -1, -1)]))
        slow = self._info.slow
        if self.slow and slow and is_due(time_s, self._slow_s, slow.fs, _EARLY):
            self._slow_s = time_s
            self.slow.add(image, square, time_s)

    def write_found(self, found: Sequence[bool]) -> None:
        """Say which of the last frames show the person: that a face was lost shows only at its next detection."""
        log = self.fast.log
        log.write("found", log.end - len(found), np.array(found, dtype=np.float32))

    def end(self, away_s: float | None) -> None:
        """Run what is left: no frame follows, or at a time one without the person."""
        for run in (self.fast, self.slow):
            if run:
                run.end()
        if away_s is not None:
            self.fast.log.append(away_s)

    def drop_before(self, time_s: float) -> None:
        """Forget what is older than this."""
        for run in (self.fast, self.slow):
            if run:
                run.log.drop_before(time_s)


def _even_columns(
    times: NDArray[np.float64], scenes: Sequence[NDArray[np.float32]], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns of differences, scene after scene, at the times of a grid."""
    columns = one_after_another(scenes).T
    return np.column_stack([even_differences(times, column, grid, HOLE_S) for column in columns])


def _since(log: FrameLog, grid: NDArray[np.float64]) -> NDArray[Any]:
    """Rows of the log from the last one before the grid starts."""
    return log.rows[max(log.find(float(grid[0])) - 1, 0) :] if len(grid) else log.rows[:0]


def _nearest(times_s: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.int_]:
    """Index of the sample nearest to each time of the grid."""
    if len(times_s) < 2:
        return np.zeros(len(grid), dtype=np.int_)
    after = np.clip(np.searchsorted(times_s, grid), 1, len(times_s) - 1)
    return np.asarray(after - (grid - times_s[after - 1] <= times_s[after] - grid))
