"""Whom to measure, in recordings and streams alike: one, some or all, and who counts as a person."""

from collections.abc import Iterable
from typing import Literal

from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import whole_number
from physiocam.video.face_source import FaceSource, face_source_name, is_found
from physiocam.video.locators import Square

# Whom to measure: the largest face over the recording, each of the N largest, or everyone.
PeopleChoice = Literal["largest", "all"] | int

# Only the largest faces over the recording are given, and who that is shows at the end. A face is measured from where
# it is at least this share as large as the smallest of those, so that a crowd in the background costs nothing.
_RIVAL = 0.7

# Who is seen for a shorter time in all, and less than half of the recording, does not count.
_LEAST_S = 1.0


def people_choice(people: object) -> PeopleChoice:
    """Check whom to measure.

    Raises
    ------
    PhysiocamError
        If it is neither "largest", "all" nor a number.
    """
    if people in ("largest", "all"):
        return people
    if isinstance(people, str):
        raise PhysiocamError(f"people is {people!r}; expected 'largest', 'all' or how many of the largest")
    return whole_number(people, "people", least=1)


def check_people(people: PeopleChoice, face: FaceSource) -> None:
    """Check that several people can be measured where the face is.

    Raises
    ------
    PhysiocamError
        If the face's square is given.
    """
    if people != "largest" and not is_found(face):
        raise PhysiocamError(
            f"people is {people!r}, but the face's square is given ({face_source_name(face)}); several people "
            "must be found: face='find'"
        )


def most_people(people: PeopleChoice) -> int | None:
    """Return how many people are measured at most; None for everyone."""
    return {"largest": 1, "all": None}[people] if isinstance(people, str) else people


def is_wanted(square: Square, rivals: Iterable[Square], most: int | None) -> bool:
    """Return whether a face may be among the largest, so that it must be measured from now on.

    Parameters
    ----------
    square : Square
    rivals : iterable of Square
        Of those in this frame who are measured already.
    most : int or None
        As `most_people` gives it.
    """
    if most is None:
        return True
    sizes = sorted((rival.size for rival in rivals), reverse=True)
    return len(sizes) < most or square.size >= _RIVAL * sizes[most - 1]


def is_person(shown: int, frames: int, fs: float, detections: int, needed: int) -> bool:
    """Return whether somebody counts as a person: no short glimpse, nor what one detection took for a face.

    Parameters
    ----------
    shown, frames : int
        In how many frames they are seen, and of how many.
    fs : float
        Frames per second.
    detections : int
        In how many frames the face was detected; 0 where it is not looked for.
    needed : int
        In how many it must be.
    """
    return shown >= min(_LEAST_S * fs, 0.5 * frames) and (detections == 0 or detections >= needed)
