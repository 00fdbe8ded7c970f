"""The paper's published figures, as data."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Four = tuple[float, float, float, float]
Two = tuple[float, float]


class PublishedRow(BaseModel):
    """One row.

    Attributes
    ----------
    name : str
    methods : tuple of str
        Presets of the network registry, or a classical method; several if each was trained for one task.
    heart, breathing : tuple of float or None
        MAE, RMSE (per minute), MAPE (%) and Pearson's r.
    au : tuple of float or None
        Mean F1 and accuracy (%).
    units : dict of str to float
        F1 (%) by label.
    cost : tuple of float or None
        FLOPs per frame and parameters of each of the networks, in millions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    methods: Annotated[tuple[str, ...], Field(min_length=1)]
    heart: Four | None = None
    breathing: Four | None = None
    au: Two | None = None
    units: dict[str, float] = {}
    cost: Two | None = None


class PublishedTable(BaseModel):
    """One table.

    Attributes
    ----------
    title, run, source : str
        What is compared, on which data by the paper, and where it is printed.
    note : str or None
        What a reader should know about these figures.
    rows : tuple of PublishedRow
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    run: str
    source: str
    note: str | None = None
    rows: Annotated[tuple[PublishedRow, ...], Field(min_length=1)]


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """Return all tables by name: "table1", ..., "table3-pure", "table3-ubfc", ..., "table7"."""
    text = files("physiocam.reproduce").joinpath("paper.toml").read_text(encoding="utf-8")
    return {name: PublishedTable.model_validate(values) for name, values in tomllib.loads(text).items()}
