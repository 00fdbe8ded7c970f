"""The methods paragraph of a measurement, for a paper."""

import inspect
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version

import numpy as np

from physiocam.results.measurement import Measurement
from physiocam.signals.breath_evidence import APART
from physiocam.signals.confidence import floor_of
from physiocam.signals.methods import classical_method
from physiocam.signals.settings import RateSettings, settings_as_text
from physiocam.signals.shoulder_judge import LEAST_MOVE, LEAST_OWN, LEAST_POWER, LEAST_SHARE
from physiocam.signals.variability import MINIMUM_S

_BIGSMALL = (
    "Narayanswamy, Liu, Yang, Ma, Liu, McDuff, Patel: BigSmall: Efficient Multi-Task Learning for Disparate Spatial "
    "and Temporal Physiological Measurements. arXiv 2303.11573 (2023)."
)
_FACS = "Ekman, Friesen: Facial Action Coding System. Consulting Psychologists Press (1978)."
_BEATS = (
    "Elgendi, Norton, Brearley, Abbott, Schuurmans: Systolic Peak Detection in Acceleration Photoplethysmograms "
    "Measured from Emergency Responders in Tropical Conditions. PLoS ONE 8 (2013), e76585."
)
_NEUROKIT = (
    "Makowski, Pham, Lau, Brammer, Lespinasse, Pham, Schölzel, Chen: NeuroKit2: A Python toolbox for "
    "neurophysiological signal processing. Behavior Research Methods 53 (2021), 1689-1696."
)
_DETREND = (
    "Tarvainen, Ranta-aho, Karjalainen: An advanced detrending method with application to HRV analysis. IEEE "
    "Transactions on Biomedical Engineering 49 (2002), 172-175."
)

_PEAKS = {
    "pooled": "the highest peak of the mean power spectrum of {window:g} s windows (Hann taper, step 1 s, each scaled "
    "to the same power), interpolated by a parabola through three log powers",
    "periodogram": "the highest bin of one periodogram, zero-padded to a power of two",
    "peaks": "the mean distance between the waveform's maxima",
}

# What action units are compared with.
_NEUTRAL = {
    "none": "",
    "auto": "; each unit's log odds were compared with the person's neutral face, the 15 % quantile of the recording",
    "first-seconds": "; each unit's log odds were compared with the first 3 s with a face, taken as neutral",
}

_PRECISION = {"fp32": "", "int8": ", computed with 8-bit integers"}

_HEART = "Heart rate"

# Settings that the table has under names of their own.
_SHOWN = ("band_hz", "window_s", "minimum_s")

_SPECTRAL = (
    "0 to 1, is the share of the band's power near the rate and its overtones beyond the largest share that noise "
    "reaches by chance, times the share of frames with a face."
)
_PROBABILITY = (
    "The quality of the heart rate, 0 to 1, is the probability that it lies within 3 beats/min of the truth: a "
    "logistic model weighs evidence in the waveform, in what single networks read, also in each half of the face, and "
    "in the light of the face and around it."
)
_BREATH_PROBABILITY = (
    "The quality of the breathing rate, 0 to 1, is the probability that it lies within 3 breaths/min of the truth: a "
    "logistic model weighs evidence in the waveform that the network reads, in the vertical shift of the shoulders and "
    "of the part above the chin, which is read without a network, and in how these go together."
)
_SHOULDERS = (
    "If the weights have a network that sees the wider square around the face, and the shoulders are in it, a "
    "breathing rate is given only if the shoulders' vertical shift, read without a network, has a rhythm within "
    f"{APART:g} breaths/min of it with at least {LEAST_POWER:.0%} of the power of its strongest, "
    f"swings by at least {LEAST_MOVE:.1%} of the square's side, and by at least "
    f"{LEAST_OWN:.0%} of that against the part above the chin. The quality is then the share of the band's power near "
    f"the rate and its overtones beyond that of a flat spectrum, at least {LEAST_SHARE:g}."
)


@dataclass(frozen=True)
class MethodsText:
    """How a measurement was made.

    Attributes
    ----------
    paragraphs : tuple of str
    settings : tuple of (str, str)
        Names and values.
    references : tuple of str
        Numbered from 1 in the paragraphs.
    """

    paragraphs: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    references: tuple[str, ...]


def methods_of(measurement: Measurement) -> MethodsText:
    """Describe how a measurement was made, for a paper."""
    length = f"{measurement.duration_s:.1f} s, {measurement.frames} frames at {measurement.fs:.2f} frames/s"
    share = f"{measurement.face.found_fraction:.1%} of the frames"
    about = f"The recording ({length}) was measured with physiocam {measurement.version}."
    return methods_text(f"{about} {face_text(measurement, share)}", measurement)


def methods_text(about: str, measurement: Measurement) -> MethodsText:
    """Describe how recordings like this one were measured.

    Parameters
    ----------
    about : str
        Sentences on what was recorded, with which the text begins.
    measurement : Measurement
    """
    settings = measurement.settings
    measured = [(_HEART, settings.heart)]
    if measurement.method == "network":
        measured.append(("Breathing rate", settings.breathing))
    references: list[str] = []
    paragraphs = [
        f"{about} {_source(measurement, references)}",
        " ".join(_rate(name, chosen, references, measurement) for name, chosen in measured)
        + f" {_quality(measurement)}",
    ]
    if measurement.beats is not None:
        paragraphs.append(_variability(references))
    elif measurement.heart_rate_variability is not None:
        paragraphs.append(f"Heart-rate variability was not measured: {measurement.heart_rate_variability.sdnn.note}.")
    return MethodsText(tuple(paragraphs), tuple(_settings(measurement, measured)), tuple(references))


def _cited(reference: str, references: list[str]) -> str:
    """The number of a reference; it is added if it is new."""
    if reference not in references:
        references.append(reference)
    return f"[{references.index(reference) + 1}]"


def face_text(measurement: Measurement, share: str) -> str:
    """Describe how the face was found, and in which share of the frames."""
    choice = measurement.face.choice
    if choice == "auto":
        return (
            "The largest face was detected with RFB-320 about once a second and cropped as a square that moves only "
            f"when the face moves; a face was found in {share}."
        )
    if not measurement.face.fixed:
        return f"The face was found by the locator {choice}, which physiocam was given; there was one in {share}."
    largest = {"center": "in the middle of the frame", "bottom": "at the bottom of the frame"}
    where = largest.get(choice, f"at {choice} (x, y, size)")
    return f"A fixed square {where} was measured without face detection; it was usable in {share}."


def _source(measurement: Measurement, references: list[str]) -> str:
    weights = measurement.weights
    if weights is None:
        cited = _cited(_reference(measurement.method), references)
        name = measurement.method.upper()
        return f"The pulse was extracted from the mean colour of the face's middle with the method {name} {cited}."
    told = (
        f"Networks of the BigSmall approach {_cited(_BIGSMALL, references)}, weights '{weights.name}' (sha256 "
        f"{weights.sha256}){_PRECISION[weights.precision]}, predicted every frame's pulse and respiration"
    )
    if not measurement.action_units:
        return f"{told}."
    count = len(measurement.action_units)
    compared = _NEUTRAL[measurement.neutral]
    return (
        f"{told}, and the probability of {count} action units {_cited(_FACS, references)}, active at 0.5 and above"
        f"{compared}."
    )


def _quality(measurement: Measurement) -> str:
    heart, breathing = measurement.heart_rate.is_judged, measurement.breathing_rate.is_judged
    if heart and breathing:
        return f"{_PROBABILITY} {_BREATH_PROBABILITY}"
    if breathing:
        return f"The quality of the heart rate, {_SPECTRAL} {_BREATH_PROBABILITY}"
    if heart:
        told = f"{_PROBABILITY} The quality of the breathing rate, {_SPECTRAL}"
    else:
        told = f"The quality of a rate, {_SPECTRAL}"
    return f"{told} {_SHOULDERS}" if np.isfinite(measurement.respiration).any() else told


def _rate(name: str, chosen: RateSettings, references: list[str], measurement: Measurement) -> str:
    low, high = chosen.band_hz
    if name == _HEART:
        floor = floor_of(chosen, "heart", measurement.heart_rate.is_judged)
    else:
        floor = floor_of(chosen, "breathing", measurement.breathing_rate.is_judged)
    detrended = ""
    if chosen.detrend is not None:
        detrended = f"detrended by smoothness priors {_cited(_DETREND, references)} (lambda {chosen.detrend:g}), "
    return (
        f"{name}: the waveform was summed from its differences, {detrended}filtered forwards and backwards by a "
        f"Butterworth band-pass of order {chosen.order} from {low:g} to {high:g} Hz, each stretch between gaps "
        f"separately, and the rate was taken as {_PEAKS[chosen.method].format(window=chosen.window_s)}. At least "
        f"{chosen.minimum_s:g} s of signal were required, and rates with a quality under {floor:g} "
        "were withheld."
    )


def _variability(references: list[str]) -> str:
    library, beats = _cited(_NEUROKIT, references), _cited(_BEATS, references)
    return (
        f"Heart-rate variability: beats were found with NeuroKit2 {version('neurokit2')} {library} by the method of "
        f"Elgendi and others {beats}, in the pulse waveform interpolated by cubic splines to 500 Hz. Intervals next "
        "to a beat whose upstroke differs from the typical one, and those more than 20 % from the median around them, "
        f"were left out. SDNN and RMSSD were reported for at least {MINIMUM_S:g} s of pulse, 90 % of it clean, and if "
        "timing noise made up at most a quarter of the variance."
    )


def _reference(method: str) -> str:
    """The source that a method's docstring names."""
    _, _, told = inspect.cleandoc(classical_method(method).__doc__ or "").partition("References\n----------\n")
    return " ".join(told.split())


def _settings(measurement: Measurement, measured: list[tuple[str, RateSettings]]) -> list[tuple[str, str]]:
    rows = [
        ("method", measurement.method),
        ("signal settings", measurement.settings.name),
        ("face", measurement.face.choice),
    ]
    if measurement.weights is not None:
        rows += [("weights", measurement.weights.name), ("sha256 of the weights", measurement.weights.sha256)]
        rows += [("precision of the networks", measurement.weights.precision)]
    for name, chosen in measured:
        low, high = chosen.band_hz
        rows += [
            (f"{name}: band", f"{low:g} to {high:g} Hz ({60 * low:g} to {60 * high:g} per minute)"),
            (f"{name}: windows", f"{chosen.window_s:g} s, with at least {chosen.minimum_s:g} s of signal"),
        ]
        if isinstance(settings_as_text(measurement.settings), dict):
            # What a name does not say.
            rows += [
                (f"{name}: {label}", "none" if value is None else f"{value}")
                for label, value in asdict(chosen).items()
                if label not in _SHOWN
            ]
    rows += [("physiocam", measurement.version), ("Python", platform.python_version())]
    return rows + [(name, version(name)) for name in ("numpy", "av", "onnxruntime")]
