"""Items evenly spread over a stream of unknown length, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from physiocam.report.even_sample import EvenChoice


@given(length=st.integers(0, 5000), wanted=st.integers(1, 20))
def test_choices_are_evenly_spread(length: int, wanted: int) -> None:
    choice: EvenChoice[int] = EvenChoice(wanted)
    most = 0
    for item in range(length):
        choice.offer(item)
        most = max(most, len(choice.candidates))
    assert most <= 16 * wanted
    chosen = choice.chosen()
    assert len(chosen) == len(set(chosen)) == min(length, wanted)
    spacing = length / max(len(chosen), 1)
    for index, item in enumerate(chosen):
        assert abs(item - (index + 0.5) * spacing) <= 1.0 + spacing / 4


def test_few_items_are_all_chosen_in_order() -> None:
    choice: EvenChoice[str] = EvenChoice(5)
    for item in "abc":
        choice.offer(item)
    assert choice.chosen() == ["a", "b", "c"]
