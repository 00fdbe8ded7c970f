"""`physiocam models`."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import console, extra

if TYPE_CHECKING:
    from physiocam.networks.complexity import Cost

_UNEXPLAINED = (
    "unexplained: no rule is known that gives the paper's figures of networks with one Big frame a clip as well as its "
    "other three, which follow exactly."
)


@dataclass(frozen=True)
class _Model:
    """A row: what is counted here and what was published; operations in millions."""

    name: str
    tasks: tuple[str, ...]
    parameters: int
    macs_per_frame: float
    macs_per_clip: float
    paper_rule_per_frame: float
    published_flops_per_frame: float | None
    published_parameters: float | None
    published_in: str | None
    note: str


def models_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all digits.")] = False,
) -> None:
    """List every network with its cost, the paper's figures beside it (needs the `train` extra).

    Multiply-accumulate operations (MACs) are counted for a frame and for a clip; "paper's rule" counts what the paper
    calls FLOPs a frame, "published" is what it printed.
    """
    with extra("train", "counting what networks cost"):
        models = _models()
    if as_json:
        typer.echo(json.dumps([asdict(model) for model in models], indent=2))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("parameters (paper)", justify="right", no_wrap=True)
    for title in ("MACs/frame", "MACs/clip", "paper's rule", "published"):
        table.add_column(title, justify="right")
    table.add_column("in")
    table.add_column("note")
    for model in models:
        published = model.published_flops_per_frame
        table.add_row(
            model.name,
            _parameters(model),
            f"{model.macs_per_frame:,.2f} M",
            f"{model.macs_per_clip:,.2f} M",
            f"{model.paper_rule_per_frame:,.2f} M",
            "" if published is None else f"{published:,.2f} M",
            (model.published_in or "").rpartition(", ")[2],
            model.note,
        )
    out = console()
    out.print(table)
    out.print(f"\n{_UNEXPLAINED}")


def _parameters(model: _Model) -> str:
    published = "" if model.published_parameters is None else f"({model.published_parameters:.2f} M)"
    return f"{model.parameters:,} {published:8}"


def _models() -> list[_Model]:
    from physiocam.networks.complexity import cost
    from physiocam.networks.registry import preset, preset_names
    from physiocam.reproduce.published import published_tables

    published: dict[str, tuple[str, float, float]] = {}
    for table in published_tables().values():
        for row in table.rows:
            if row.cost:
                for method in row.methods:
                    published.setdefault(method, (table.source, *row.cost))
    models = []
    for name in preset_names():
        config = preset(name)
        counted = cost(config)
        source, flops, parameters = published.get(name, (None, None, None))
        models.append(
            _Model(
                name=name,
                tasks=tuple(task.name for task in config.tasks),
                parameters=counted.parameters,
                macs_per_frame=counted.macs_per_frame / 1e6,
                macs_per_clip=counted.macs_per_clip / 1e6,
                paper_rule_per_frame=counted.paper_flops_per_frame / 1e6,
                published_flops_per_frame=flops,
                published_parameters=parameters,
                published_in=source,
                note="" if flops is None else _note(counted, flops),
            )
        )
    return models


def _note(counted: "Cost", published: float) -> str:
    ours = round(counted.paper_flops_per_frame / 1e6, 2)
    return "as published" if ours == published else f"{ours / published - 1:+.1%}, unexplained"
