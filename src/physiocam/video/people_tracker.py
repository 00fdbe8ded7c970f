"""Everyone in the picture: each face followed under the same identity, through short losses, crossings and cuts."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physiocam.video.appearance import SAME, UNLIKE, Look, difference, look_of
from physiocam.video.face import MIN_SCORE, FaceBox, FaceDetector
from physiocam.video.followed_face import (
    HELD_OVERLAP,
    HELD_SCORE,
    HOLD_S,
    OWN_HEAD,
    SEARCH_S,
    FollowedFace,
    Thumbnail,
    apart,
    same_face,
)
from physiocam.video.levels import Image
from physiocam.video.locators import SeenPerson, Square
from physiocam.video.people import FacesSeen

# A face that appears is a person who was lost if it looks like one: less strictly shortly after and near the place.
_LIKELY = 0.15
_SHORTLY_S = 2.0
_NEARBY = 1.5

# A box that moved by less than this share of its size has not; others are expected to go on, by their size at most.
_STILL = 0.05

# What an unlike look takes off from an overlap of two boxes, where two faces are close together.
_LOOKS_COUNT = 2.0
_CLOSE = 1.5

# A look is the mean of about so many.
_KEPT = 5


_NOWHERE = FaceBox(0.0, 0.0, 1.0, 1.0, 0.0)


@dataclass(eq=False)
class _Person(SeenPerson):
    """One person, and what is known of the face."""

    face: FollowedFace = field(default_factory=lambda: FollowedFace(1.0))
    look: Look = field(default_factory=lambda: np.zeros(0))
    box: FaceBox = _NOWHERE
    expected: FaceBox = _NOWHERE
    present: bool = False
    missed: bool = False
    last_seen: int = 0
    scene: int = 0

    def overlap(self, box: FaceBox) -> float:
        """How well a box lies where this face was, or where it is expected."""
        return max(self.box.overlap(box), self.expected.overlap(box))

    def see(self, box: FaceBox, index: int, image: NDArray[np.uint8]) -> bool:
        """Take in a detection; return whether the square has not moved."""
        right, down = box.x - self.box.x, box.y - self.box.y
        moved = self.present and max(abs(right), abs(down)) > _STILL * box.height
        self.expected = box._replace(x=box.x + right, y=box.y + down) if moved else box
        self.box, self.last_seen, self.present, self.missed = box, index, True, False
        self.detections += 1
        return self.face.follow(box, image)

    def leave(self, gone: int) -> None:
        """Note that the face is lost, and was not there in the last frames."""
        gone = min(gone, len(self.found))
        self.found[len(self.found) - gone :] = [False] * gone
        self.present = self.missed = False
        self.face.forget()


class PeopleTracker:
    """Follows every face with a detection about once a second, and holds the squares still in between.

    A detected face is the person whose box it overlaps best; where faces are close together, looks count too. As with
    `FaceTracker`, a person is lost after two detections, a fifth of a second apart, and the frames since the face was
    last seen are set to not found. A face that appears is a person who was lost, if it looks like one, or else a new
    one. After a cut all are lost, and a face must look clearly the same.

    Parameters
    ----------
    fs : float
        Frames per second.
    crop_factor : float
        Side of the squares, as a multiple of the longer side of a face's box.
    detector : FaceDetector, optional

    Attributes
    ----------
    people : list of SeenPerson
        In the order in which they appeared.
    seen : FacesSeen
    """

    def __init__(self, fs: float, crop_factor: float = 1.0, detector: FaceDetector | None = None) -> None:
        self.people: list[_Person] = []
        self.seen = FacesSeen()
        self._detector = detector or FaceDetector()
        self._crop_factor = crop_factor
        self._shortly = _SHORTLY_S * fs
        self._hold = max(round(HOLD_S * fs), 1)
        self._search = max(round(SEARCH_S * fs), 1)
        self._frames = self._next_look = self._scene = 0
        # Frames before this one that are not forgotten.
        self._kept = 0
        # Frames since the last detection, about five per second, to find out later when a face was lost.
        self._recent: list[tuple[int, Thumbnail]] = []

    def locate(self, image: Image | None, cut: bool = False, /) -> list[Square | None]:
        """Return the square of each person so far, None where the face is not seen.

        Parameters
        ----------
        image : Image (H, W, 3) of 8 bits, or None
        cut : bool
            Whether another scene begins with this frame.
        """
        index = self._frames
        self._frames += 1
        if cut:
            self._end_scene()
        if image is not None and index >= self._next_look:
            steady = self._detect(index, np.asarray(image))
            self._next_look = index + (self._hold if steady else self._search)
        elif image is not None and index % self._search == 0 and self._all_well():
            self._recent.append((index, Thumbnail.of(image)))
        squares = [person.face.square if person.present and image is not None else None for person in self.people]
        for person, square in zip(self.people, squares, strict=True):
            person.squares.append(square)
            person.found.append(square is not None)
        self._kept += 1
        return squares

    def forget(self, frames: int, gone: Collection[SeenPerson] = (), /) -> None:
        """Forget what is older than so many frames, and people who have gone."""
        self.people = [person for person in self.people if person not in gone]
        for person in self.people:
            person.forget(frames)
        self._kept = min(self._kept, frames)

    def _present(self) -> list[_Person]:
        return [person for person in self.people if person.present]

    def _all_well(self) -> bool:
        present = self._present()
        return bool(present) and not any(person.missed for person in present)

    def _end_scene(self) -> None:
        for person in self._present():
            if person.missed:
                self._lose(person)
            person.leave(0)
        self._scene += 1
        self._recent.clear()
        self._next_look = 0

    def _detect(self, index: int, image: NDArray[np.uint8]) -> bool:
        """Detect the faces in this frame; return whether nothing has changed."""
        present = self._present()
        faces = self._detector.detect(image, HELD_SCORE if present else MIN_SCORE)
        sure = [face for face in faces if face.score >= MIN_SCORE]
        self.seen.count(len(apart(sure)))
        found = _assigned(present, faces, image)
        steady = True
        for person in present:
            if (box := found.get(id(person))) is not None:
                steady &= person.see(box, index, image)
                if all(box is other or not _close(box, other) for other in sure):
                    person.look += (look_of(image, box) - person.look) / _KEPT
            elif person.missed:
                self._lose(person)
            else:
                # The detector may miss a face once, and another person must not take over because of that.
                person.missed = True
        for face in sure:
            if self._is_free(face):
                self._appear(face, index, image)
                steady = False
        if not any(person.missed for person in self._present()):
            self._recent.clear()
        return steady and self._all_well()

    def _is_free(self, face: FaceBox) -> bool:
        """Whether a face is on none of the heads that are followed."""
        held = [person.box for person in self._present() if not person.missed]
        return all(max(face.covered_by(box), box.covered_by(face)) <= OWN_HEAD for box in held)

    def _appear(self, face: FaceBox, index: int, image: NDArray[np.uint8]) -> None:
        look = look_of(image, face)
        away = [person for person in self.people if not person.present or person.missed]
        allowed = [(difference(person.look, look), person) for person in away]
        allowed = [(unlike, person) for unlike, person in allowed if unlike < self._most_unlike(person, face, index)]
        if allowed:
            unlike, person = min(allowed, key=lambda one: one[0])
            if unlike > (SAME if person.box.overlap(face) < HELD_OVERLAP else _LIKELY):
                person.doubts.append(index)
            if person.present:
                self._lose(person)
        elif any(person.present for person in away):
            # Somebody was just missed, and may have moved here: the next detection decides.
            return
        else:
            person = _Person([False] * self._kept, [None] * self._kept, face=FollowedFace(self._crop_factor), look=look)
            self.people.append(person)
        person.scene = self._scene
        person.see(face, index, image)

    def _most_unlike(self, person: _Person, face: FaceBox, index: int) -> float:
        """How unlike a face may look to be this person, who is lost or was just missed."""
        if person.scene != self._scene or person.present:
            return SAME
        held = person.box
        reach = _NEARBY * max(held.width, held.height)
        near = max(abs(held.x - face.x), abs(held.y - face.y)) < reach
        return UNLIKE if near or index - person.last_seen < self._shortly else _LIKELY

    def _lose(self, person: _Person) -> None:
        """Set the frames since a face was last seen to not found."""
        others = [other.box for other in self._present() if other is not person and not other.missed]
        for index, thumbnail in reversed(self._recent):
            seen = same_face(person.box, thumbnail.detect(self._detector))
            if seen is not None and all(other.overlap(seen) < person.box.overlap(seen) for other in others):
                person.last_seen = max(index, person.last_seen)
                break
        # There is no entry yet for the frame in which this is noticed.
        person.leave(self._frames - 1 - (person.last_seen + 1))


def _assigned(people: list[_Person], faces: list[FaceBox], image: NDArray[np.uint8]) -> dict[int, FaceBox]:
    """The face of each person who is seen, by the person's `id`: the best pairs first."""
    pairs = [(person, face) for person in people for face in faces if person.overlap(face) >= HELD_OVERLAP]

    def score(pair: tuple[_Person, FaceBox]) -> float:
        person, face = pair
        rivals = any(other is not person and _close(other.box, face) for other in people)
        unlike = difference(person.look, look_of(image, face)) if rivals else 0.0
        return person.overlap(face) - _LOOKS_COUNT * unlike

    found: dict[int, FaceBox] = {}
    for person, face in sorted(pairs, key=score, reverse=True):
        if id(person) not in found and all(face is not other for other in found.values()):
            found[id(person)] = face
    return found


def _close(one: FaceBox, other: FaceBox) -> bool:
    """Whether two boxes would touch if they were larger."""
    wide, high = one.width + other.width, one.height + other.height
    right = abs(one.x + one.width / 2 - other.x - other.width / 2)
    down = abs(one.y + one.height / 2 - other.y - other.height / 2)
    return right < _CLOSE * wide / 2 and down < _CLOSE * high / 2
