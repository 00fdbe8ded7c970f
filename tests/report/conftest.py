"""A bundle without graphs, of small networks, a recording of noise, and measurements without a recording."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTION_UNIT_NAMES, AU_LABELS
from physiocam.networks.config import NetworkConfig
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit, Face, Weights
from physiocam.signals.rate import estimate_rate, rate_times, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import heart_rate_variability
from physiocam.signals.waveform import clean_waveform
from physiocam.synthetic.physiology import Physiology
from physiocam.weights.bundle import Bundle, BundleInfo, NetworkEntry

MakeBundle = Callable[[Mapping[str, NetworkConfig]], Bundle]


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Makes a bundle of freshly drawn networks, by name, each with weights of its own."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    from physiocam.networks.registry import build

    def make(configs: Mapping[str, NetworkConfig]) -> Bundle:
        entries = []
        for name, config in configs.items():
            torch.manual_seed(sum(name.encode()))
            save_file(build(config).state_dict(), tmp_path / f"{name}.safetensors")
            entries.append(
                NetworkEntry(
                    name=name,
                    config=config,
                    weights=f"{name}.safetensors",
                    weights_sha256="0" * 64,
                    onnx=f"{name}.onnx",
                    onnx_sha256="0" * 64,
                )
            )
        info = BundleInfo(name="drawn", description="", licence="", fs=30.0, networks=tuple(entries))
        return Bundle(tmp_path, info, "0" * 64)

    return make


@pytest.fixture(scope="session")
def noise() -> NDArray[np.uint8]:
    """60 frames of noise around colours of their own, so that each can be told from all others."""
    random = np.random.default_rng(0)
    frames = random.integers(0, 60, (60, 48, 64, 3))
    return (frames + 3 * np.arange(60)[:, None, None, None]).astype(np.uint8)


MakeMeasurement = Callable[..., Measurement]


@pytest.fixture(scope="session")
def make_measurement() -> MakeMeasurement:
    """Makes the measurement of an invented person, whose face is away during a gap."""

    def make(
        seconds: float = 40.0,
        gap_s: tuple[float, float] | None = (12.0, 18.0),
        *,
        fs: float = 25.0,
        hrv: bool = False,
        settings: str = "default",
        source: str = "recordings/me.mp4",
    ) -> Measurement:
        frames, chosen = round(seconds * fs), SETTINGS[settings]
        person = Physiology(frames, fs, 66.0, 15.0, np.random.default_rng(3))
        found = np.ones(frames, dtype=bool)
        if gap_s is not None:
            found[round(gap_s[0] * fs) : round(gap_s[1] * fs)] = False
        pulse, respiration = (
            np.where(found, np.append(np.diff(wave), np.nan), np.nan) for wave in (person.pulse, person.respiration)
        )
        probability = np.where(found[:, None], np.linspace(0.0, 1.0, 12), np.nan).astype(np.float32)
        measurement = Measurement(
            source=source,
            duration_s=frames / fs,
            fs=fs,
            frames=frames,
            face=Face(float(found.mean())),
            heart_rate=estimate_rate(pulse, fs, "heart", chosen),
            breathing_rate=estimate_rate(respiration, fs, "breathing", chosen),
            action_units={
                label: ActionUnit(
                    ACTION_UNIT_NAMES[label], *((float(p), float(p >= 0.5)) if found.any() else (None,) * 2)
                )
                for label, p in zip(AU_LABELS, np.linspace(0.0, 1.0, 12), strict=True)
            },
            method="network",
            weights=Weights("default", "0123456789abcdef" * 4),
            settings=SETTINGS[settings],
            version="0.1.0",
            notes=("variable frame rate",),
            timestamps_s=np.arange(frames) / fs,
            face_found=found,
            face_squares=np.where(found[:, None], np.array([8, 4, 32], dtype=np.int32), np.int32(-1)),
            pulse=clean_waveform(pulse, fs, "heart", chosen),
            respiration=clean_waveform(respiration, fs, "breathing", chosen),
            rates_timestamps_s=rate_times(frames, fs),
            heart_rate_along=rates_along(pulse, fs, "heart", chosen),
            breathing_rate_along=rates_along(respiration, fs, "breathing", chosen),
            action_unit_probability=probability,
        )
        if not hrv:
            return measurement
        pytest.importorskip("neurokit2")
        found_beats = heart_rate_variability(measurement.pulse, fs, measurement.heart_rate)
        return replace(measurement, heart_rate_variability=found_beats)

    return make
