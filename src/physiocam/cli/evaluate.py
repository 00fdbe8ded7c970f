"""`physiocam evaluate`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, extra, interruptible, progress_bar
from physiocam.cli.options import SettingsName, SettingsOption, WeightsOption
from physiocam.errors import PhysiocamError
from physiocam.foundation.locks import alone_in
from physiocam.readable import readable

if TYPE_CHECKING:
    from physiocam.datasets.store.store import Store
    from physiocam.evaluation.predictions import PredictionJob


def evaluate_command(
    source: Annotated[
        Path, typer.Argument(metavar="STORE|PREDICTIONS", help="A store, or a folder of predictions to evaluate again.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for predictions, tables and plots.")
    ],
    weights: WeightsOption = "default",
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="A classical method, such as pos, instead of a bundle.")
    ] = None,
    settings: SettingsOption = SettingsName.default,
    subjects: Annotated[
        str | None, typer.Option(metavar="A,B", help="Evaluate only the recordings of these subjects of the store.")
    ] = None,
    exclude_subjects: Annotated[
        str, typer.Option(metavar="A,B", help="Leave out these subjects, such as those of the training.")
    ] = "",
    against: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="An earlier evaluation of the same recordings, to compare with this one."),
    ] = None,
    window_s: Annotated[
        float | None, typer.Option("--window", metavar="SECONDS", help="Compare windows of this length.")
    ] = None,
    last_window: Annotated[
        bool, typer.Option("--last-window", help="Also compare a recording's last window if it is shorter.")
    ] = False,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="Where networks run: cpu, or a device of PyTorch such as cuda.")
    ] = "cpu",
) -> None:
    """Predict a store's recordings and compare with their sensors and codes (needs the `train` extra)."""
    with interruptible():
        from physiocam.evaluation.against import against as compared
        from physiocam.evaluation.against import read_evaluated
        from physiocam.evaluation.evaluate import evaluate
        from physiocam.evaluation.predictions import kept_predictions
        from physiocam.evaluation.summary import PICTURES, check_evaluation, to_markdown, write_evaluation, write_text
        from physiocam.signals.settings import SETTINGS

        # A wrong folder is noticed before the work.
        earlier = {} if against is None else read_evaluated(against)
        warnings: tuple[str, ...] = ()
        if not any(source.glob("*.npz")):
            opened, chosen = _chosen(source, _named(subjects), _named(exclude_subjects) or ())
            job = _of_store(opened, weights, method, SETTINGS[settings.value].every_phase, chosen, device)
            warnings = () if method else _trained_on(opened, weights, chosen)
        elif subjects is not None or exclude_subjects:
            raise PhysiocamError(f"'{source}' holds predictions; subjects are chosen when they are predicted")
        elif method is not None or weights != "default":
            raise PhysiocamError(f"'{source}' holds predictions; {method or weights!r} can predict a store only")
        else:
            job = kept_predictions(source)
        made_with = {**job.made_with, "settings": settings.value, "window": window_s, "last_window": last_window}
        with alone_in(output, "evaluating into"):
            check_evaluation(output, made_with)
            with progress_bar(str(source)) as progress:
                predictions = job.run(output / "predictions", progress)
            found = evaluate(
                predictions,
                SETTINGS[settings.value],
                window_s,
                job.not_predicted,
                keep_short=last_window,
                set_up=job.set_up,
            )
            found = replace(found, warnings=warnings)
            kept = source if any(source.glob("*.npz")) else output / "predictions"
            write_evaluation(found, output, job.title, made_with, {"predictions": readable(kept.resolve())})
            typer.echo(to_markdown(found, job.title))
            if against is not None:
                section = compared(found, earlier, str(against))
                write_text(output / "against.md", section)
                typer.echo(section)
            try:
                with extra("report", "drawing the plots"):
                    from physiocam.evaluation.plots import plot_rates, plot_units, plot_waveforms, save
            except PhysiocamError as error:
                complain(str(error))
            else:
                units = found.action_units
                figures = (
                    plot_rates(found, job.title),
                    plot_waveforms(predictions, SETTINGS[settings.value], title=job.title),
                    plot_units(units, job.title) if units is not None else None,
                )
                for name, figure in zip(PICTURES, figures, strict=True):
                    if figure is not None:
                        save(figure, output / name)
        typer.echo(f"written to {output}")


def _named(text: str | None) -> tuple[str, ...] | None:
    """The names of a list with commas."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def _chosen(path: Path, subjects: tuple[str, ...] | None, exclude: tuple[str, ...]) -> "tuple[Store, list[str]]":
    """The store, and its recordings of the chosen subjects."""
    with extra("train", "evaluating a store"):
        from physiocam.datasets.store.store import Store
        from physiocam.training.checks import subjects_among
    store = Store(path)
    people = subjects_among(store, subjects, exclude)
    return store, [name for name in store.names() if people is None or store.recording(name).info.subject in people]


def _trained_on(store: "Store", weights: str, chosen: list[str]) -> tuple[str, ...]:
    from physiocam.evaluation.trained_on import trained_on
    from physiocam.weights.bundle import load_bundle

    warning = trained_on(load_bundle(weights).info.provenance, store, chosen)
    if warning is None:
        return ()
    complain(warning)
    return (warning,)


def _of_store(
    opened: "Store", weights: str, method: str | None, as_measured: bool, chosen: list[str], device: str
) -> "PredictionJob":
    from physiocam.signals.methods import classical_method
    from physiocam.weights.bundle import load_bundle

    with extra("train", "evaluating a store"):
        from physiocam.training.checks import check_bundle
    # PyTorch takes seconds to import: what cannot be evaluated is refused before.
    if method:
        classical_method(method)
    else:
        check_bundle(opened, load_bundle(weights).info)
    with extra("train", "evaluating a store"):
        from physiocam.evaluation.predict import store_job
    return store_job(opened, weights, method, as_measured, chosen, device)
