"""The initial network of a run."""

from torch import nn

from physiocam.errors import PhysiocamError
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.training.settings import TrainSettings
from physiocam.weights.bundle import load_bundle
from physiocam.weights.pytorch import load_networks


def initial_network(settings: TrainSettings) -> Network:
    """Make a run's network with its initial weights; new ones are drawn from PyTorch's random state.

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

    PyTorch's default weights have a sixth of that variance, so that almost nothing of a picture is left after the six
    convolutions of the Big branch. The output layers of tasks keep them, so that outputs start small.
    """
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer is not _answering(network, name):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _answering(network: Network, name: str) -> nn.Module | None:
    """The output layer of the head that a layer belongs to."""
    if not name.startswith("heads."):
        return None
    head = network.get_submodule(".".join(name.split(".")[:2]))
    return [layer for layer in head.modules() if isinstance(layer, nn.Linear)][-1]


def _take_weights(network: Network, name_or_path: str) -> None:
    """Use the weights of a bundle's network of the same architecture; tasks that it lacks keep the network's."""
    others = load_networks(load_bundle(name_or_path))
    alike = [other for other in others.values() if type(other) is type(network)]
    if len(alike) != 1:
        found = ", ".join(f"{name} ({other.config.architecture})" for name, other in others.items())
        raise PhysiocamError(
            f"initial_bundle '{name_or_path}' holds {found}; expected one network of the run's architecture, "
            f"{network.config.architecture}"
        )
    (other,) = alike
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
