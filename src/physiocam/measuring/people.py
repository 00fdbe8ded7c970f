"""Everyone in a recording: who is measured, each by work of their own, in one pass over the frames."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physiocam.measuring.face_colour import FaceColour
from physiocam.measuring.face_frames import FaceFrames
from physiocam.measuring.people_choice import PeopleChoice, is_person, is_wanted, most_people
from physiocam.measuring.person_work import PersonWork
from physiocam.measuring.summarize import Frames, Signals
from physiocam.video.cuts import cuts_notes
from physiocam.video.levels import Image
from physiocam.video.locators import SeenPerson, Square
from physiocam.video.people import change_notes, others_note


class _Member:
    """One person who is measured."""

    def __init__(self, seen: SeenPerson, work: PersonWork, crop_factor: float, absent: int) -> None:
        self.seen = seen
        self.work = work
        self.colour = FaceColour(crop_factor)
        # Frames in which the person may have been seen, but was not measured.
        self.absent = absent

    def found(self, start: int, stop: int | None = None) -> NDArray[np.bool_]:
        """Which of these frames show the person and were measured."""
        found = np.array(self.seen.found[start:stop], dtype=bool)
        found[: max(self.absent - start, 0)] = False
        return found

    def add(self, image: Image | None, square: Square | None) -> None:
        self.work.add(image, square)
        self.colour.add(image, square)

    def squares(self) -> NDArray[np.int32]:
        """Face squares (T, 3) as x, y and side in pixels; -1 where no face, or the whole frame, was measured."""
        pairs = zip(self.seen.squares, self.found(0).tolist(), strict=True)
        squares = [square if found and square and square.size else (-1, -1, -1) for square, found in pairs]
        return np.array(squares, dtype=np.int32).reshape(-1, 3)

    @property
    def size(self) -> float:
        """Sum of the sides of the squares: how large, and how long, the person is seen."""
        return float(np.maximum(self.squares()[:, 2], 0).sum())


class People:
    """Measures people while a recording's frames pass by.

    Parameters
    ----------
    frames : FaceFrames
    start : callable
        Returns new work for one more person; its argument is to be called with a number of frames when they are done.
    choice : "largest", "all" or int
    crop_factor : float
        Of the squares.
    """

    def __init__(
        self,
        frames: FaceFrames,
        start: Callable[[Callable[[int], None]], PersonWork],
        choice: PeopleChoice,
        crop_factor: float,
    ) -> None:
        self._frames = frames
        self._start = start
        self._most = most_people(choice)
        self._crop_factor = crop_factor
        self._members: dict[int, _Member] = {}
        # Lengths of the scenes before this one, and its first frame.
        self._scenes: list[int] = []
        self._scene_start = 0

    def run(self) -> list[tuple[Frames, Signals]]:
        """Read all frames, and return what was seen of each person who is measured, the largest first."""
        for index, (image, squares, cut) in enumerate(self._frames.seen):
            if cut:
                self._end_scene(index)
            for number, square in enumerate(squares):
                if square is not None and number not in self._members:
                    rivals = [other for one in self._members if (other := squares[one])]
                    if is_wanted(square, rivals, self._most):
                        self._join(number, index)
                if number in self._members:
                    self._members[number].add(image, square)
        members = self._chosen() or [self._nobody()]
        self._end_scene(len(self._frames.timestamps))
        self._frames.end()
        seen = [(self._seen(one), one.work.signals(one.found(0), self._frames.cuts)) for one in members]
        # Their work reports to this object: in a circle, networks would stay in memory until it is looked for.
        self._members.clear()
        return seen

    def _worked(self, count: int) -> None:
        self._frames.advance(count / max(len(self._members), 1))

    def _join(self, number: int, index: int) -> None:
        self._members[number] = member = self._new(self._frames.locator.people[number], index)
        for _ in range(index - self._scene_start):
            member.add(None, None)

    def _new(self, seen: SeenPerson, index: int) -> _Member:
        work = self._start(self._worked)
        for length in self._scenes:
            for _ in range(length):
                work.add(None, None)
            work.end_scene(np.zeros(length, dtype=bool))
        return _Member(seen, work, self._crop_factor, index)

    def _nobody(self) -> _Member:
        frames = len(self._frames.timestamps)
        seen = SeenPerson([False] * frames, [None] * frames)
        self._members[-1] = member = self._new(seen, frames)
        for _ in range(frames - self._scene_start):
            member.add(None, None)
        return member

    def _end_scene(self, index: int) -> None:
        for member in self._members.values():
            member.work.end_scene(member.found(self._scene_start, index))
        self._scenes.append(index - self._scene_start)
        self._scene_start = index

    def _chosen(self) -> list[_Member]:
        """Those who are measured, the largest first; one at least, if anyone was seen."""
        ranked = sorted(self._members.values(), key=lambda one: one.size, reverse=True)
        sure = [one for one in ranked if self._counts(one.seen)] or ranked[:1]
        return sure[: self._most]

    def _counts(self, person: SeenPerson) -> bool:
        frames, fs = len(person.found), self._frames.video.fs
        return is_person(sum(person.found), frames, fs, person.detections, self._frames.locator.seen.needed)

    def _seen(self, member: _Member) -> Frames:
        frames = self._frames
        video, fs = frames.video, frames.video.fs
        seen = sum(self._counts(person) for person in frames.locator.people)
        notes = [*video.notes, *member.colour.notes()]
        if self._most is not None and seen > self._most:
            notes.append(others_note(seen, self._most))
        notes += change_notes([(frame / fs, False) for frame in member.seen.doubts])
        notes += cuts_notes([cut / fs for cut in frames.cuts])
        return Frames(
            video.source,
            fs,
            np.array(frames.timestamps),
            member.found(0),
            member.squares(),
            tuple(notes),
            tuple(frames.cuts),
        )
