"""What the pictures of an evaluation show is what was measured."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.patches import Rectangle

from physiocam.errors import DatasetError
from physiocam.evaluation.evaluate import Evaluation, RateComparison, evaluate
from physiocam.evaluation.plots import plot_rates, plot_units, plot_waveforms, save
from physiocam.evaluation.predictions import Predictions
from physiocam.evaluation.unit_scores import action_unit_scores
from physiocam.networks.action_units import AU_LABELS
from physiocam.signals.settings import SETTINGS

FS = 25.0
PREDICTED, TRUE = np.array([61.0, 72.0, 95.0, 80.0]), np.array([60.0, 70.0, 96.0, 84.0])


def compared() -> Evaluation:
    rows = [
        RateComparison(f"S{i}", f"S{i}", 0.0, float(p), float(t), 1.0, None, None)
        for i, (p, t) in enumerate(zip(PREDICTED, TRUE, strict=True))
    ]
    rows.append(RateComparison("S9", "S9", 0.0, None, 70.0, 0.0, None, None))
    return Evaluation("default", 5, None, None, {"heart": tuple(rows), "breathing": ()}, {}, {}, None)


def recording(name: str, sensor: bool = True) -> Predictions:
    time = np.arange(round(30 * FS)) / FS
    waves = {"pulse": np.sin(2 * np.pi * 1.2 * time), "respiration": np.sin(2 * np.pi * 0.25 * time)}
    return Predictions(
        name,
        name,
        FS,
        {task: np.diff(wave, append=np.nan) for task, wave in waves.items()},
        sensors=waves if sensor else {},
    )


def test_rates_are_drawn_against_the_sensor_and_as_bland_and_altman_do() -> None:
    figure = plot_rates(compared())
    assert figure is not None
    scatter, bland_altman = figure.axes
    points = np.asarray(scatter.collections[0].get_offsets())
    np.testing.assert_allclose(points, np.stack([TRUE, PREDICTED], axis=1))
    points = np.asarray(bland_altman.collections[0].get_offsets())
    np.testing.assert_allclose(points, np.stack([(PREDICTED + TRUE) / 2, PREDICTED - TRUE], axis=1))
    difference = PREDICTED - TRUE
    spread = 1.96 * difference.std(ddof=1)
    lines = [float(np.asarray(line.get_ydata())[0]) for line in bland_altman.lines]
    assert lines == pytest.approx([difference.mean(), difference.mean() + spread, difference.mean() - spread])


def test_plots_say_what_they_show_of_how_many_and_how_well_it_agrees() -> None:
    figure = plot_rates(compared(), "store $1, default")
    assert figure is not None
    assert figure.get_suptitle() == "store $1, default"
    scatter, bland_altman = figure.axes
    r = np.corrcoef(PREDICTED, TRUE)[0, 1]
    assert scatter.get_title() == f"n = 4 (1 without a rate), MAE 2.00 beats/min, r {r:.3f}"
    assert bland_altman.get_title().startswith("n = 4")
    assert (scatter.get_ylabel(), bland_altman.get_ylabel()) == (
        "predicted: heart rate (beats/min)",
        "predicted - sensor (beats/min)",
    )
    waves = plot_waveforms([recording("S0")], SETTINGS["paper"], title="a store")
    assert waves is not None
    assert waves.get_suptitle() == "a store"
    assert waves.axes[0].get_title(loc="right") == "r 1.00"
    true = np.arange(240).reshape(20, 12) % 5 == 0
    units = plot_units(action_unit_scores(true, true, np.ones_like(true), AU_LABELS), "a store")
    assert units.get_suptitle() == "a store"
    assert "n = 20 coded frames" in units.axes[0].get_title()


def test_bars_are_as_high_as_f1() -> None:
    random = np.random.default_rng(0)
    true, predicted = random.random((2, 400, 12)) < 0.3
    scores = action_unit_scores(predicted, true, np.ones_like(true), AU_LABELS)
    axes = plot_units(scores).axes[0]
    assert [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)] == pytest.approx(
        [unit.f1 for unit in scores.units.values()]
    )
    assert [label.get_text() for label in axes.get_xticklabels()] == list(AU_LABELS)
    shares = np.asarray(axes.collections[0].get_offsets())[:, 1]
    np.testing.assert_allclose(shares, 100 * true.mean(axis=0))


def test_waveforms_lie_over_the_sensors() -> None:
    figure = plot_waveforms([recording(f"S{i}") for i in range(5)], SETTINGS["paper"], recordings=2)
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "S0: pulse", "S1: pulse", "S0: respiration", "S1: respiration"
    ]  # fmt: skip
    for axes in figure.axes:
        sensor, predicted = (np.asarray(line.get_ydata()) for line in axes.lines)
        assert np.corrcoef(sensor, predicted)[0, 1] > 0.99
        assert np.ptp(np.asarray(axes.lines[0].get_xdata())) == pytest.approx(20, abs=0.1)


def test_nothing_to_draw_is_no_picture() -> None:
    assert plot_waveforms([recording("S0", sensor=False)], SETTINGS["paper"]) is None
    assert plot_rates(evaluate([recording("S0", sensor=False)], SETTINGS["paper"])) is None


def test_a_picture_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    figure = plot_rates(compared())
    assert figure is not None
    save(figure, tmp_path / "new" / "rates.png")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["rates.png"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="cannot write"):
        save(figure, tmp_path / "file" / "rates.png")
