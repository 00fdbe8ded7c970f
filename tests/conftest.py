"""What the tests share: the reference material, where it is present."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.networks.action_units import ACTION_UNIT_NAMES, AU_LABELS
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import ActionUnit, Face, Weights
from physiocam.signals.rate import estimate_rate, rate_times, rates_along
from physiocam.signals.settings import SETTINGS
from physiocam.signals.variability import heart_rate_variability
from physiocam.signals.waveform import clean_waveform
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, demo_clip

# Tests run side by side, one process a core: more threads each would only stand in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# pytest-xdist tells its workers the width of the terminal that it was started in; what is tested here has none.
os.environ.pop("COLUMNS", None)

# Files whose tests take longest, which begin first: at the end, no process waits for another one's.
_LONGEST = (
    "test_pages", "test_full_disk", "test_notebooks", "test_contract", "test_browser", "test_as_measured",
    "test_reproduce", "test_names", "test_stream", "test_measure", "test_fit", "test_cli", "test_divergence",
)  # fmt: skip

_SHARED = Path(os.environ.get("PHYSIOCAM_SHARED", Path(__file__).parents[2] / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; the others stay in their order."""
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference material (golden answers, real clips, checkpoints); skips where it is absent."""
    if not (_SHARED / "golden").is_dir():
        pytest.skip(f"no reference material at {_SHARED}; set PHYSIOCAM_SHARED to its folder")
    return _SHARED


@pytest.fixture(autouse=True)
def usual_priority() -> Iterator[None]:
    """Ends the real-time priority that SVT-AV1 gives a thread of root's that encodes: nothing would run beside it."""
    yield
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


# Graphs by the configuration of their network, which holds no weights.
_TRACED: dict[object, bytes] = {}


@pytest.fixture(scope="module")
def traced_once() -> Iterator[None]:
    """Lets bundles of networks of one configuration share a graph: tracing takes seconds, for each network anew."""
    pytest.importorskip("onnxscript")
    import onnx

    from physiocam.weights import export, onnx_graph

    trace = onnx_graph.trace

    def remembered(network: Any) -> Any:
        if network.config not in _TRACED:
            _TRACED[network.config] = trace(network).SerializeToString()
        return onnx.ModelProto.FromString(_TRACED[network.config])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "trace", remembered)
        yield


@pytest.fixture(scope="session")
def beating() -> NDArray[np.uint8]:
    """18 s of the demonstration's portrait at 30 frames/s, with a strong pulse of 84 beats/min."""
    pytest.importorskip("skimage")
    still = demo_clip()
    settings = ClipSettings(duration_s=18.0, heart_rate=84.0, pulse_strength=0.01, head_motion=0.001, seed=3)
    return np.stack(list(SyntheticClip(still.portrait, still.face, settings).frames()))


@pytest.fixture(scope="session")
def make_measurement() -> Callable[..., Measurement]:
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
                    ACTION_UNIT_NAMES[label], *((float(p), float(p >= 0.5)) if found.any() else (None, None))
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
            pulse_band=clean_waveform(pulse, fs, "heart", chosen),
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
