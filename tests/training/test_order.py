"""The order of clips: the same for the same seed, shared among processes, resumed anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from physiocam.training.order import ClipOrder


def epoch(clips: int, batch: int, number: int = 0, rank: int = 0, ranks: int = 1, done: int = 0) -> list[int]:
    order = ClipOrder(clips, batch, seed=7)
    order.share(rank, ranks)
    order.set_epoch(number)
    order.resume(number, done)
    return list(order)


@given(clips=st.integers(1, 60), batch=st.integers(1, 20), number=st.integers(0, 3))
def test_an_epoch_sees_every_clip_once(clips: int, batch: int, number: int) -> None:
    assert sorted(epoch(clips, batch, number)) == list(range(clips))
    assert epoch(clips, batch, number) == epoch(clips, batch, number)


def test_epochs_differ() -> None:
    assert epoch(50, 5, 0) != epoch(50, 5, 1)


@given(clips=st.integers(1, 60), batch=st.integers(1, 20), data=st.data())
def test_a_resumed_epoch_is_the_rest_of_the_whole(clips: int, batch: int, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, clips // batch))
    assert epoch(clips, batch, done=done) == epoch(clips, batch)[done * batch :]


@given(clips=st.integers(1, 80), share=st.integers(1, 6), ranks=st.integers(2, 4))
def test_processes_share_each_batch(clips: int, share: int, ranks: int) -> None:
    batch = share * ranks
    parts = [epoch(clips, batch, rank=rank, ranks=ranks) for rank in range(ranks)]
    together = []
    for start in range(0, len(parts[0]), share):
        together += [clip for part in parts for clip in part[start : start + share]]
    # Only a batch that is too small for a clip each is left out.
    rest = clips % batch
    assert together == epoch(clips, batch)[: clips - (rest if rest < ranks else 0)]
    for rank, part in enumerate(parts):
        order = ClipOrder(clips, batch, seed=7)
        order.share(rank, ranks)
        assert len(order) == len(part)
        assert -(-len(part) // share) == order.batches  # all take the same number of steps
