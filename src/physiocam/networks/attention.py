"""Where a network looks: its last feature maps, its attention masks, and the contribution of each place to an output.

BigSmall itself computes no attention, and the paper does not say how the "attention masks" of its Figure 5 were made.
Here a branch's map is the mean over the channels of its last convolution's rectified features: the activation attention
of Zagoruyko and Komodakis (ICLR 2017, arXiv 1612.03928). The Big branch's map is taken before its last pooling, 36 x 36
for the paper's sizes: eyes, brows and lips can be distinguished there, but not in the 9 x 9 maps after it. DeepPhys and
MTTS-CAN do compute attention: their own two masks are shown.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn

from physiocam.errors import PhysiocamError
from physiocam.foundation.frame_sizes import FrameSize
from physiocam.networks.alexnet import AlexNet
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.can import ConvolutionalAttention, attention_mask
from physiocam.networks.config import Task
from physiocam.networks.convnext import ConvNextBranch
from physiocam.networks.drml import Drml
from physiocam.networks.expression_cnn import ExpressionCnn
from physiocam.networks.network import Network, given

# Kernel and stride of a pooling.
_Pooling = tuple[int, int]
_Chain = Sequence[nn.Conv2d | _Pooling]


class Maps(NamedTuple):
    """Where a branch looks, frame by frame.

    Attributes
    ----------
    values : float32 Tensor of shape (B, N, h, w)
        Not negative. A Big map is valid for every frame of its stride.
    start, stop : float
        The map's outer edges, as fractions of the face square's side; the same in both directions. Not 0 and 1 if
        convolutions are not padded: their maps leave out the border.
    """

    values: Tensor
    start: float
    stop: float


class Target(NamedTuple):
    """One output of a network.

    Attributes
    ----------
    task : Task
    label : str
        One of the task's labels.
    """

    task: Task
    label: str


def attention_maps(network: Network, big: Tensor | None, small: Tensor | None) -> dict[str, Maps]:
    """Run a network and return where its branches look.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    big, small : Tensor, optional
        As in `Network.forward`.

    Returns
    -------
    dict of str to Maps
        "big" and "small" for the branches of BigSmall, the architecture's name for the others: means over the
        channels of the last convolution's rectified features. "mask1" and "mask2" for DeepPhys and MTTS-CAN: the masks
        after the second and the fourth convolution, whose mean over the face is one half.
    """
    masks = _masks(network) if isinstance(network, ConvolutionalAttention) else {}
    places = masks or _last_convolutions(network)
    with _outputs_of(places) as outputs:
        network(big, small)
    values = {
        name: attention_mask(output)[:, 0] if masks else output.relu().mean(dim=1) for name, output in outputs.items()
    }
    return {name: _by_frame(network, values[name], place, big, small) for name, place in places.items()}


def target_maps(network: Network, target: Target, big: Tensor | None, small: Tensor | None) -> dict[str, Maps]:
    """Run a network and return how much each place of its last maps contributes to one output (needs `explain`).

    Gradient times activation in the last convolution of each branch, by captum, summed over the channels. Each place
    has its own weights in the heads of these networks, so their gradients are not averaged over the map first, as
    Grad-CAM does: for rectified features, the contributions add up to the output, apart from the heads' biases (Draelos
    and Carin 2020, "HiResCAM", arXiv 2011.08891).

    Parameters
    ----------
    network : Network
        In evaluation mode; must have the target's task.
    target : Target
    big, small : Tensor, optional
        As in `Network.forward`.

    Returns
    -------
    dict of str to Maps
        As in `attention_maps`, but "appearance" and "motion" for DeepPhys and MTTS-CAN, before their last tanh. For a
        binary output the positive contributions; for a waveform, which goes up and down, the absolute value.
    """
    from captum.attr import LayerGradientXActivation

    config, (task, label) = network.config, target
    places = _last_convolutions(network)
    offered = {"big": big if config.uses_big else None, "small": small if config.uses_small else None}
    inputs = {name: frames for name, frames in offered.items() if frames is not None}

    def answer(*frames: Tensor) -> Tensor:
        outputs: dict[str, Tensor] = network(**dict(zip(inputs, frames, strict=True)))
        # Each frame's output depends only on that frame's maps, so the sum has all gradients.
        return outputs[task.name][..., task.labels.index(label)].sum(dim=1)

    shares = LayerGradientXActivation(answer, [place.layer for place in places.values()]).attribute(
        tuple(inputs.values())
    )
    maps = {}
    for (name, place), share in zip(places.items(), shares, strict=True):
        signed = share.detach().sum(dim=1)
        values = signed.relu() if task.kind == "binary" else signed.abs()
        maps[name] = _by_frame(network, values, place, big, small)
    return maps


class _Place(NamedTuple):
    """A layer whose output is a map, and the map's outer edges; see `Maps`."""

    layer: nn.Module
    start: float
    stop: float


def _last_convolutions(network: Network) -> dict[str, _Place]:
    config = network.config
    places = {}
    chain: _Chain
    if isinstance(network, BigSmall):
        if config.uses_big:
            big = network.big
            if isinstance(big, ConvNextBranch):
                # Its blocks do not move a map.
                chain = [stage.enter for stage in big.stages]  # type: ignore[misc]
                places["big"] = _place(chain, config.big_size)._replace(layer=big.stages[-1])
            else:
                chain = [big.conv1, big.conv2, (2, 2), big.conv3, big.conv4, (2, 2), big.conv5, big.conv6]
                places["big"] = _place(chain, config.big_size)
        if config.uses_small:
            small = network.small
            places["small"] = _place([small.conv1, small.conv2, small.conv3, small.conv4], config.small_size)
    elif isinstance(network, ConvolutionalAttention):
        for name, branch in (("appearance", network.appearance), ("motion", network.motion)):
            chain = [branch.conv1, branch.conv2, *_pooling(network), branch.conv3, branch.conv4]
            places[name] = _place(chain, config.small_size)
    elif isinstance(network, ExpressionCnn):
        # What its heads see; residual blocks do not move a map.
        chain = [*(stage.enter for stage in network.stages), network.summary]  # type: ignore[list-item]
        places[config.architecture] = _place(chain, config.big_size)
    elif isinstance(network, Drml):
        chain = [network.conv1, (2, 2), network.conv2, network.conv3, network.conv4, network.conv5]
        places[config.architecture] = _place(chain, config.big_size)
    elif isinstance(network, AlexNet):
        chain = [network.conv1, (3, 2), network.conv2, (3, 2), network.conv3, network.conv4, network.conv5]
        places[config.architecture] = _place(chain, config.big_size)
    else:
        raise PhysiocamError(f"it is not defined which layer of the network '{config.architecture}' to look at")
    return places


def _masks(network: ConvolutionalAttention) -> dict[str, _Place]:
    branch, size = network.appearance, network.config.small_size
    seen = [branch.conv1, branch.conv2]
    return {
        "mask1": _place([*seen, network.attention1], size),
        "mask2": _place([*seen, *_pooling(network), branch.conv3, branch.conv4, network.attention2], size),
    }


def _pooling(network: ConvolutionalAttention) -> list[_Pooling]:
    return [(2, 2)] if network.config.pooled else []


def _place(chain: _Chain, size: FrameSize) -> _Place:
    """The last layer of a chain over a frame of this side: follow its first cell's centre and the cells' distance."""
    if not isinstance(size, int):
        raise PhysiocamError(f"the network takes frames of {size[0]}x{size[1]}; attention is defined for square ones")
    centre, distance, cells = 0.5, 1, size
    for step in chain:
        kernel, stride, padding = (*step, 0) if isinstance(step, tuple) else _geometry(step)
        centre += ((kernel - 1) / 2 - padding) * distance
        distance *= stride
        cells = (cells + 2 * padding - kernel) // stride + 1
    start = centre - distance / 2
    layer = chain[-1]
    assert isinstance(layer, nn.Conv2d)
    return _Place(layer, start / size, (start + cells * distance) / size)


def _geometry(convolution: nn.Conv2d) -> tuple[int, int, int]:
    padding = convolution.padding[0]
    assert isinstance(padding, int)
    return convolution.kernel_size[0], convolution.stride[0], padding


def _by_frame(network: Network, values: Tensor, place: _Place, big: Tensor | None, small: Tensor | None) -> Maps:
    """(B * K or B * N, h, w) to (B, N, h, w)."""
    clips = len(given(small, "small") if big is None else big)
    frames = values.detach().reshape(clips, -1, *values.shape[1:])
    return Maps(frames.repeat_interleave(network.config.clip_length // frames.shape[1], dim=1), place.start, place.stop)


@contextmanager
def _outputs_of(places: dict[str, _Place]) -> Iterator[dict[str, Tensor]]:
    """Collect the outputs of layers while their network runs."""
    outputs: dict[str, Tensor] = {}

    def keeper(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def keep(_layer: nn.Module, _inputs: Any, output: Tensor) -> None:
            outputs[name] = output

        return keep

    hooks = [place.layer.register_forward_hook(keeper(name)) for name, place in places.items()]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
