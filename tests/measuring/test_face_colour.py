"""Exchanged red and blue are noticed on faces of any skin, and skin under blue light is not taken for it."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.measuring.face_colour import SWAPPED, FaceColour
from physiocam.synthetic.recordings import settings_of, synthetic_entries
from physiocam.video.face_source import face_locator
from physiocam.video.locators import Square
from physiocam.video.reader import open_video

Frames = list[NDArray[np.uint8]]


def drawn(seed: int, difficulty: str = "middle") -> Frames:
    settings = replace(settings_of(difficulty), duration_s=1.0, width=320, height=240)
    return list(synthetic_entries(1, seed, settings)[0].scene().frames())


def exchanged(frames: Iterable[NDArray[np.uint8]]) -> Frames:
    return [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]


def lit(frames: Frames, red: float, green: float, blue: float) -> Frames:
    """The frames under a light of another colour."""
    return [
        np.rint(255 * np.clip((frame / 255) ** 2.2 * (red, green, blue), 0, 1) ** (1 / 2.2)).astype(np.uint8)
        for frame in frames
    ]


def noted(frames: Frames) -> bool:
    locator, colour = face_locator("auto", 30.0, 1.0), FaceColour(1.0)
    for frame in frames:
        colour.add(frame, locator.locate(frame))
    assert np.mean(locator.found) > 0.9
    return colour.notes() == (SWAPPED,)


@pytest.mark.parametrize("seed", range(6))
def test_drawn_people_of_any_skin(seed: int) -> None:
    frames = drawn(seed)
    assert not noted(frames)
    assert noted(exchanged(frames))
    # A screen in the dark, and a coloured lamp.
    assert not noted(lit(frames, 0.35, 0.6, 1.4))
    assert not noted(lit(frames, 0.15, 0.3, 1.0))


@pytest.mark.parametrize(
    "name",
    ["vitallens_1/video.mp4", "clips/single_face.mp4", "real_faces/clm_cap12.mp4", "real_faces/proctor_center.mp4"],
)
def test_filmed_people(name: str, shared: Path) -> None:
    with open_video(shared / "data" / name) as video:
        frames = [frame.image[::2, ::2] for frame in islice(video, 60) if frame.image is not None]
    assert not noted(frames)
    assert noted(exchanged(frames))
    assert not noted(lit(frames, 0.35, 0.6, 1.4))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_what_has_no_colour_has_no_note(value: int) -> None:
    colour = FaceColour(1.0)
    for _ in range(100):
        colour.add(np.full((60, 60, 3), value, np.uint8), Square(0, 0, 60))
        colour.add(np.full((60, 60, 3), value, np.uint8), None)
        # A square that reaches out of the picture, and one smaller than its places.
        colour.add(np.full((60, 60, 3), value, np.uint8), Square(-10, 30, 60))
        colour.add(np.full((60, 60, 3), value, np.uint8), Square(5, 5, 4))
    assert colour.notes() == ()


def test_arrays_and_streams_have_the_note() -> None:
    frames = drawn(1)
    for shown, expected in ((frames, ()), (exchanged(frames), (SWAPPED,))):
        assert physiocam.measure(np.stack(shown), fs=30.0, threads=1).notes == expected
        assert physiocam.measure(np.stack(shown), fs=30.0, method="pos").notes == expected
        stream = physiocam.Stream(threads=1)
        for frame in shown:
            stream.push(frame)
        assert stream.measurement().notes == expected
        stream.reset()
        assert stream.measurement().notes == ()
