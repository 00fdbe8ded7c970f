"""What networks see of generated recordings: inputs that decide the scales of maps in 8 bits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.errors import BundleError
from physiocam.measuring.clip_phases import Runs
from physiocam.measuring.clip_pipeline import LoadedNetworks
from physiocam.measuring.measure import measure_with
from physiocam.measuring.options import MeasureOptions
from physiocam.synthetic.portrait import demo_clip
from physiocam.synthetic.recordings import settings_of, synthetic_entries
from physiocam.weights.bundle import Bundle, NetworkEntry
from physiocam.weights.runtime import Runtime, graph_inputs

Feed = dict[str, NDArray[np.float32]]

# Drawn people of each kind, the length of their recordings, and of the portrait's.
DIFFICULTIES = ("easy", "hard")
PEOPLE, DRAWN_S, PORTRAIT_S = 4, 5.0, 8.0
_SEED = 7
# Maps along a recording are much alike: so many clips are taken of one.
_CLIPS = 24


def calibration_feeds(bundle: Bundle) -> dict[str, list[Feed]]:
    """Measure generated recordings, and return what the networks with Big frames were given.

    The recordings are an animated photograph and drawn people, in good and bad light, still and moving.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    dict of str to list of dict
        By network, the inputs of its graph for one clip after the other; nothing of networks without Big frames.

    Raises
    ------
    BundleError
        If no network sees Big frames, or they take other channels than RGB, which is what the recordings have.
    PhysiocamError
        If scikit-image, which ships the photograph, is not installed.
    """
    entries = [entry for entry in bundle.info.networks if entry.config.uses_big]
    if not entries:
        raise BundleError(f"bundle '{bundle.info.name}' has no networks with Big frames; 8 bits would save it nothing")
    if (channels := bundle.info.input_channels) != 3:
        raise BundleError(f"bundle '{bundle.info.name}' takes {channels} channels; 8 bits are for networks of RGB")
    seen: dict[str, list[Feed]] = {entry.name: [] for entry in entries}
    for fs, frames in _recordings():
        recorder = _Recorder(bundle)
        networks = LoadedNetworks(bundle, 1, start=recorder.start)
        measure_with(networks, frames, MeasureOptions(weights=bundle, fs=fs, neutral="none", threads=1))
        for entry in entries:
            seen[entry.name] += recorder.feeds(entry)
    return seen


def _recordings() -> Iterator[tuple[float, list[NDArray[np.uint8]]]]:
    portrait = demo_clip()
    yield portrait.fs, list(islice(portrait.frames(), round(PORTRAIT_S * portrait.fs)))
    for difficulty in DIFFICULTIES:
        settings = replace(settings_of(difficulty), duration_s=DRAWN_S)
        for entry in synthetic_entries(PEOPLE, _SEED, settings, trials=1):
            yield settings.fs, list(entry.scene().frames())


class _Recorder:
    """Keeps what a bundle's networks are given."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._given: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def start(self, networks: Sequence[NetworkEntry]) -> Runs:
        runtime: Any = Runtime(self._bundle, 1, networks)
        if networks == self._bundle.info.networks:
            inner = runtime.run_phases

            def recorded(big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
                self._given.extend((big[clip : clip + 1], small[clip : clip + 1]) for clip in range(len(small)))
                answer: dict[str, NDArray[np.float32]] = inner(big, small)
                return answer

            runtime.run_phases = recorded
        recording: Runs = runtime
        return recording

    def feeds(self, entry: NetworkEntry) -> list[Feed]:
        every = entry.config.big_stride // self._bundle.info.big_stride
        step = max(len(self._given) // _CLIPS, 1)
        return [
            graph_inputs(entry.config, entry.config.shares_big, np.ascontiguousarray(big[:, ::every]), small)
            for big, small in self._given[::step][:_CLIPS]
        ]
