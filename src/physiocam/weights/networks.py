"""A bundle's networks in PyTorch (needs the `train` extra)."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from physiocam.errors import BundleError
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.weights.bundle import Bundle


def load_networks(bundle: Bundle) -> dict[str, Network]:
    """Build a bundle's networks with their weights, ready to answer.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    dict of str to Network
        By name, in the bundle's order; on the CPU, in evaluation mode. They give the answers of
        `physiocam.runtime.Runtime`, but for the order in which PyTorch and ONNX Runtime add.

    Raises
    ------
    BundleError
        If a file of weights has changed since the bundle was loaded. Only safetensors are read; nothing is unpickled.
    """
    networks = {}
    for entry in bundle.info.networks:
        path = bundle.folder / entry.weights
        network = build(entry.config)
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, OSError, RuntimeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BundleError(f"'{path}' cannot be read as '{entry.name}': {reason}; import the bundle again") from None
        networks[entry.name] = network.eval()
    return networks
