"""A bundle's networks in PyTorch, on a GPU in large batches, for evaluations (needs the `train` extra)."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from physiocam.errors import PhysiocamError
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.network import Network
from physiocam.weights.bundle import Bundle, NetworkEntry
from physiocam.weights.pytorch import load_network
from physiocam.weights.runtime import mean_of_networks

# Clips per call: enough to keep a GPU busy; the features of BigSmall's Big branch then take 3 GB.
DEVICE_CLIPS = 256


def training_device() -> str:
    """Return the device on which PyTorch would train: "cuda" if there is an NVIDIA GPU, otherwise "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


class DeviceRuntime:
    """Runs networks of a bundle that take the same inputs, as `physiocam.weights.runtime.Runtime` does.

    Outputs equal those of ONNX Runtime apart from the order in which numbers are added. Products are of 32 bits.

    Parameters
    ----------
    bundle : Bundle
    networks : sequence of NetworkEntry
        Which of the bundle's networks.
    device : str
        Of PyTorch, such as "cuda" or "cuda:1".

    Raises
    ------
    BundleError
        If the weights cannot be read.
    PhysiocamError
        If there is no such device.
    """

    def __init__(self, bundle: Bundle, networks: Sequence[NetworkEntry], device: str) -> None:
        try:
            self._device = torch.device(device)
            self._networks = [load_network(bundle, entry).to(self._device) for entry in networks]
        except (RuntimeError, AssertionError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise PhysiocamError(f"PyTorch has no device '{device}': {reason}; take cpu") from None
        self._stride = bundle.info.big_stride

    def run(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Predict every task for every frame of clips; see `Runtime.run`."""
        return {task: output[:, 0] for task, output in self.run_phases(big, small[:, None]).items()}

    @torch.inference_mode()
    def run_phases(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Predict every task for several runs of Small frames per clip; see `Runtime.run_phases`."""
        found: dict[str, list[NDArray[np.float32]]] = {}
        for start in range(0, len(small), DEVICE_CLIPS):
            part = slice(start, start + DEVICE_CLIPS)
            sharp, quick = (torch.from_numpy(np.ascontiguousarray(x[part])).to(self._device) for x in (big, small))
            answers: dict[str, list[NDArray[np.float32]]] = {}
            for network in self._networks:
                every = network.config.big_stride // self._stride if network.config.uses_big else 1
                for task, output in _phases(network, sharp[:, ::every], quick).items():
                    answers.setdefault(task, []).append(output.float().cpu().numpy())
            for task, outputs in answers.items():
                found.setdefault(task, []).append(mean_of_networks(outputs))
        return {task: np.concatenate(parts) for task, parts in found.items()}


def _phases(network: Network, big: Tensor, small: Tensor) -> dict[str, Tensor]:
    """Outputs (B, P, N, C) of one network."""
    config, (clips, phases) = network.config, small.shape[:2]
    if config.shares_big:
        return cast(BigSmall, network).forward_phases(big, small)
    if not config.uses_small:
        # Its output depends only on the Big frames.
        return {task: output[:, None].expand(-1, phases, -1, -1) for task, output in network(big, None).items()}
    repeated = big.repeat_interleave(phases, dim=0) if config.uses_big else None
    outputs = network(repeated, small.flatten(0, 1))
    return {task: output.unflatten(0, (clips, phases)) for task, output in outputs.items()}
