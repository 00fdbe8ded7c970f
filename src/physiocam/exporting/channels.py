"""The signals of a measurement that every format holds: one value per frame, with names and units."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.results.frame_rates import each_frame
from physiocam.results.measurement_data import MeasurementData
from physiocam.signals.quantities import UNITS


@dataclass(frozen=True, eq=False)
class Channel:
    """A signal.

    Attributes
    ----------
    name : str
        As the column in the result files.
    unit : str
        "a.u." for waveforms, "" for probabilities, qualities and truth values.
    values : float64 array (T,)
        NaN in gaps, and where there is no rate.
    description : str
    """

    name: str
    unit: str
    values: NDArray[np.float64]
    description: str

    @property
    def is_waveform(self) -> bool:
        """Whether it is a waveform, in arbitrary units."""
        return self.unit == "a.u."


def channels_of(measurement: MeasurementData) -> list[Channel]:
    """Return the signals of a measurement, all at `measurement.fs`, from `start_s` on.

    Waveforms that were not measured are left out.

    Parameters
    ----------
    measurement : MeasurementData
    """
    heart, breathing = measurement.heart_rate_along, measurement.breathing_rate_along
    found = [
        Channel("pulse", "a.u.", measurement.pulse, "filtered pulse waveform"),
        Channel("pulse_band", "a.u.", measurement.pulse_band, "pulse waveform in the whole band"),
        Channel("respiration", "a.u.", measurement.respiration, "filtered respiration waveform"),
    ]
    for name, along, per_minute, window in (
        ("heart_rate", heart, UNITS["heart"], measurement.settings.heart.window_s),
        ("breathing_rate", breathing, UNITS["breathing"], measurement.settings.breathing.window_s),
    ):
        words = name.replace("_", " ")
        value, quality = each_frame(measurement, along.value), each_frame(measurement, along.quality)
        found.append(Channel(name, per_minute, value, f"{words} of each second, from the {window:g} s around it"))
        found.append(Channel(f"{name}_quality", "", quality, f"quality of the {words}, 0 to 1"))
    face = measurement.face_found.astype(np.float64)
    found.append(Channel("face_found", "", face, "1 where a face was found, else 0"))
    for index, (label, unit) in enumerate(measurement.action_units.items()):
        probability = measurement.action_unit_probability[:, index].astype(np.float64)
        found.append(Channel(label, "", probability, f"probability of {label}, {unit.name}, 0 to 1"))
    return [one for one in found if not one.is_waveform or np.isfinite(one.values).any()]


def start_s(measurement: MeasurementData) -> float:
    """Time of the first frame, from the start of the video."""
    return float(measurement.timestamps_s[:1].sum())
