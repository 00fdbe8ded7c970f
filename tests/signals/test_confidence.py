"""How far a heart rate is trusted, and by what."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from physiocam.signals.confidence import EVIDENCE, Confidence, PulseJudge, evidence_of
from physiocam.signals.judging import Candidate
from physiocam.signals.logistic import pairs
from physiocam.signals.rate import Rate, estimate_rate, rates_along
from physiocam.signals.readings import LIGHT, Readings, light_of, readings_of
from physiocam.signals.settings import SETTINGS

FS, HZ = 30.0, 1.2
DEFAULT = SETTINGS["default"]


def model(bias: float = 0.0, **weights: float) -> Confidence:
    """A model that weighs some evidence by itself."""
    none, one = (0.0,) * len(EVIDENCE), (1.0,) * len(EVIDENCE)
    return Confidence(
        evidence=EVIDENCE, centre=none, scale=one, weight=tuple(weights.get(name, 0.0) for name in EVIDENCE),
        bias=bias, widths=((0.0, 20.0), (1.0, 2.0)),
    )  # fmt: skip


def beat(seconds: float = 20.0, hz: float = HZ) -> NDArray[np.float64]:
    return np.asarray(np.cos(2 * np.pi * hz * np.arange(round(seconds * FS)) / FS))


def readings(wave: NDArray[np.float64], light: NDArray[np.float64] | None = None) -> Readings:
    random = np.random.default_rng(1)
    noise = random.standard_normal((len(wave), len(LIGHT)))
    return Readings(wave, wave, wave, wave, noise if light is None else light + 0.1 * noise)


def evidence(wave: NDArray[np.float64], others: Readings, hz: float = HZ) -> dict[str, float]:
    frequencies = np.linspace(0.7, 3.0, 231)
    power = np.exp(-(((frequencies - hz) / 0.05) ** 2))
    candidate = Candidate(wave, FS, hz, frequencies, power, 0.15, DEFAULT.heart)
    return dict(zip(EVIDENCE, evidence_of(candidate, others).tolist(), strict=True))


def in_light(red: float, green: float, blue: float, everywhere: bool) -> NDArray[np.float64]:
    """The beat in the three colours, and either in all cells, the rim and the corners too, or in none of these."""
    light = np.zeros((len(beat()), len(LIGHT)))
    for name, strength in (("red", red), ("green", green), ("blue", blue)):
        light[:, LIGHT.index(name)] = strength * beat()
    if everywhere:
        for name in LIGHT:
            if name == "rim" or name.startswith(("cell", "corner")):
                light[:, LIGHT.index(name)] = green * beat()
    return light


def test_a_lamp_is_everywhere_and_grey_and_blood_is_not() -> None:
    blood = evidence(beat(), readings(beat(), in_light(0.3, 1.0, 0.6, everywhere=False)))
    lamp = evidence(beat(), readings(beat(), in_light(1.0, 1.0, 1.0, everywhere=True)))
    for name, little, much in (("grey", 0.25, 0.9), ("cells", 0.1, 1.0), ("rim", 0.1, 1.0), ("corners", 0.4, 1.0)):
        assert blood[name] < little
        assert lamp[name] > much
    # In the colour of blood, light that is clear in every cell tells little against a pulse.
    clear = evidence(beat(), readings(beat(), in_light(0.3, 1.0, 0.6, everywhere=True)))
    assert clear["cells"] < 0.3 * lamp["cells"]
    assert clear["alike"] > 0.9


def test_blood_is_in_the_middle_and_a_lamp_as_strong_in_the_corners() -> None:
    lamp = evidence(beat(), readings(beat(), in_light(1.0, 0.7, 0.4, everywhere=True)))
    assert lamp["corner_gain"] == pytest.approx(0.0, abs=0.05)
    assert lamp["uniform"] > 0.95
    assert lamp["lamp"] > 0.9
    light = in_light(0.3, 1.0, 0.6, everywhere=True)
    light[:, [LIGHT.index(f"corner{number}") for number in range(4)]] = 0.0
    blood = evidence(beat(), readings(beat(), light))
    assert blood["corner_gain"] < -2.0
    assert blood["uniform"] < 0.75
    assert blood["lamp"] < 0.1


def test_a_nod_moves_the_upper_and_the_lower_face_against_each_other() -> None:
    light = in_light(1.0, 1.0, 1.0, everywhere=True)
    light[:, [LIGHT.index(f"cell{number}") for number in range(3)]] *= -1.0
    light[:, [LIGHT.index(f"cell{number}") for number in range(3, 6)]] *= 0.0
    assert evidence(beat(), readings(beat(), light))["alike"] < 0.3


def test_halves_and_other_networks_agree_only_about_a_pulse() -> None:
    random = np.random.default_rng(2)
    wave = beat()
    noise = random.standard_normal((3, len(wave)))
    same = evidence(wave, readings(wave))
    strange = evidence(wave, Readings(wave, noise[0], noise[1], noise[2], noise.T @ np.zeros((3, len(LIGHT)))))
    assert same["halves"] > 0.99
    assert abs(strange["halves"]) < 0.7
    assert same["other"] > 6.0
    assert strange["other"] < 2.0
    assert same["steadiness"] > 0.99
    assert evidence(noise[0], readings(noise[0]))["steadiness"] < 0.9


def test_what_cannot_be_known_counts_as_usual() -> None:
    wave = beat()
    unknown = Readings(wave, wave, wave, np.full(len(wave), np.nan), np.zeros((len(wave), len(LIGHT))))
    found = evidence(wave, unknown)
    assert np.isnan(found["other"])
    values = np.array([found[name] for name in EVIDENCE])
    assert model(bias=1.0, other=5.0).probability(values) == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_gaps_do_not_change_what_is_seen_around_them() -> None:
    wave = beat(40.0)
    gapped = wave.copy()
    gapped[500:620] = np.nan
    whole, found = evidence(wave, readings(wave)), evidence(gapped, readings(gapped))
    assert found["halves"] == pytest.approx(whole["halves"], abs=0.01)
    assert found["length"] == pytest.approx(np.log(36.0))


def rate_of(wave: NDArray[np.float64], bias: float, settings: str = "default") -> Rate:
    return estimate_rate(wave, FS, "heart", SETTINGS[settings], judge=PulseJudge(readings(wave), model(bias)))


def test_a_rate_is_given_from_one_half_on() -> None:
    given, withheld = rate_of(beat(), 0.1), rate_of(beat(), -0.1)
    assert given.value == pytest.approx(72.0, abs=0.1)
    assert given.quality == pytest.approx(1 / (1 + np.exp(-0.1)))
    assert withheld.value is None
    assert withheld.estimate == pytest.approx(72.0, abs=0.1)
    assert withheld.note == "no steady pulse stands out from the noise"
    # Settings without a floor withhold nothing.
    assert rate_of(beat(), -0.1, "paper").value == pytest.approx(72.0, abs=1.0)


def test_what_one_piece_of_evidence_says_can_depend_on_another() -> None:
    plain = model(bias=0.1, share=1.0, halves=0.5)
    products = np.zeros(len(pairs(len(EVIDENCE))))
    places = [EVIDENCE.index(name) for name in ("share", "halves")]
    products[(pairs(len(EVIDENCE)) == places).all(axis=1)] = 2.0
    products[(pairs(len(EVIDENCE)) == places[:1]).all(axis=1)] = -0.3
    both = plain.model_copy(update={"products": tuple(products.tolist())})
    seen = np.zeros(len(EVIDENCE))
    seen[places] = 0.4, -1.5
    assert plain.probability(seen) == pytest.approx(1 / (1 + np.exp(-(0.1 + 0.4 - 0.75))))
    expected = 0.1 + 0.4 - 0.75 + 2.0 * 0.4 * -1.5 - 0.3 * 0.4**2
    assert both.probability(seen) == pytest.approx(1 / (1 + np.exp(-expected)))


def test_the_interval_is_narrower_where_the_rate_is_surer_and_stays_in_the_band() -> None:
    sure, unsure = rate_of(beat(), 6.0), rate_of(beat(), -6.0)
    assert sure.interval is not None
    assert unsure.interval is not None
    assert sure.interval == pytest.approx((72.0 - 2.04, 72.0 + 2.04), abs=0.2)
    assert unsure.interval == pytest.approx((52.0, 92.0), abs=0.3)
    slow = rate_of(beat(hz=0.75), -6.0).interval
    assert slow is not None
    assert slow[0] == pytest.approx(42.0)


def test_rates_along_are_judged_by_their_own_windows() -> None:
    random = np.random.default_rng(3)
    wave = beat(60.0)
    others = readings(wave)
    # The halves part after 30 s.
    parted = Readings(wave, np.where(np.arange(len(wave)) < 900, wave, random.standard_normal(len(wave))), wave, wave,
                      others.light)  # fmt: skip
    along = rates_along(wave, FS, "heart", DEFAULT, judge=PulseJudge(parted, model(-8.0, halves=10.0)))
    assert np.isfinite(along.value[3:22]).all()
    assert np.isnan(along.value[38:57]).all()


def test_readings_come_back_from_their_table() -> None:
    wave = beat(2.0)
    first = readings(wave)
    again = readings_of(first.table().astype(np.float32))
    for name in ("whole", "left", "right", "other", "light"):
        assert np.allclose(getattr(again, name), getattr(first, name), atol=1e-6)
    assert len(first.part(slice(10, 20)).left) == 10


def test_the_light_of_a_small_frame() -> None:
    small = np.zeros((4, 3, 9, 9), np.float32)
    small[0] = 1.0
    small[1, :, 0] = 1.0
    small[2, 1, 4, 4] = 1.0
    light = light_of(small)
    column = dict(zip(LIGHT, light.T, strict=True))
    assert light[0] == pytest.approx(np.ones(len(LIGHT)))
    # Nine of the rim's 32 cells.
    assert column["rim"][1] == pytest.approx(9 / 32)
    assert column["green"][1] == 0.0
    # The upper corners reach one row further.
    assert [column[f"corner{number}"][1] for number in range(4)] == [0.5, 0.5, 0.0, 0.0]
    assert column["cell4"][2] == 1.0
    assert column["green"][2] == pytest.approx(1 / 25)
    assert column["red"][2] == 0.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"evidence": EVIDENCE[:-1]}, "evidence is"),
        ({"weight": (0.0,)}, "other lengths than the evidence's"),
        ({"scale": (0.0,) * len(EVIDENCE)}, "a scale is 0; expected more than 0"),
        ({"products": (0.5,)}, "products has 1 weights; expected 153 or none"),
        ({"bias": float("nan")}, "finite"),
        ({"widths": ((0.0, 1.0),)}, "at least 2"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Confidence.model_validate({**model().model_dump(), **changes})
