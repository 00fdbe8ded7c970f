"""Published divisions of a data set's subjects into parts for cross-validation."""

import tomllib
from functools import cache
from importlib.resources import files

from physiocam.errors import DatasetError

Split = tuple[tuple[str, ...], ...]


def published_split(dataset: str = "bp4d", name: str = "release") -> Split:
    """Look up who is tested together.

    Parameters
    ----------
    dataset : str
        "bp4d", which serves "bp4d-au" too.
    name : str
        For BP4D+ "paper", the lists printed in appendix D, or "release", those of the authors' code, which name three
        subjects more. Neither names F082.

    Returns
    -------
    tuple of tuple of str
        Subjects of each part; each is tested on once while the others are trained on.

    Raises
    ------
    DatasetError
        If no such division was published.
    """
    known = _published()
    splits = known.get(dataset.removesuffix("-au"))
    if splits is None:
        raise DatasetError(f"no subject split of '{dataset}' was published; there are splits for {', '.join(known)}")
    if name not in splits:
        raise DatasetError(f"unknown subject split '{name}' of {dataset}; known are {', '.join(sorted(splits))}")
    return splits[name]


@cache
def _published() -> dict[str, dict[str, Split]]:
    return {
        path.name.removesuffix(".toml"): {
            name: tuple(tuple(part) for part in parts) for name, parts in tomllib.loads(path.read_text()).items()
        }
        for path in files("physiocam.datasets.readers").joinpath("splits").iterdir()
        if path.name.endswith(".toml")
    }
