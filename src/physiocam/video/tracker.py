"""One steady square per frame: where the face is, and since when it is lost."""

import numpy as np
from numpy.typing import NDArray

from physiocam.video.face import MIN_SCORE, FaceBox, FaceDetector
from physiocam.video.followed_face import (
    HELD_OVERLAP,
    HELD_SCORE,
    HOLD_S,
    SEARCH_S,
    FollowedFace,
    Thumbnail,
    apart,
    same_face,
)
from physiocam.video.levels import Image
from physiocam.video.locators import Square
from physiocam.video.people import Change, FacesSeen


class FaceTracker:
    """Follows one face with a detection about once a second, and holds the square still in between.

    The largest face is chosen first; after that the one that overlaps it best, whoever else enters. It is lost only
    when two detections, a fifth of a second apart, do not see it in its place; then the largest face is chosen again.
    The frames since it was last seen are then set to not found, and `seen.changes` records whether the new face may be
    another person's.

    Parameters
    ----------
    fs : float
        Frames per second.
    crop_factor : float
        Side of the square, as a multiple of the longer side of the face's box.
    detector : FaceDetector, optional
    """

    def __init__(self, fs: float, crop_factor: float = 1.0, detector: FaceDetector | None = None) -> None:
        self.found: list[bool] = []
        self.seen = FacesSeen()
        self._detector = detector or FaceDetector()
        self._face = FollowedFace(crop_factor)
        self._hold = max(round(HOLD_S * fs), 1)
        self._search = max(round(SEARCH_S * fs), 1)
        self._frames = 0
        self._next_look = 0
        self._box: FaceBox | None = None
        # Place of the lost face, and the other faces when it was last seen.
        self._lost: FaceBox | None = None
        self._others: list[FaceBox] = []
        self._last_seen = 0
        self._missed = False
        # Frames since the last detection, about five per second, to find out later when a face was lost.
        self._recent: list[tuple[int, Thumbnail]] = []

    def end_scene(self) -> None:
        """Note that another scene begins with the next frame: the largest face there is followed, whoever it is."""
        if self._missed:
            self._lose(self._frames)
        self._face.forget()
        self._box = self._lost = None
        self._missed = False
        self._recent.clear()
        self._next_look = 0

    def locate(self, image: Image | None) -> Square | None:
        """Return the square of the face, or None."""
        index = self._frames
        self._frames += 1
        if image is None:
            self.found.append(False)
            return None
        if index >= self._next_look:
            steady = self._look(index, np.asarray(image))
            self._next_look = index + (self._hold if steady else self._search)
        elif self._box is not None and not self._missed and index % self._search == 0:
            self._recent.append((index, Thumbnail.of(image)))
        self.found.append(self._box is not None)
        return self._face.square if self._box is not None else None

    def _look(self, index: int, image: NDArray[np.uint8]) -> bool:
        """Detect the face in this frame; return whether nothing has changed."""
        faces = self._detector.detect(image, MIN_SCORE if self._box is None else HELD_SCORE)
        sure = [face for face in faces if face.score >= MIN_SCORE]
        self.seen.count(len(apart(sure)))
        if self._box is not None:
            seen = same_face(self._box, faces)
            if seen is None and not self._missed:
                # The detector may miss a face once, and another person must not take over because of that.
                self._missed = True
                return False
            if seen is None:
                self._lose(index)
            self._box = seen
        self._missed = False
        self._recent.clear()
        if self._box is None and sure:
            self._box = sure[0]
            self._take_anew(index)
        if self._box is None:
            return False
        self._last_seen = index
        self._others = [face for face in sure if face is not self._box]
        return self._face.follow(self._box, image)

    def _lose(self, before: int) -> None:
        """Mark the frames since the face was last seen, up to this one, and forget its place."""
        assert self._box is not None
        for index, thumbnail in reversed(self._recent):
            if same_face(self._box, thumbnail.detect(self._detector)) is not None:
                self._last_seen = index
                break
        gone = min(before - (self._last_seen + 1), len(self.found))
        self.found[len(self.found) - gone :] = [False] * gone
        self._face.forget()
        self._lost = self._box

    def _take_anew(self, index: int) -> None:
        """Record whether the face that is chosen now may be another person's than the lost one."""
        assert self._box is not None
        if self._lost is not None:
            other = same_face(self._box, self._others) is not None
            if other or self._lost.overlap(self._box) < HELD_OVERLAP:
                self.seen.changes.append(Change(index, other))
        self._lost = None
