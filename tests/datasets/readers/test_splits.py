import pytest

from physiocam.datasets.readers.splits import published_split
from physiocam.errors import DatasetError


def test_everybody_is_in_one_part_at_most() -> None:
    for name, sizes in {"paper": [44, 45, 47], "release": [46, 46, 47]}.items():
        parts = published_split("bp4d", name)
        assert [len(part) for part in parts] == sizes
        assert len({subject for part in parts for subject in part}) == sum(sizes)


def test_the_release_adds_three_subjects() -> None:
    added = [
        set(ours) - set(theirs)
        for ours, theirs in zip(published_split(), published_split("bp4d", "paper"), strict=True)
    ]
    assert added == [{"F006", "M028"}, {"M016"}, set()]
    assert published_split("bp4d-au") == published_split("bp4d")


def test_unknown_splits_are_named() -> None:
    with pytest.raises(DatasetError, match="known are paper, release"):
        published_split("bp4d", "mine")
    with pytest.raises(DatasetError, match="'pure' was published; there are splits for bp4d"):
        published_split("pure")
