"""A bundle's networks in PyTorch (needs the `train` extra)."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from physiocam.errors import BundleError
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.weights.bundle import Bundle, NetworkEntry


def load_networks(bundle: Bundle) -> dict[str, Network]:
    """Build a bundle's networks with their weights.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    dict of str to Network
        By name, in the bundle's order; on the CPU, in evaluation mode. Their outputs equal those of
        `physiocam.weights.runtime.Runtime`, apart from the order in which PyTorch and ONNX Runtime add.

    Raises
    ------
    BundleError
        If a file of weights has changed since the bundle was loaded. Only safetensors are read; nothing is unpickled.
    """
    return {entry.name: load_network(bundle, entry) for entry in bundle.info.networks}


def load_network(bundle: Bundle, entry: NetworkEntry) -> Network:
    """Build one of a bundle's networks, which may be a slow one, with its weights.

    Parameters
    ----------
    bundle : Bundle
    entry : NetworkEntry
        One of ``bundle.info.entries``.

    Returns
    -------
    Network
        On the CPU, in evaluation mode.

    Raises
    ------
    BundleError
        As in `load_networks`.
    """
    path = bundle.folder / entry.weights
    network = build(entry.config)
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BundleError(f"'{path}' cannot be read as '{entry.name}': {reason}; import the bundle again") from None
    return network.eval()
