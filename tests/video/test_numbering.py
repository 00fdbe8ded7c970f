"""Holes in the numbers of images."""

from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.encoding import encoded
from physiocam.video.numbering import places_by_number
from physiocam.video.reader import open_video

FS = 30.0


def places(names: list[str]) -> tuple[list[float], tuple[str, ...]]:
    found, notes = places_by_number(names, FS)
    return found.tolist(), notes


@pytest.mark.parametrize("pattern", ["frame_{:04d}.png", "{}.jpg", "cam2_{:06d}_left.PNG", "Image{:03d}.tif"])
@pytest.mark.parametrize(("start", "step"), [(0, 1), (1, 1), (7, 3), (1000, 10)])
def test_numbers_that_are_missing_are_holes(pattern: str, start: int, step: int) -> None:
    kept = [index for index in range(60) if index not in (20, 21, 22, 40, 51)]
    found, notes = places([pattern.format(start + step * index) for index in kept])
    assert found == kept
    after = pattern.format(start + step * 19)
    assert notes == (
        f"5 images are missing by the numbers in their names, the first after '{after}'; they count as gaps",
    )
    found, notes = places([pattern.format(start + step * index) for index in range(60)])
    assert (found, notes) == (list(range(60)), ())


@pytest.mark.parametrize("unit", [1e9, 1e6, 1e3])
def test_times_in_names_tell_holes_too(unit: float) -> None:
    random = np.random.default_rng(0)
    kept = [index for index in range(90) if index not in (30, 31, 32, 60)]
    times = 1392643993.642815 + np.arange(90) / FS + random.uniform(-0.004, 0.004, 90)
    found, notes = places([f"Image{int(times[index] * unit)}.png" for index in kept])
    assert found == kept
    assert notes[0].startswith("4 images are missing")


@pytest.mark.parametrize(
    "names",
    [
        ["a.png", "b.png", "c.png", "e.png"],
        ["1.png", "2.jpg", "x3.png", "9.png"],
        [f"clip{clip}_{index:03d}.png" for clip in (1, 2) for index in range(5)],
        [f"{index}.png" for index in (0, 2, 5, 7, 10, 12, 15, 17)],
        ["only.png"],
        ["1.png", "9.png"],
        [],
    ],
)
def test_names_that_say_nothing_of_holes_are_even(names: list[str]) -> None:
    found, notes = places_by_number(names, FS)
    assert found.tolist() == list(range(max(len(names), 1)))
    assert notes == ()


def test_uneven_numbers_are_told() -> None:
    found, notes = places([f"{index}.png" for index in (0, 1, 4, 11, 13, 40, 41, 57, 80, 95)])
    assert found == list(range(10))
    assert notes == ("the numbers in the images' names are uneven, so they say of none that it is missing",)


def test_numbers_that_jump_make_no_endless_gap() -> None:
    found, notes = places([f"{index}.png" for index in [*range(50), 10**18, 10**18 + 1]])
    assert found[-1] == 49 + 60 * FS + 1
    assert "each jump counts as a gap of 60 s" in notes[1]


def test_a_folder_with_holes_has_gaps_of_their_length(tmp_path: Path) -> None:
    kept = [*range(1, 31), *range(61, 91)]
    images = (np.full((32, 48, 3), number, np.uint8) for number in kept)
    for number, content in zip(kept, encoded(images, "png", "rgb24"), strict=True):
        (tmp_path / f"frame_{number:04d}.png").write_bytes(content)
    with open_video(tmp_path, fs=FS) as video:
        frames = list(video)
    assert len(frames) == 90
    levels = [None if frame.image is None else int(frame.image[0, 0, 0]) for frame in frames]
    assert levels[:30] == list(range(1, 31))
    assert levels[60:] == list(range(61, 91))
    assert levels[38:52] == [None] * 14
    assert "30 images are missing" in video.notes[0]
