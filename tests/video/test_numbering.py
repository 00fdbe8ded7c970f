"""Holes in the numbers of images."""

from pathlib import Path

import numpy as np
import pytest

from physiocam.synthetic.encoding import encoded
from physiocam.video.numbering import natural_order, places_by_number
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
    assert notes == ("the numbers in the images' names are uneven, so missing images cannot be recognized",)


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


def grouped(groups: int, length: int, pattern: str) -> list[str]:
    return [pattern.format(index // length, index % length) for index in range(groups * length)]


RESTARTING = [
    grouped(10, 24, "img_12-00-{:02d}.{:02d}.jpg"),
    grouped(3, 100, "c{}_{:03d}.jpg")[:240],
    grouped(4, 60, "take{:d}_shot1_{:d}_left.png"),
    [f"v_{t // 60:02d}m{t % 60:02d}s.png" for t in range(50, 290)],
    [f"12-{59 + t // 60000:02d}-{t // 1000 % 60:02d}.{t % 1000:03d}.png" for t in range(50_010, 58_000, 33)][:240],
]


@pytest.mark.parametrize("names", RESTARTING, ids=lambda names: names[0])
@pytest.mark.parametrize("gone", [(), (5, 30, 31)])
def test_numbers_that_start_again_tell_holes_too(names: list[str], gone: tuple[int, ...]) -> None:
    kept = [index for index in range(len(names)) if index not in gone]
    found, notes = places([names[index] for index in kept])
    assert found == kept
    assert [note.split(" by ")[0] for note in notes] == (["3 images are missing"] if gone else [])


@pytest.mark.parametrize("gone", [range(23, 24), range(24, 25), range(40, 50), range(48, 72), range(60, 80)])
def test_a_hole_where_the_numbers_start_again_is_as_long_as_the_others_say(gone: range) -> None:
    kept = [index for index in range(240) if index not in gone]
    found, notes = places([RESTARTING[0][index] for index in kept])
    assert found == kept
    assert len(notes) == 1


def test_groups_of_other_lengths_do_not_say_what_is_between_them() -> None:
    names = [f"c{clip}_{index:03d}.png" for clip, length in enumerate((40, 55, 61, 30)) for index in range(length)]
    found, notes = places(names)
    assert found == list(range(len(names)))
    assert notes == ("the names of the images do not say whether some are missing where their numbers restart",)
    found, notes = places([name for name in names if name != "c1_010.png"])
    assert len(found) == found[-1] == len(names) - 1
    assert notes[0].startswith("1 images are missing")


@pytest.mark.parametrize(
    "names", [["a.png", "b.png", "c.png", "e.png"], ["1.png", "x2.jpg", "y3.png", "9.png"], ["1.jpg", "1.png", "2.jpg"]]
)
def test_names_without_order_are_noted(names: list[str]) -> None:
    assert places(names) == (list(range(len(names))), ("the names of the images do not say whether some are missing",))


@pytest.mark.parametrize("odd", [["f0005 copy.jpg"], ["cover.png"], ["f0005 copy.jpg", "f0006 (1).jpg", "zz.jpg"]])
def test_images_with_names_of_their_own_are_noted(odd: list[str]) -> None:
    names = natural_order([f"f{index:04d}.jpg" for index in range(60) if index != 30] + odd)
    found, notes = places(names)
    assert found[-1] == 60 + len(odd) - 1
    assert "1 images are missing" in notes[0]
    first = next(name for name in names if name in odd)
    assert notes[1].endswith(f"not named like the rest, first '{first}'; each counts as a frame")


@pytest.mark.parametrize("pattern", ["frame{}.jpg", "{}.png", "cam2_{}_left.png"])
def test_negative_numbers_come_first(pattern: str) -> None:
    names = [pattern.format(number) for number in range(-100, 140)]
    assert natural_order(reversed(names)) == names
    assert places(names) == (list(range(240)), ())
    assert places(names[:50] + names[52:])[0][-1] == 239


@pytest.mark.parametrize("pattern", ["frame-{}.jpg", "-{}.png", "a-1-{}.png"])
def test_a_dash_in_every_name_is_no_sign(pattern: str) -> None:
    names = [pattern.format(number) for number in range(140)]
    assert natural_order(reversed(names)) == names
    assert places(names) == (list(range(140)), ())


def test_numbers_that_no_machine_holds_count() -> None:
    assert places([f"{10**30 * index}.png" for index in (0, 1, 2, 4, 5, 6)])[0] == [0, 1, 2, 4, 5, 6]
