"""What is sent over the Lab Streaming Layer arrives at a real inlet."""

from dataclasses import replace
from time import monotonic

import numpy as np
import pytest

pytest.importorskip("pylsl")

import pylsl

import physiocam
from physiocam.live.camera import TakenFrame
from physiocam.live.lsl_outlet import NAME, LslOutlet
from physiocam.live.observer import Snapshot
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import Rate

IMAGE = np.zeros((48, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def measurement() -> Measurement:
    stream = physiocam.Stream(face=(0, 0, 48), threads=1)
    for index in range(30):
        stream.push(IMAGE + np.uint8(index), index / 30.0)
    return replace(stream.measurement(), heart_rate=Rate(72.5, "beats/min", 0.75, None))


def test_an_inlet_gets_it(measurement: Measurement) -> None:
    outlet = LslOutlet(measurement.action_units, "physiocam test")
    found = pylsl.resolve_byprop("source_id", "physiocam test", timeout=10.0)
    assert [info.name() for info in found] == [NAME]
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(timeout=10.0)
    channel = inlet.info().desc().child("channels").child("channel")
    labels = []
    while not channel.empty():
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling()
    assert labels[:5] == [
        "heart_rate", "heart_rate_quality", "breathing_rate", "breathing_rate_quality", "face_found",
    ]  # fmt: skip
    assert labels[5:] == list(measurement.action_units)

    taken_s = monotonic() - 0.2
    outlet.frame(TakenFrame(taken_s, IMAGE))
    outlet.snapshot(Snapshot((measurement,), 1.0, 30.0, 0, 0.0))
    # Nothing new has been seen since: nothing is sent.
    outlet.snapshot(Snapshot((measurement,), 1.0, 30.0, 0, 0.0))
    sample, time_s = inlet.pull_sample(timeout=10.0)
    assert sample[:2] == [72.5, 0.75]
    assert np.isnan(sample[2])
    assert sample[4] == 1.0
    newest = measurement.action_unit_probability[np.isfinite(measurement.action_unit_probability).all(axis=1)][-1]
    assert sample[5:] == pytest.approx(newest.tolist())
    assert pylsl.local_clock() - time_s == pytest.approx(monotonic() - taken_s, abs=0.1)
    assert inlet.pull_sample(timeout=0.3)[0] is None


def test_each_person_has_an_outlet(measurement: Measurement) -> None:
    outlet = LslOutlet(measurement.action_units, "physiocam several", several=True)
    both = tuple(replace(measurement, person=number) for number in (1, 2))
    outlet.frame(TakenFrame(monotonic(), IMAGE))
    outlet.snapshot(Snapshot(both, 1.0, 30.0, 0, 0.0))
    for number in (1, 2):
        (found,) = pylsl.resolve_byprop("source_id", f"physiocam several person {number}", timeout=10.0)
        assert found.name() == f"{NAME} person {number}"
    # Nobody is no person.
    outlet.frame(TakenFrame(monotonic(), IMAGE))
    outlet.snapshot(Snapshot((measurement,), 2.0, 30.0, 0, 0.0))
    assert set(outlet._outlets) == {1, 2}


def test_what_is_not_known_is_no_number(measurement: Measurement) -> None:
    outlet = LslOutlet(measurement.action_units, "physiocam nothing")
    sample = outlet._sample(physiocam.Stream(threads=1).measurement())
    assert np.isnan([sample[0], sample[2], *sample[5:]]).all()
    assert [sample[1], sample[3], sample[4]] == [0.0, 0.0, 0.0]
