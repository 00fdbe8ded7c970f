"""Other people in the picture: the faces that a tracker saw besides the one that it follows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# More changes than this are counted, but not listed.
_LISTED = 3

# What a note about other people ends with; photographs have no such option.
EACH = "; --people all measures each"

# The detector sometimes mistakes a hand or a lamp for a face. Faces seen in only one detection do not count.
_LOOKS = 2


class Change(NamedTuple):
    """A change to another face.

    Attributes
    ----------
    frame : int
        The first frame with the other face, counted from 0.
    other : bool
        Whether it is known to be another person, who was seen together with the first. Otherwise it may be the same
        person in another place.
    """

    frame: int
    other: bool


@dataclass
class FacesSeen:
    """The number of faces in the picture, and when another one was followed.

    Attributes
    ----------
    changes : list of Change
    """

    changes: list[Change] = field(default_factory=list)
    _looks: Counter[int] = field(default_factory=Counter)

    def count(self, faces: int) -> None:
        """Add the result of one detection."""
        self._looks[faces] += 1

    @property
    def at_once(self) -> int:
        """The most faces seen at once; those found in only one of several detections do not count."""
        return max((faces for faces in self._looks if self._at_least(faces) >= self.needed), default=0)

    @property
    def needed(self) -> int:
        """In how many detections a face must be found to count."""
        return min(_LOOKS, self._looks.total())

    def _at_least(self, faces: int) -> int:
        return sum(looks for seen, looks in self._looks.items() if seen >= faces)


def notes_of(seen: FacesSeen, fs: float) -> list[str]:
    """The `people_notes` of a tracked recording with this frame rate."""
    return people_notes(seen.at_once, [(change.frame / fs, change.other) for change in seen.changes])


def people_notes(at_once: int, changes: Sequence[tuple[float, bool]]) -> list[str]:
    """Describe other people in the picture.

    Parameters
    ----------
    at_once : int
        The most faces seen at once.
    changes : sequence of (float, bool)
        Time from which another face was followed, in seconds; and whether it is known to be another person's.

    Returns
    -------
    list of str
        Empty if only one face was seen throughout.

    Examples
    --------
    >>> people_notes(2, [(4.2, True)])[1]
    'from 4.2 s on another person was followed, since the first face had left; the rates mix both'
    """
    notes = []
    if at_once > 1:
        notes.append(f"{at_once} faces were detected at once; the largest was followed, and only this one was measured")
    return notes + change_notes(changes)


def change_notes(changes: Sequence[tuple[float, bool]]) -> list[str]:
    """Describe changes of the face that is followed, as `people_notes` does."""
    notes = []
    for time_s, other in changes[:_LISTED]:
        if other:
            notes.append(
                f"from {time_s:.1f} s on another person was followed, since the first face had left; the rates mix both"
            )
        else:
            notes.append(
                f"from {time_s:.1f} s on the face followed may be another person's: the previous face was lost"
            )
    if len(changes) > _LISTED:
        notes.append(f"the face followed changed {len(changes)} times in all; the first {_LISTED} are listed")
    return notes


def others_note(seen: int, measured: int) -> str:
    """Say how many people were seen of whom some were measured.

    Examples
    --------
    >>> others_note(3, 1)
    'the largest of 3 faces; --people all measures each'
    """
    which = "the largest" if measured == 1 else f"one of the {measured} largest"
    return f"{which} of {seen} faces{EACH}"
