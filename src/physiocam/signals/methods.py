"""The classical pulse methods by name."""

from physiocam.errors import PhysiocamError
from physiocam.signals.chrom import chrom
from physiocam.signals.colour_method import ColourMethod
from physiocam.signals.green import green
from physiocam.signals.ica import ica
from physiocam.signals.lgi import lgi
from physiocam.signals.omit import omit
from physiocam.signals.pbv import pbv
from physiocam.signals.pos import pos

METHODS: dict[str, ColourMethod] = {
    "pos": pos,
    "chrom": chrom,
    "green": green,
    "ica": ica,
    "pbv": pbv,
    "lgi": lgi,
    "omit": omit,
}


def classical_method(name: str) -> ColourMethod:
    """Return a classical method by its name.

    Parameters
    ----------
    name : str

    Returns
    -------
    ColourMethod

    Raises
    ------
    PhysiocamError
        If there is no method of this name; the message lists all.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise PhysiocamError(f"method is {name!r}; expected network, {', '.join(METHODS)}")
    return METHODS[name]
