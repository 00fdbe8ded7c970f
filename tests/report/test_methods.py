"""The methods paragraph: what a reader of a paper must know is in it, and what was not done is not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from physiocam.report.methods import methods_of
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import Face
from physiocam.signals.methods import METHODS

Make = Callable[..., Measurement]


def test_versions_weights_settings_and_sources_are_named(make_measurement: Make) -> None:
    methods = methods_of(make_measurement(hrv=True))
    said = " ".join(methods.paragraphs)
    for needed in ("physiocam 0.1.0", "0123456789abcdef" * 4, "0.7 to 3 Hz", "0.08 to 0.5 Hz", "85.0%", "SDNN"):
        assert needed in said
    assert {"Python", "numpy", "av", "onnxruntime"} <= {name for name, _ in methods.settings}
    for number, author in enumerate(("Narayanswamy", "Ekman", "Makowski", "Elgendi"), 1):
        assert author in methods.references[number - 1]
        assert f"[{number}]" in said


def test_the_references_own_settings_cite_their_detrending(make_measurement: Make) -> None:
    methods = methods_of(make_measurement(settings="paper"))
    assert "lambda 100" in methods.paragraphs[1]
    assert any("Tarvainen" in reference for reference in methods.references)
    assert "SDNN" not in " ".join(methods.paragraphs)


@pytest.mark.parametrize("method", METHODS)
def test_a_classical_method_is_cited_and_measures_the_heart_alone(method: str, make_measurement: Make) -> None:
    measurement = replace(make_measurement(), method=method, weights=None, action_units={})
    methods = methods_of(measurement)
    said = " ".join(methods.paragraphs)
    assert f"method {method.upper()} [1]" in said
    assert "Breathing" not in said
    assert len(methods.references) == 1
    assert "(20" in methods.references[0]
    assert len(methods.references[0]) > 60


@pytest.mark.parametrize(("choice", "words"), [("center", "in the middle"), ("10,20,64", "at 10,20,64 (x, y, size)")])
def test_a_fixed_square_is_no_found_face(choice: str, words: str, make_measurement: Make) -> None:
    said = methods_of(replace(make_measurement(), face=Face(1.0, choice))).paragraphs[0]
    assert words in said
    assert "RFB-320" not in said


def test_a_quality_that_is_a_probability_is_called_one(make_measurement: Make) -> None:
    measurement = make_measurement()
    spectral = methods_of(measurement).paragraphs[1]
    assert "quality under 0.12" in spectral
    assert "probability" not in spectral
    judged = replace(measurement, heart_rate=replace(measurement.heart_rate, interval=(60.0, 80.0)))
    said = methods_of(judged).paragraphs[1]
    assert "quality under 0.5 were withheld. Breathing rate" in said
    assert "quality under 0.1 were withheld. The quality of the heart rate" in said
    assert "probability that it lies within 3 beats/min" in said
    assert "The quality of the breathing rate" in said
    both = replace(judged, breathing_rate=replace(measurement.breathing_rate, interval=(10.0, 20.0)))
    said = methods_of(both).paragraphs[1]
    assert "quality under 0.5 were withheld." in said
    assert "quality under 0.8 were withheld." in said
    assert "probability that it lies within 3 breaths/min" in said
    assert "share of the band's power" not in said
    alone = methods_of(replace(both, heart_rate=measurement.heart_rate)).paragraphs[1]
    assert "The quality of the heart rate, 0 to 1, is the share of the band's power" in alone
    assert "3 beats/min" not in alone
