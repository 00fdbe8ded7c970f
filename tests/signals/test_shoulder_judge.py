"""Network and shoulders must find the same breath."""

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.signals.rate import Rate, estimate_rate, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.signals.shoulder_judge import ShoulderJudge

FS = 25.0
DEFAULT = SETTINGS["default"]


def swing(rate: float, amplitude: float, seconds: float = 20.0, phase: float = 0.0) -> NDArray[np.float64]:
    """Changes to the next frame of a wave with this many cycles a minute."""
    time = np.arange(round(seconds * FS) + 1) / FS
    return np.diff(amplitude * np.sin(2 * np.pi * rate / 60 * time + phase))


def read(rate: float, noise: float = 0.02, seconds: float = 20.0) -> NDArray[np.float64]:
    """What a network reads: the breath, in noise."""
    random = np.random.default_rng(1).standard_normal(round(seconds * FS))
    return swing(rate, 1.0, seconds) + noise * random


def judged(network: NDArray[np.float64], body: NDArray[np.float64], above: NDArray[np.float64] | float = 0.0) -> Rate:
    shifts = np.column_stack([body, np.broadcast_to(above, body.shape)])
    return estimate_rate(network, FS, "breathing", DEFAULT, judge=ShoulderJudge(shifts))


def test_a_rate_that_the_shoulders_confirm_is_given_with_the_share_as_its_quality() -> None:
    noisy = read(16.0, noise=0.3)
    alone = estimate_rate(noisy, FS, "breathing", DEFAULT)
    assert alone.value is None
    given = judged(noisy, swing(15.0, 0.006))
    assert given.value == alone.estimate == pytest.approx(16.0, abs=1.5)
    assert 0.3 <= given.quality < judged(read(16.0), swing(15.0, 0.006)).quality <= 1.0
    assert given.interval is None


def test_of_two_rhythms_the_network_says_which_is_the_breath() -> None:
    # What moves faster changes more from frame to frame.
    breath, other = swing(16.0, 0.006), swing(25.0, 0.006 * 16 / 25)
    assert judged(read(16.0), breath + 1.3 * other).value == pytest.approx(16.0, abs=0.3)
    withheld = judged(read(16.0), breath + 1.6 * other)
    assert (withheld.value, withheld.note) == (None, "the network and the shoulders disagree: 16 and 25 breaths/min")


@pytest.mark.parametrize(
    ("body", "above", "note"),
    [
        (swing(10.0, 0.006), 0.0, "the network and the shoulders disagree: 16 and 10 breaths/min"),
        (swing(16.0, 0.001), 0.0, "the shoulders hardly move at the rate that the network reads"),
        (np.zeros(500), 0.0, "the shoulders hardly move at the rate that the network reads"),
        (swing(16.0, 0.006), swing(16.0, 0.005), "the whole picture moves 16 times a minute, not the shoulders alone"),
        (
            np.where(np.arange(500) < 300, swing(16.0, 0.006), np.nan), 0.0,
            "the shoulders are in the picture too briefly to confirm the breathing",
        ),
    ],
)  # fmt: skip
def test_a_rate_that_they_do_not_confirm_is_withheld_with_the_reason(
    body: NDArray[np.float64], above: NDArray[np.float64] | float, note: str
) -> None:
    told = judged(read(16.0), body, above)
    assert (told.value, told.quality, told.note) == (None, 0.0, note)
    assert told.estimate == pytest.approx(16.0, abs=0.3)


def test_shoulders_that_move_against_the_head_are_breath() -> None:
    assert judged(read(16.0), swing(16.0, 0.004), swing(16.0, 0.004, phase=np.pi)).value is not None


def test_noise_is_no_breath_whatever_the_shoulders_do() -> None:
    noise = read(16.0, noise=0.0) + 4.0 * np.diff(np.random.default_rng(4).standard_normal(501))
    rate = estimate_rate(noise, FS, "breathing", DEFAULT).estimate
    assert rate is not None
    told = judged(noise, swing(rate, 0.006))
    assert told.value is None
    assert told.note == "no steady breathing stands out from the noise"


def test_a_jump_of_the_shoulders_does_not_hide_their_breath() -> None:
    body = swing(16.0, 0.006)
    body[200] += 0.2
    assert judged(read(16.0), body).value is not None


def test_without_shoulders_a_rate_is_judged_as_if_there_were_no_judge() -> None:
    unseen = np.full((500, 2), np.nan)
    head = np.column_stack([unseen[:, 0], np.zeros(500)])
    brief = head.copy()
    brief[:200, 0] = 0.0
    for wave in (read(16.0), read(16.0, noise=0.3)):
        alone = estimate_rate(wave, FS, "breathing", DEFAULT), rates_along(wave, FS, "breathing", DEFAULT)
        for shifts in (unseen, head, brief):
            judge = ShoulderJudge(shifts)
            assert not judge.can_judge
            assert estimate_rate(wave, FS, "breathing", DEFAULT, judge=judge) == alone[0]
            along = rates_along(wave, FS, "breathing", DEFAULT, judge=judge)
            np.testing.assert_array_equal(along.value, alone[1].value)
            np.testing.assert_array_equal(along.quality, alone[1].quality)
    brief[:300, 0] = 0.0
    assert ShoulderJudge(brief).can_judge


def test_along_a_recording_each_window_is_judged_by_its_own_shoulders() -> None:
    still = np.concatenate([swing(16.0, 0.006, 40.0), swing(16.0, 0.0, 40.0)])
    judge = ShoulderJudge(np.column_stack([still, np.zeros_like(still)]))
    along = rates_along(read(16.0, seconds=80.0), FS, "breathing", DEFAULT, judge=judge)
    np.testing.assert_allclose(along.value[15:25], 16.0, atol=0.5)
    assert np.isnan(along.value[55:]).all()


def test_scenes_are_judged_together() -> None:
    wave, body = read(16.0, seconds=40.0), swing(16.0, 0.006, 40.0)
    wave[499] = body[499] = np.nan
    parts = [
        ShoulderJudge(np.column_stack([body, np.zeros(1000)])).part(part) for part in (slice(500), slice(500, None))
    ]
    joined = parts[0].followed_by(parts[1:])
    assert joined.shifts.shape == (1000, 2)
    assert estimate_rate(wave, FS, "breathing", DEFAULT, judge=joined, cuts=[500]).value == pytest.approx(16.0, abs=0.3)


def test_settings_that_never_withhold_a_rate_still_give_it() -> None:
    shifts = np.zeros((500, 2))
    assert estimate_rate(read(16.0), FS, "breathing", SETTINGS["paper"], judge=ShoulderJudge(shifts)).value is not None
