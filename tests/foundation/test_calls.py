"""Several calls at a time."""

from threading import Barrier

import pytest

from physiocam.foundation.calls import Calls


def test_calls_go_on_at_a_time_and_results_stay_in_order() -> None:
    both = Barrier(2, timeout=10)

    def meet(number: int) -> int:
        both.wait()
        return number

    assert Calls(2).run([lambda: meet(1), lambda: meet(2)]) == [1, 2]


def test_one_thread_is_the_callers() -> None:
    order: list[int] = []
    Calls(1).run([lambda: order.append(1), lambda: order.append(2)])
    assert order == [1, 2]


def test_an_error_is_raised_after_all_have_ended() -> None:
    ended: list[int] = []

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        Calls(2).run([fail, lambda: ended.append(2), lambda: ended.append(3)])
    assert sorted(ended) == [2, 3]
