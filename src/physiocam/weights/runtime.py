"""A bundle's networks on ONNX Runtime."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from physiocam.errors import BundleError
from physiocam.foundation.calls import Calls
from physiocam.foundation.cores import within_cores
from physiocam.networks.config import NetworkConfig
from physiocam.weights.bundle import Bundle, NetworkEntry
from physiocam.weights.int8_form import FP32, Precision, graph_files
from physiocam.weights.providers import check_providers, check_started, execution_providers

# Clips per call of a network. More clips cost memory, of every call that goes on at a time, and bring 1 to 3 % of
# speed: the feature maps no longer fit the caches.
_BATCH = 2

# Axes of a graph's Small input that takes phases: clips, phases, frames, channels, rows, columns.
_PHASED_RANK = 6


class Runtime:
    """Runs networks of a bundle that take the same inputs, and averages those with the same task.

    A network may have only the first outputs of a task; the others are then averaged over those that have them.

    Parameters
    ----------
    bundle : Bundle
    threads : int, optional
        Calls of networks at a time; by default, and at most, one per core. Devices other than the processor get one.
    networks : sequence of NetworkEntry, optional
        Which of the bundle's networks; by default, all except the slow ones.
    providers : sequence of str
        Devices, the preferred one first; see `providers.check_providers`.
    precision : "fp32" or "int8"
        In which its networks are computed; see `int8_form.graph_files`.

    Raises
    ------
    BundleError
        If ONNX Runtime cannot load a graph of the bundle, or it has none of this precision.
    PhysiocamError
        If `threads` is not a whole number of 1 or more, or a provider is unknown, not installed or cannot be started.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int | None = None,
        networks: Sequence[NetworkEntry] | None = None,
        providers: Sequence[str] = ("cpu",),
        precision: Precision = FP32,
    ) -> None:
        names = check_providers(providers)
        graphs = graph_files(bundle, precision)
        devices = execution_providers(names)
        count = within_cores(threads, "threads")
        on_cpu = names[0] == "cpu"
        options = onnxruntime.SessionOptions()
        # One thread for each call, and several calls at a time: threads that share a call wait for each other at every
        # layer, by spinning, which takes the cores from the decoder and from other programs.
        options.intra_op_num_threads = 1 if on_cpu else count
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._calls = Calls(count if on_cpu else 1)
        self._stride = bundle.info.big_stride
        self._networks = []
        for entry in networks or bundle.info.networks:
            graph = graphs[entry.name]
            try:
                session = onnxruntime.InferenceSession(graph, options, providers=devices)
            except Exception as error:  # ONNX Runtime raises several types without a common base
                reason = str(error).splitlines()[0][:200]
                raise BundleError(f"'{graph}' cannot be run: {reason}; import it again") from None
            check_started(session, names)
            if difference := _mismatch(session, entry.config):
                raise BundleError(f"'{graph}' does not fit its description: {difference}")
            self._networks.append((entry.config, session))

    def run(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Predict every task for every frame of clips.

        Parameters
        ----------
        big : float32 array of shape (B, K, channels, *big_shape)
            Standardized Big frames at the bundle's stride: K = clip_length / big_stride, or 0 for slow networks.
        small : float32 array of shape (B, N, channels, *small_shape)

        Returns
        -------
        dict of str to float32 array
            Task name to (B, N, C); binary tasks as logits. The same inputs give the same bits on every run.
        """
        return {task: output[:, 0] for task, output in self.run_phases(big, small[:, None]).items()}

    def run_phases(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Predict every task for several runs of Small frames per clip, which share the clip's Big frames.

        Parameters
        ----------
        big : float32 array of shape (B, K, channels, *big_shape)
            As in `run`.
        small : float32 array of shape (B, P, N, channels, *small_shape)
            See `physiocam.measuring.clip_phases`.

        Returns
        -------
        dict of str to float32 array
            Task name to (B, P, N, C), as P calls of `run` would give. The Big branch is computed only once if the graph
            allows it.
        """
        batches = [slice(start, start + _BATCH) for start in range(0, len(small), _BATCH)]
        calls = [
            partial(self._run_network, config, session, big[clips], small[clips])
            for config, session in self._networks
            for clips in batches
        ]
        found = iter(self._calls.run(calls))
        answers: dict[str, list[NDArray[np.float32]]] = {}
        for config, _ in self._networks:
            parts = [next(found) for _ in batches]
            for task, outputs in zip(config.tasks, zip(*parts, strict=True), strict=True):
                answers.setdefault(task.name, []).append(np.concatenate(outputs))
        return {task: mean_of_networks(outputs) for task, outputs in answers.items()}

    def _run_network(
        self,
        config: NetworkConfig,
        session: onnxruntime.InferenceSession,
        big: NDArray[np.float32],
        small: NDArray[np.float32],
    ) -> list[NDArray[np.float32]]:
        every = config.big_stride // self._stride if config.uses_big else 1
        return _run_network(config, session, np.ascontiguousarray(big[:, ::every]), small)


def mean_of_networks(outputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the mean of networks' outputs (..., C) for one task, each over the networks that have it."""
    if len(outputs) == 1:
        return outputs[0]
    width = max(output.shape[-1] for output in outputs)
    total = np.zeros((*outputs[0].shape[:-1], width), np.float32)
    count = np.zeros(width, np.float32)
    for output in outputs:
        total[..., : output.shape[-1]] += output
        count[: output.shape[-1]] += 1
    return np.asarray(total / count, np.float32)


def _run_network(
    config: NetworkConfig,
    session: onnxruntime.InferenceSession,
    big: NDArray[np.float32],
    small: NDArray[np.float32],
) -> list[NDArray[np.float32]]:
    """Outputs (B, P, N, C) of one network, in the order of its tasks."""
    clips, phases = small.shape[:2]
    outputs = session.run(None, graph_inputs(config, _takes_phases(session), big, small))
    if not config.uses_small:
        # Its output depends only on the Big frames.
        return [np.repeat(output[:, None], phases, axis=1) for output in outputs]
    return [output.reshape(clips, phases, *output.shape[-2:]) for output in outputs]


def graph_inputs(
    config: NetworkConfig, takes_phases: bool, big: NDArray[np.float32], small: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return a graph's inputs by name, for Big frames (B, K, ...) and Small frames of several phases (B, P, N, ...).

    Parameters
    ----------
    config : NetworkConfig
    takes_phases : bool
        Whether the graph has an axis for phases.
    big, small : float32 arrays
        As in `Runtime.run_phases`, Big frames at the network's own stride.
    """
    if not config.uses_small:
        return {"big": big}
    if takes_phases:
        return {"big": big, "small": np.ascontiguousarray(small)}
    clips, phases = small.shape[:2]
    inputs = {"small": small.reshape(clips * phases, *small.shape[2:])}
    return inputs | {"big": np.repeat(big, phases, axis=0)} if config.uses_big else inputs


def _takes_phases(session: onnxruntime.InferenceSession) -> bool:
    """Whether a graph has an axis for phases after the one for clips; those exported before 0.2 do not."""
    return len(session.get_inputs()[-1].shape) == _PHASED_RANK


def _mismatch(session: onnxruntime.InferenceSession, config: NetworkConfig) -> str | None:
    """Say how a graph's inputs and outputs differ from its configuration, or return None if they match."""
    expected = {}
    phases: list[str | int] = ["phases"] if config.shares_big and _takes_phases(session) else []
    if config.uses_big:
        expected["big"] = ["clips", config.big_frames, config.input_channels, *config.big_shape]
    if config.uses_small:
        expected["small"] = ["clips", *phases, config.clip_length, config.input_channels, *config.small_shape]
    expected |= {task.name: ["clips", *phases, config.clip_length, task.outputs] for task in config.tasks}
    values = [*session.get_inputs(), *session.get_outputs()]
    if (found := [value.name for value in values]) != list(expected):
        return f"inputs and outputs are {found}, expected {list(expected)}"
    for value in values:
        # The exporter chooses the names of axes of variable length.
        shape = [axis if isinstance(axis, int) else None for axis in value.shape]
        if value.type != "tensor(float)" or shape != [
            axis if isinstance(axis, int) else None for axis in expected[value.name]
        ]:
            return f"'{value.name}' is {value.type} {value.shape}, expected {expected[value.name]} of float"
    return None
