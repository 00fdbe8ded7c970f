"""The cost of a network: parameters, multiplications, and FLOPs as counted in the paper."""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from physiocam.networks.config import NetworkConfig
from physiocam.networks.network import Network
from physiocam.networks.registry import build


@dataclass(frozen=True)
class Cost:
    """The cost of a network.

    Attributes
    ----------
    parameters : int
        Trainable numbers.
    clip_length : int
        N, frames in a clip.
    macs_per_clip : int
        Multiply-accumulate operations of convolutions and linear layers for one clip, half of the usual number of
        FLOPs.
    paper_flops_per_clip : int
        FLOPs as counted in the paper, see `cost`.
    """

    parameters: int
    clip_length: int
    macs_per_clip: int
    paper_flops_per_clip: int

    @property
    def macs_per_frame(self) -> float:
        """Multiply-accumulate operations for one of a clip's frames, on average."""
        return self.macs_per_clip / self.clip_length

    @property
    def paper_flops_per_frame(self) -> float:
        """FLOPs as counted in the paper, for one of a clip's frames, on average."""
        return self.paper_flops_per_clip / self.clip_length


def cost(config: NetworkConfig) -> Cost:
    """Count a network's parameters and operations, without memory or computation.

    The paper's FLOPs are those of the tool that the released code names (flopth). It counts layers: a convolution costs
    its multiplications and one for each output (the bias), a linear layer only its multiplications, a pooling and a
    ReLU one for each input, a batch normalization two. Operations outside a layer (BigSmall's ReLUs, shifts, lateral
    poolings, fusion) are free. That gives exactly the paper's 456.03, 451.63 and 3.73 M per frame (Table 1).

    Parameters
    ----------
    config : NetworkConfig

    Returns
    -------
    Cost
    """
    with torch.device("meta"):
        network = build(config).eval()
        channels = config.input_channels
        big = torch.empty(1, config.big_frames, channels, *config.big_shape) if config.uses_big else None
        small = torch.empty(1, config.clip_length, channels, *config.small_shape)
    operations = FlopCounterMode(display=False)
    layers = _LayerCounter(network)
    with torch.inference_mode(), operations:
        network(big, small if config.uses_small else None)
    return Cost(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        clip_length=config.clip_length,
        macs_per_clip=operations.get_total_flops() // 2,
        paper_flops_per_clip=layers.flops,
    )


class _LayerCounter:
    """Adds up the paper's FLOPs while a network runs."""

    def __init__(self, network: Network) -> None:
        self.flops = 0
        for layer in network.modules():
            layer.register_forward_hook(self._add)

    def _add(self, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self.flops += _paper_flops(layer, inputs, output)


def _paper_flops(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> int:
    match layer, inputs, output:
        case nn.Conv1d() | nn.Conv2d(), _, Tensor() as result:
            return result.numel() * (prod(layer.weight.shape[1:]) + 1)
        case nn.Linear(), _, Tensor() as result:
            return result.numel() * layer.in_features
        case nn.AvgPool2d() | nn.MaxPool2d() | nn.ReLU(), (Tensor() as given,), _:
            return given.numel()
        case nn.BatchNorm2d(), (Tensor() as given,), _:
            return 2 * given.numel()
        case _:
            return 0
