"""How a measurement is printed on the terminal."""

from dataclasses import replace

import numpy as np
import pytest

from physiocam import measure
from physiocam.cli import summary
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import Rate

REASON = "no steady pulse stands out from the noise"


@pytest.fixture(scope="module")
def faceless() -> Measurement:
    return measure(np.full((30, 48, 48, 3), 128, np.uint8), fs=30.0, threads=1)


def shown(measurement: Measurement, capsys: pytest.CaptureFixture[str]) -> str:
    summary.show(measurement, None)
    return " ".join(capsys.readouterr().out.split())


def test_a_guess_is_next_to_the_reason_and_not_to_be_relied_on(
    faceless: Measurement, capsys: pytest.CaptureFixture[str]
) -> None:
    guessed = Rate(None, "beats/min", 0.05, REASON, 72.34)
    said = shown(replace(faceless, heart_rate=guessed), capsys)
    assert f"heart rate not measured: {REASON}; best guess 72.3 beats/min, not to be relied on" in said
    assert said.count("guess") == 1  # not for breathing, where no face was found
    said = shown(replace(faceless, heart_rate=replace(guessed, interval=(60.0, 81.04))), capsys)
    assert "best guess 72.3 beats/min (80 %: 60.0 to 81.0), not to be relied on" in said


def test_units_of_a_face_that_is_turned_away_are_not_missing_for_want_of_a_face(
    faceless: Measurement, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "action units not measured: no face was found" in shown(faceless, capsys)
    turned = replace(faceless, face_found=np.ones(30, bool))
    assert "action units not measured: the face is turned away" in shown(turned, capsys)
    assert "(the face is turned away)" in str(turned)


def test_an_interval_is_next_to_the_value(faceless: Measurement, capsys: pytest.CaptureFixture[str]) -> None:
    rate = Rate(72.34, "beats/min", 0.83, None)
    assert "heart rate 72.3 beats/min quality 0.83" in shown(replace(faceless, heart_rate=rate), capsys)
    said = shown(replace(faceless, heart_rate=replace(rate, interval=(70.94, 73.8))), capsys)
    assert "heart rate 72.3 beats/min (80 %: 70.9 to 73.8) quality 0.83" in said
    assert "guess" not in said
