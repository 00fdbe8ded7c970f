from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.recording import ActionUnitCodes, Recording, Signal
from physiocam.datasets.store.prepare import PrepareSettings, prepare
from physiocam.networks.action_units import AU_LABELS
from physiocam.video.reader import Video, open_video

FRAMES, FS = 61, 20.0


@dataclass(frozen=True)
class NoiseFrames:
    seed: int

    def open(self) -> Video:
        random = np.random.default_rng(self.seed)
        return open_video(random.integers(0, 256, (FRAMES, 40, 40, 3), dtype=np.uint8), fs=FS)


@dataclass(frozen=True)
class NoiseEntry:
    """A recording without sense, whose labels are as random as its frames."""

    seed: int
    coded: int = FRAMES

    @property
    def name(self) -> str:
        return f"S{self.seed // 2:02d}_T{self.seed % 2}"

    @property
    def subject(self) -> str:
        return self.name[:3]

    @property
    def sources(self) -> tuple[str, ...]:
        return ()

    def load(self) -> Recording:
        random = np.random.default_rng(100 + self.seed)
        times = np.arange(FRAMES) / FS
        signals: Mapping[str, Signal] = {
            name: Signal(np.sin(2 * np.pi * rate / 60 * times + random.uniform(0, 6)), times, "a.u.")
            for name, rate in (("pulse", 80.0), ("respiration", 20.0))
        }
        codes = (random.random((FRAMES, 12)) < 0.4).astype(np.int8)
        codes[:5, 3] = -1
        codes[self.coded :] = -1
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.name[4:],
            frames=NoiseFrames(self.seed),
            signals=signals,
            action_units=ActionUnitCodes(AU_LABELS, codes),
            crop="center",
        )


@pytest.fixture(scope="session")
def noise_entry() -> type[NoiseEntry]:
    return NoiseEntry


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared store of three subjects with two recordings each: 6 x 61 frames at 32 x 32 and 2 x 2."""
    path = tmp_path_factory.mktemp("stores") / "noise"
    outcome = prepare([NoiseEntry(seed) for seed in range(6)], path, PrepareSettings(big_size=32, small_size=2))
    assert [one.error for one in outcome] == [None] * 6
    return path
