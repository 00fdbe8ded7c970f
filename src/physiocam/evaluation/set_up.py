"""How recordings that are tested differ from those that networks were trained on."""

from physiocam.datasets.store.store import Store
from physiocam.inputs.crop import Cut


def cut_differences(trained: Cut, store: Store) -> tuple[str, ...]:
    """Compare how faces were cut out; one line for each difference.

    Parameters
    ----------
    trained : Cut
        Of the networks.
    store : Store
        That is tested.

    Returns
    -------
    tuple of str
        Empty if they are alike.
    """
    lines = []
    if str(trained) != str(tested := store.cut()):
        lines.append(f"the networks were trained on {trained}, and '{store.path.name}' holds {tested}")
    if len(squares := store.squares()) > 1:
        kinds = ", ".join(f"{kind} in {number}" for kind, number in sorted(squares.items()))
        lines.append(f"recordings of '{store.path.name}' were cut out differently: {kinds}")
    return tuple(lines)
