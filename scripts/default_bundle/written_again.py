"""Writing a bundle again with one part of it exchanged, its weights in half precision."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from physiocam.networks.network import Network
from physiocam.weights.bundle import Bundle
from physiocam.weights.export import BundleAbout, Memory, Slow, export_bundle
from physiocam.weights.pytorch import load_network, load_networks


def written_again(
    bundle: Bundle,
    folder: Path,
    about: BundleAbout,
    *,
    networks: Mapping[str, Network] | None = None,
    memory: Memory | None = None,
) -> Bundle:
    """Write a bundle with other networks, or another memory; what is not given, and the licence, stays as it is."""
    info = bundle.info
    others: list[Slow | Memory] = []
    if memory is None and info.memory:
        remembering = {entry.name: load_network(bundle, entry) for entry in info.memory.networks}
        memory = Memory(remembering, info.memory.confidence)
    if memory is not None:
        others.append(Memory(_halved(memory.networks), memory.confidence))
    if info.slow:
        slow = {entry.name: load_network(bundle, entry) for entry in info.slow.networks}
        others.append(Slow(_halved(slow), info.slow.fs, info.slow.crop))
    return export_bundle(
        _halved(load_networks(bundle) if networks is None else networks),
        folder,
        name=info.name,
        about=replace(about, licence=info.licence, licence_text=bundle.licence_text),
        fs=info.fs,
        cut=info.cut,
        others=others,
        overwrite=True,
    )


def _halved(networks: Mapping[str, Network]) -> dict[str, Network]:
    return {name: deepcopy(network).half() for name, network in networks.items()}
