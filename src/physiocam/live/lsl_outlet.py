"""Sends a stream's measurements over the Lab Streaming Layer."""

from collections.abc import Iterable
from time import monotonic

import numpy as np
import pylsl

from physiocam.live.camera import TakenFrame
from physiocam.live.observer import Observer, Snapshot
from physiocam.results.measurement import Measurement
from physiocam.signals.quantities import UNITS

NAME = "physiocam"


class LslOutlet(Observer):
    """An outlet of float samples at an irregular rate, several per second.

    Channels are heart_rate and breathing_rate with their qualities, face_found, and the probability of each action
    unit; missing values are NaN. A sample has the time of its newest frame.

    Parameters
    ----------
    units : iterable of str
        Labels of the action units.
    source_id : str
        Lets an inlet find the outlet again after a break.
    several : bool
        Whether each person has an outlet of their own, from when they are first seen; its name and its source end with
        "person" and their number.

    Raises
    ------
    ImportError
        If pylsl is not installed (extra `lsl`).
    """

    def __init__(self, units: Iterable[str], source_id: str, several: bool = False) -> None:
        self._units = tuple(units)
        self._source_id = source_id
        self._several = several
        self._outlets: dict[int | None, pylsl.StreamOutlet] = {}
        if not several:
            self._outlets[None] = self._outlet_of("")
        self._taken_s: float | None = None

    def _outlet_of(self, who: str) -> pylsl.StreamOutlet:
        channels = [
            ("heart_rate", UNITS["heart"], "rate"),
            ("heart_rate_quality", "", "quality"),
            ("breathing_rate", UNITS["breathing"], "rate"),
            ("breathing_rate_quality", "", "quality"),
            ("face_found", "", "flag"),
            *((label, "", "probability") for label in self._units),
        ]
        info = pylsl.StreamInfo(
            f"{NAME}{who}", "Physiology", len(channels), pylsl.IRREGULAR_RATE, pylsl.cf_float32,
            f"{self._source_id}{who}",
        )  # fmt: skip
        described = info.desc().append_child("channels")
        for label, unit, kind in channels:
            channel = described.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", unit)
            channel.append_child_value("type", kind)
        return pylsl.StreamOutlet(info)

    def frame(self, frame: TakenFrame) -> None:
        """Remember when the newest frame was taken."""
        self._taken_s = frame.time_s

    def snapshot(self, snapshot: Snapshot) -> None:
        """Send the current results, if a frame has come since the last sample."""
        if self._taken_s is None:
            return
        age_s = monotonic() - self._taken_s
        self._taken_s = None
        for measurement in snapshot.measurements:
            person = measurement.person
            if person is None and self._several:
                continue
            if person not in self._outlets:
                self._outlets[person] = self._outlet_of(f" person {person}")
            self._outlets[person].push_sample(self._sample(measurement), pylsl.local_clock() - age_s)

    def _sample(self, measurement: Measurement) -> list[float]:
        found = measurement.face_found
        probability = measurement.action_unit_probability
        known = np.flatnonzero(np.isfinite(probability).all(axis=1))
        # The newest frames' clip may be incomplete; values older than the window's last second are not current.
        now = len(known) and len(probability) - known[-1] <= measurement.fs
        units = probability[known[-1]].tolist() if now else [np.nan] * len(self._units)
        heart, breathing = measurement.heart_rate, measurement.breathing_rate
        return [
            np.nan if heart.value is None else heart.value,
            heart.quality,
            np.nan if breathing.value is None else breathing.value,
            breathing.quality,
            float(len(found) > 0 and found[-1]),
            *units,
        ]
