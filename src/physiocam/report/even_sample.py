"""A few items, evenly spread over a stream of unknown length."""

from typing import Generic, TypeVar

Item = TypeVar("Item")

# Candidates per wanted item. At least half as many are kept, so a choice is off by at most a sixteenth of the spacing.
_SPARE = 16


class EvenChoice(Generic[Item]):
    """Keeps a limited number of candidates from a stream, always evenly spread.

    Parameters
    ----------
    wanted : int
        How many items are to be chosen in the end.

    Attributes
    ----------
    candidates : list
        What is kept so far, in order.
    """

    def __init__(self, wanted: int) -> None:
        self.candidates: list[Item] = []
        self._wanted = wanted
        self._step = 1
        self._offered = 0

    def offer(self, item: Item) -> None:
        """Take the next item of the stream, or leave it."""
        if self._offered % self._step == 0:
            self.candidates.append(item)
        self._offered += 1
        if len(self.candidates) > _SPARE * self._wanted:
            # The remaining candidates, and those to come, are twice as far apart.
            self.candidates = self.candidates[::2]
            self._step *= 2

    def chosen(self) -> list[Item]:
        """Return the wanted number of candidates, each from the middle of its share of the stream, or all if fewer."""
        count = min(self._wanted, len(self.candidates))
        return [self.candidates[int((i + 0.5) * len(self.candidates) / count)] for i in range(count)]
