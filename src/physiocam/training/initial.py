"""The network that a run begins with."""

from torch import nn

from physiocam.errors import PhysiocamError
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.training.settings import TrainSettings
from physiocam.weights.bundle import load_bundle
from physiocam.weights.pytorch import load_networks


def initial_network(settings: TrainSettings) -> Network:
    """Make a run's network with the weights that it starts from; fresh ones are drawn from PyTorch's random state.

    Parameters
    ----------
    settings : TrainSettings

    Returns
    -------
    Network

    Raises
    ------
    PhysiocamError
        If the bundle to start from cannot be read, or does not fit the network.
    """
    network = build(settings.network)
    if settings.initialization == "he":
        draw_by_he(network)
    if settings.initial_bundle is not None:
        _take_weights(network, settings.initial_bundle)
    if settings.dropout is not None:
        for layer in network.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = settings.dropout
    return network


def draw_by_he(network: Network) -> None:
    """Draw weights that keep the size of features from layer to layer (He and others, arXiv 1502.01852, equation 10).

    PyTorch's own weights have a sixth of that variance, so that through the six convolutions of the Big branch next to
    nothing of a picture arrives at the heads. A layer that answers a task keeps them: answers shall start small.
    """
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer is not _answering(network, name):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _answering(network: Network, name: str) -> nn.Module | None:
    """The last layer of the head that a layer belongs to."""
    if not name.startswith("heads."):
        return None
    head = network.get_submodule(".".join(name.split(".")[:2]))
    return [layer for layer in head.modules() if isinstance(layer, nn.Linear)][-1]


def _take_weights(network: Network, name_or_path: str) -> None:
    """Take a bundle's weights; a task that it does not have starts with those that the network has."""
    others = load_networks(load_bundle(name_or_path))
    if len(others) > 1:
        raise PhysiocamError(
            f"initial_bundle '{name_or_path}' holds {len(others)} networks, {', '.join(others)}; give a bundle of one"
        )
    (other,) = others.values()
    known = set(other.config.tasks)
    fresh = tuple(f"heads.{task.name}." for task in network.config.tasks if task not in known)
    own, theirs = network.state_dict(), other.state_dict()
    for name, tensor in own.items():
        if name.startswith(fresh):
            continue
        there = tuple(theirs[name].shape) if name in theirs else None
        if there != tuple(tensor.shape):
            raise PhysiocamError(
                f"initial_bundle '{name_or_path}' has {there or 'nothing'} for {name}, the network "
                f"{tuple(tensor.shape)}; train the network of that bundle, with its sizes"
            )
        own[name] = theirs[name]
    network.load_state_dict(own)
