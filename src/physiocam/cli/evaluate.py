"""`physiocam evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from physiocam.cli.console import complain, extra, interruptible, progress_bar
from physiocam.cli.options import SettingsName, SettingsOption, WeightsOption
from physiocam.errors import PhysiocamError
from physiocam.locks import alone_in

if TYPE_CHECKING:
    from physiocam.evaluation.predictions import Predictions


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
    window_s: Annotated[
        float | None, typer.Option("--window", metavar="SECONDS", help="Compare windows of this length.")
    ] = None,
) -> None:
    """Predict a store's recordings and compare with their sensors and codes (needs the `train` extra)."""
    with interruptible():
        from physiocam.evaluation.evaluate import evaluate
        from physiocam.evaluation.predictions import load_all_predictions
        from physiocam.evaluation.summary import to_markdown, write_evaluation
        from physiocam.signals.settings import SETTINGS

        with alone_in(output, "evaluating into"):
            if any(source.glob("*.npz")):
                predictions = load_all_predictions(source)
            else:
                predictions = _predict(source, output / "predictions", weights, method)
            found = evaluate(predictions, SETTINGS[settings.value], window_s)
            title = f"{source.name}, {method or weights}"
            write_evaluation(found, output, title)
            typer.echo(to_markdown(found, title))
            try:
                with extra("report", "drawing the plots"):
                    from physiocam.evaluation.plots import plot_rates, plot_units, plot_waveforms, save
            except PhysiocamError as error:
                complain(str(error))
            else:
                units = found.action_units
                for name, figure in (
                    ("rates.png", plot_rates(found, title)),
                    ("waveforms.png", plot_waveforms(predictions, SETTINGS[settings.value], title=title)),
                    ("action_units.png", plot_units(units, title) if units is not None else None),
                ):
                    if figure is not None:
                        save(figure, output / name)
        typer.echo(f"written to {output}")


def _predict(store: Path, folder: Path, weights: str, method: str | None) -> "list[Predictions]":
    from physiocam.signals.methods import classical_method
    from physiocam.weights.bundle import load_bundle

    with extra("train", "evaluating a store"):
        from physiocam.datasets.store import Store
        from physiocam.training.checks import check_bundle
    opened = Store(store)
    # PyTorch takes seconds to import: what cannot be evaluated is refused before.
    if method:
        classical_method(method)
    else:
        check_bundle(opened, load_bundle(weights).info)
    with extra("train", "evaluating a store"):
        from physiocam.evaluation.predict import predict_with_bundle, predict_with_method
    found = predict_with_method(method, opened) if method else predict_with_bundle(weights, opened)
    predictions = []
    with progress_bar(str(store)) as progress:
        frames, total = 0, sum(opened.recording(name).info.frames for name in opened.names())
        for one in found:
            one.save(folder)
            predictions.append(one)
            frames += len(next(iter(one.waveforms.values()), one.probabilities))
            progress(frames, total)
    return predictions
