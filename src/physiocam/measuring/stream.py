"""Measuring while frames come in: the same networks, given only the frames so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import number
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.frame_intake import FrameIntake, TimedFrame
from physiocam.measuring.frame_log import FrameLog
from physiocam.measuring.network_inputs import MAX_FS_RATIO
from physiocam.measuring.options import MeasureOptions, OptionChanges, with_changes
from physiocam.measuring.people_choice import (
    PeopleChoice,
    check_people,
    is_person,
    is_wanted,
    most_people,
    people_choice,
)
from physiocam.measuring.stream_person import SeenFrame, StreamPerson, Window
from physiocam.measuring.summarize import Frames, summarize
from physiocam.results.measurement import Measurement
from physiocam.signals.methods import NETWORK
from physiocam.signals.waveform import check_fs
from physiocam.video.cuts import CutFinder, cuts_notes
from physiocam.video.face_source import as_trained, has_scenes, locate_everyone, people_locator
from physiocam.video.followed_face import MEMORY_S
from physiocam.video.levels import Image
from physiocam.video.locators import SeenPerson, Square
from physiocam.video.people import change_notes, others_note

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
    people : "largest", "all" or int
        Whom to measure, as in `measure`: by default the one person whose face is the largest. Who was not seen for
        `keep_s` is forgotten, and measured as another person when they come back.
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
        people: PeopleChoice = "largest",
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
        self._people = people_choice(people)
        check_people(self._people, self._options.face)
        self._networks = LoadedNetworks(self._bundle, options.threads, options.providers, options.precision)
        self.reset()

    def reset(self) -> None:
        """Forget all frames, as if none had been pushed; the networks stay loaded."""
        info = self._bundle.info
        # If a camera is much faster than the networks' training rate, frames are averaged, as in recordings.
        most_fs = MAX_FS_RATIO * info.fs
        self._intake = FrameIntake(self.fs, most_fs, info.input_channels)
        self._taken_fs = min(self.fs, most_fs)
        self._locator = people_locator(self._options.face, self._taken_fs, info.crop.factor)
        self._cut_finder = CutFinder(self._taken_fs)
        self._remembered = math.ceil(MEMORY_S * self._taken_fs)
        self._taken = 0
        self._times = FrameLog({})
        self._cuts_s: list[float] = []
        self._sights: dict[SeenPerson, _Sight] = {}
        self._numbered = 0

    @property
    def frames(self) -> int:
        """Frames pushed since the start or the last `reset`."""
        return self._intake.frames

    @property
    def late(self) -> int:
        """Of these, frames that were not newer than the frame before, and were left out."""
        return self._intake.late

    def push(self, image: Image, timestamp_s: float | None = None) -> None:
        """Add the next frame.

        Parameters
        ----------
        image : uint8, uint16 or float array of shape (H, W, 3), or Image
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
        measured = self._measured(last_s, 1)
        return measured[0] if measured else self._of_nobody(last_s)

    def measurements(self, last_s: float | None = None) -> tuple[Measurement, ...]:
        """Return the results for the last seconds of everyone who is measured, as `people` says.

        Parameters
        ----------
        last_s : float, optional
            As in `measurement`.

        Returns
        -------
        tuple of Measurement
            The largest in these seconds first; empty without a face. Unless `people` is "largest", `person` is a number
            that stays the same; it is given when the person is first returned.

        Raises
        ------
        PhysiocamError
            If `last_s` is not a positive number.
        """
        return self._measured(last_s, most_people(self._people))

    def _measured(self, last_s: float | None, most: int | None) -> tuple[Measurement, ...]:
        window = self._window(last_s)
        sights = [one for one in self._sights.values() if len(window.grid) and one.last_s >= window.grid[0]]
        seen = sum(map(self._is_person, sights))
        made = []
        for sight, person in self._largest(sights, window, most):
            one = self._summarized(person, window, last_s, seen)
            made.append(one if self._people == "largest" else replace(one, person=self._number(sight)))
        return tuple(made)

    def _of_nobody(self, last_s: float | None) -> Measurement:
        return self._summarized(StreamPerson(self._networks, self._options), self._window(last_s), last_s, 0)

    def _summarized(self, person: StreamPerson, window: Window, last_s: float | None, seen: int) -> Measurement:
        """The measurement of a person in a window, among so many who were seen."""
        longer = window if last_s is None else self._window(max(last_s, _NEUTRAL_S))
        squares, found = person.squares(window.grid)
        frames = Frames("stream", self.fs, window.grid, found, squares, self._notes(window, person, seen), window.cuts)
        return summarize(frames, person.signals(window, longer), self._options, self._networks.weights)

    def _largest(
        self, sights: Sequence["_Sight"], window: Window, most: int | None
    ) -> "list[tuple[_Sight, StreamPerson]]":
        """Who is given, the largest first."""
        members = [(one, one.person) for one in sights if one.person is not None]
        sizes = {one: np.maximum(person.squares(window.grid)[0][:, 2], 0).sum() for one, person in members}
        ranked = sorted(members, key=lambda member: sizes[member[0]], reverse=True)
        return ([member for member in ranked if self._is_person(member[0])] or ranked[:1])[:most]

    def _is_person(self, sight: "_Sight") -> bool:
        needed = self._locator.seen.needed
        return is_person(sight.shown, self._taken, self._taken_fs, sight.detections, needed)

    def _number(self, sight: "_Sight") -> int:
        """The number of a person, from 1; a new one for whoever has none."""
        if sight.number is None:
            sight.number = self._numbered = self._numbered + 1
        return sight.number

    def _take(self, frame: TimedFrame) -> None:
        time_s = frame.time_s
        if not frame.follows:
            # Nothing is known of what came between.
            self._cut_finder = CutFinder(self._taken_fs)
        cut = has_scenes(self._locator) and self._cut_finder.add(frame.image)
        if cut:
            self._cuts_s.append(time_s)
        # At another resolution, the face is at another place.
        image, squares = locate_everyone(
            self._locator, frame.image, self._bundle.info.input_channels, cut or frame.resized
        )
        assert image is not None
        for seen, square in zip(self._locator.people, squares, strict=True):
            sight = self._sights.setdefault(seen, _Sight())
            sight.see(seen, square, time_s)
            if square is not None and sight.person is None and self._is_wanted(square, squares):
                before = self._times.rows["time_s"][-1:].tolist()
                sight.person = StreamPerson(self._networks, self._options, *before)
            if sight.person is not None:
                sight.person.add(SeenFrame(image, square, time_s, frame.follows, cut), seen.found)
        self._taken += 1
        self._times.append(time_s)
        self._forget(time_s - self._keep_s)

    def _is_wanted(self, square: Square, squares: Sequence[Square | None]) -> bool:
        people = self._locator.people
        rivals = [other for seen, other in zip(people, squares, strict=True) if other and self._is_measured(seen)]
        return is_wanted(square, rivals, most_people(self._people))

    def _is_measured(self, seen: SeenPerson) -> bool:
        return seen in self._sights and self._sights[seen].person is not None

    def _forget(self, time_s: float) -> None:
        """Forget what is older than this, and who was not seen since."""
        gone = {seen for seen, sight in self._sights.items() if sight.last_s < time_s}
        self._locator.forget(self._remembered, gone)
        for seen in gone:
            del self._sights[seen]
        for sight in self._sights.values():
            sight.drop_before(time_s)
        self._times.drop_before(time_s)
        self._cuts_s = [cut_s for cut_s in self._cuts_s if cut_s >= time_s]

    def _window(self, last_s: float | None) -> Window:
        """The last seconds on the even grid, which starts at the first frame of the stream."""
        if last_s is not None:
            last_s = number(last_s, "last_s")
            if not last_s > 0:
                raise PhysiocamError(f"last_s is {last_s}; expected a positive number of seconds")
        times = self._times.rows["time_s"]
        if not len(times):
            return Window(np.empty(0), self.fs, None, ())
        start = float(times[0]) if last_s is None else max(float(times[0]), float(times[-1]) - last_s)
        grid = np.arange(math.ceil(start * self.fs - 1e-6), math.floor(float(times[-1]) * self.fs + 1e-6) + 1) / self.fs
        cuts = np.searchsorted(grid, np.array(self._cuts_s) - 1e-6)
        within = sorted({int(cut) for cut in cuts if 0 < cut < len(grid)})
        since = times[max(self._times.find(float(grid[0])) - 1, 0) :] if len(grid) else times[:0]
        pace = 1.0 / float(np.median(np.diff(since))) if len(since) > 1 else None
        return Window(grid, self.fs, pace, tuple(within))

    def _notes(self, window: Window, person: StreamPerson, seen: int) -> tuple[str, ...]:
        notes = [*person.notes()]
        if self.late:
            notes.append(f"{self.late} of {self.frames} frames were not newer than the frame before and were left out")
        pace = window.pace
        if pace is not None and abs(pace / self.fs - 1.0) > _OTHER_PACE:
            notes.append(f"frames came at {pace:.3g}/s and were interpolated to {self.fs:.3g}/s")
        most = most_people(self._people)
        if most is not None and seen > most:
            notes.append(others_note(seen, most))
        notes += change_notes([(time_s, False) for time_s in person.doubts_s])
        return (*notes, *cuts_notes([float(window.grid[cut]) for cut in window.cuts]))


@dataclass(eq=False)
class _Sight:
    """What is known of somebody who was seen, and the measurement of who is measured."""

    person: StreamPerson | None = None
    shown: int = 0
    detections: int = 0
    last_s: float = -math.inf
    number: int | None = None

    def see(self, seen: SeenPerson, square: Square | None, time_s: float) -> None:
        self.detections = seen.detections
        if square is not None:
            self.shown += 1
            self.last_s = time_s
        if seen.doubts and self.person is not None:
            self.person.doubts_s.append(time_s)
        seen.doubts.clear()

    def drop_before(self, time_s: float) -> None:
        if self.person is not None:
            self.person.drop_before(time_s)
