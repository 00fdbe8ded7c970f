"""Many items worked on: every one has its outcome, whatever happens to the others."""

import math

import pytest

from physiocam.errors import PhysiocamError
from physiocam.foundation import parallel as jobs
from physiocam.foundation.parallel import Outcome, run_jobs

# Python code is an item here: `eval` is a function that every process knows.
SUICIDE = "__import__('os')._exit(1)"


def test_here_one_after_the_other() -> None:
    outcomes = list(run_jobs(math.sqrt, [4.0, -1.0, 9.0]))
    assert outcomes == [Outcome(0, 2.0), outcomes[1], Outcome(2, 3.0)]
    assert outcomes[1].error is not None
    assert outcomes[1].error.startswith("unexpected ValueError: ")


def test_an_expected_error_is_told_in_its_own_words() -> None:
    def refuse(item: int) -> int:
        raise PhysiocamError(f"{item} is odd; expected an even number")

    assert list(run_jobs(refuse, [3])) == [Outcome(0, None, "3 is odd; expected an even number")]


def test_on_two_processes_a_death_ends_nothing_but_itself() -> None:
    pytest.importorskip("joblib")
    items = ["1", SUICIDE, "2", "1 / 0", "3", SUICIDE, "4"]
    outcomes = {outcome.index: outcome for outcome in run_jobs(eval, items, jobs=2)}
    assert [outcomes[index].result for index in range(len(items))] == [1, None, 2, None, 3, None, 4]
    assert "ended (out of memory, or a crash?)" in str(outcomes[1].error)
    assert outcomes[3].error == "unexpected ZeroDivisionError: division by zero"
    assert outcomes[5].error is not None


def test_nothing_to_do_is_nothing() -> None:
    assert list(run_jobs(math.sqrt, [], jobs=2)) == []


def test_no_jobs_are_refused() -> None:
    with pytest.raises(PhysiocamError, match="expected a whole number of 1 or more"):
        list(run_jobs(math.sqrt, [1.0], jobs=0))


def test_a_scheduler_that_is_not_there_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.distributed")
    monkeypatch.setattr(jobs, "_SCHEDULER_S", 1)
    with pytest.raises(PhysiocamError, match=r"no dask scheduler answers at 'tcp://127.0.0.1:9'"):
        list(run_jobs(math.sqrt, [1.0], scheduler="tcp://127.0.0.1:9"))
