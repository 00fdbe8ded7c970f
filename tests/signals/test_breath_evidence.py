"""How far a breathing rate is trusted, and by what."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from physiocam.signals.breath_evidence import (
    BREATH_EVIDENCE,
    BreathConfidence,
    breath_evidence,
    rhythm_of,
    shoulders_of,
)
from physiocam.signals.judging import Candidate
from physiocam.signals.rate import Rate, estimate_rate, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.signals.shoulder_judge import ShoulderJudge

FS = 25.0
DEFAULT = SETTINGS["default"]


def model(bias: float = 0.0, **weights: float) -> BreathConfidence:
    """A model that weighs some evidence by itself."""
    none, one = (0.0,) * len(BREATH_EVIDENCE), (1.0,) * len(BREATH_EVIDENCE)
    return BreathConfidence(
        evidence=BREATH_EVIDENCE, centre=none, scale=one,
        weight=tuple(weights.get(name, 0.0) for name in BREATH_EVIDENCE), bias=bias, widths=((0.0, 12.0), (1.0, 1.0)),
    )  # fmt: skip


def swing(rate: float, amplitude: float, seconds: float = 40.0, phase: float = 0.0) -> NDArray[np.float64]:
    """Changes to the next frame of a wave with this many cycles a minute."""
    time = np.arange(round(seconds * FS) + 1) / FS
    return np.diff(amplitude * np.sin(2 * np.pi * rate / 60 * time + phase))


def noise(much: float, seed: int, seconds: float = 40.0) -> NDArray[np.float64]:
    return much * np.random.default_rng(seed).standard_normal(round(seconds * FS))


def shifts(body: NDArray[np.float64], above: NDArray[np.float64] | float = 0.0) -> NDArray[np.float64]:
    return np.column_stack([body, above + noise(1e-5, 3, len(body) / FS)])


def evidence(network: NDArray[np.float64], table: NDArray[np.float64], rate: float = 16.0) -> dict[str, float]:
    frequencies = np.linspace(0.1, 0.6, 251)
    power = np.exp(-(((frequencies - rate / 60) / 0.02) ** 2))
    candidate = Candidate(network, FS, rate / 60, frequencies, power, 0.05, DEFAULT.breathing)
    shoulders = shoulders_of(candidate, table)
    rhythm = rhythm_of(candidate, shoulders)
    assert rhythm is not None
    return dict(zip(BREATH_EVIDENCE, breath_evidence(candidate, shoulders, rhythm).tolist(), strict=True))


def judged(table: NDArray[np.float64], weighing: BreathConfidence, wave: NDArray[np.float64] | None = None) -> Rate:
    network = swing(16.0, 1.0) + noise(0.02, 1) if wave is None else wave
    return estimate_rate(network, FS, "breathing", DEFAULT, judge=ShoulderJudge(table, weighing))


def test_a_breath_is_in_both_readings_and_in_step() -> None:
    network = swing(16.0, 1.0) + noise(0.02, 1)
    breath = evidence(network, shifts(swing(16.0, 0.006)))
    other = evidence(network, shifts(swing(25.0, 0.006)))
    late = evidence(network, shifts(swing(16.0, 0.006, phase=np.pi)))
    assert breath["body"] > 3.0 > other["body"]
    assert breath["shoulder_power"] > 3.0
    assert other["shoulder_power"] < -3.0
    assert [breath["in_step"], late["in_step"]] == pytest.approx([1.0, -1.0], abs=0.05)
    assert late["body"] == pytest.approx(breath["body"], abs=0.1)


def test_a_camera_that_sways_moves_what_is_above_the_chin_too() -> None:
    network = swing(16.0, 1.0)
    breath = evidence(network, shifts(swing(16.0, 0.006)))
    swayed = evidence(network, shifts(swing(16.0, 0.006), swing(16.0, 0.006)))
    assert breath["move"] == pytest.approx(np.log(0.006), abs=0.1)
    assert swayed["move"] == pytest.approx(breath["move"], abs=0.1)
    assert swayed["above"] > 3.0 > breath["above"]


def test_a_reading_without_a_steady_phase_is_less_steady() -> None:
    table = shifts(swing(16.0, 0.006))
    assert evidence(noise(1.0, 4), table)["steadiness"] < 0.9 < evidence(swing(16.0, 1.0), table)["steadiness"]


def test_the_quality_is_the_probability_and_decides_from_four_fifths_on() -> None:
    table = shifts(swing(16.0, 0.006))
    given, withheld = judged(table, model(1.5)), judged(table, model(1.3))
    assert given.value is not None
    assert given.value == withheld.estimate == pytest.approx(16.0, abs=0.3)
    assert given.quality == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert given.interval == pytest.approx((given.value - 3.007, given.value + 3.007), abs=0.01)
    assert (withheld.value, withheld.note) == (None, "no steady breathing stands out from the noise")
    assert given.is_judged
    assert withheld.is_judged


def test_shoulders_with_another_rhythm_refute_a_rate_whatever_the_model_says() -> None:
    refuted = judged(shifts(swing(10.0, 0.006)), model(9.0))
    assert (refuted.value, refuted.quality) == (None, 0.0)
    assert refuted.note == "the network and the shoulders disagree: 16 and 10 breaths/min"


def test_a_note_says_what_speaks_against_a_rate() -> None:
    for table, note in (
        (shifts(swing(16.0, 0.001)), "the shoulders hardly move at the rate that the network reads"),
        (
            shifts(swing(16.0, 0.006), swing(16.0, 0.005)),
            "the whole picture moves 16 times a minute, not the shoulders alone",
        ),
    ):
        assert judged(table, model(-2.0)).note == note
        assert judged(table, model(2.0)).value is not None


def test_shoulders_without_any_motion_confirm_nothing() -> None:
    still = judged(np.zeros((1000, 2)), model(9.0))
    assert (still.value, still.quality) == (None, 0.0)
    assert still.note == "the shoulders hardly move at the rate that the network reads"


def test_without_shoulders_a_model_changes_nothing() -> None:
    wave, unseen = swing(16.0, 1.0), np.full((1000, 2), np.nan)
    judge = ShoulderJudge(unseen, model(9.0))
    assert estimate_rate(wave, FS, "breathing", DEFAULT, judge=judge) == estimate_rate(wave, FS, "breathing", DEFAULT)


def test_parts_and_scenes_keep_the_model() -> None:
    known = model(0.0, in_step=4.0)
    # Twelve breaths, and twelve more against the network.
    body = np.concatenate([swing(16.0, 0.006, 45.0), swing(16.0, 0.006, 45.0, np.pi)])
    judge = ShoulderJudge(shifts(body), known)
    along = rates_along(swing(16.0, 1.0, 90.0), FS, "breathing", DEFAULT, judge=judge)
    assert along.quality[15:25].min() > 0.9
    assert along.quality[65:75].max() < 0.1
    joined = judge.part(slice(0, 900)).followed_by([judge.part(slice(900, 2250))])
    assert joined.model == known
    assert np.array_equal(joined.shifts, judge.shifts)


def test_a_model_of_other_evidence_is_refused() -> None:
    whole = model().model_dump()
    for wrong in ({"evidence": BREATH_EVIDENCE[1:]}, {"centre": (0.0,)}, {"scale": (0.0,) * len(BREATH_EVIDENCE)}):
        with pytest.raises(ValidationError):
            BreathConfidence(**{**whole, **wrong})


def test_a_gap_in_one_reading_leaves_the_evidence_finite() -> None:
    network = swing(16.0, 1.0)
    network[300:400] = np.nan
    found = evidence(network, shifts(swing(16.0, 0.006)))
    assert np.isfinite(list(found.values())).all()
