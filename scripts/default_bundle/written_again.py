"""Writing a bundle again with one part of it exchanged: networks, in half precision, or the description alone."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from shutil import copytree

from physiocam.foundation.files import folder_beside
from physiocam.networks.network import Network
from physiocam.weights.bundle import DESCRIPTION, Bundle, load_bundle
from physiocam.weights.description import BundleInfo
from physiocam.weights.export import BundleAbout, Memory, Slow, export_bundle, publish
from physiocam.weights.int8_form import INT8_FORM, has_int8, load_int8
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
        others.append(Slow(_halved(slow), info.slow.fs, info.slow.crop, info.slow.confidence))
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


def described_again(bundle: Bundle, folder: Path, info: BundleInfo) -> Bundle:
    """Write a bundle with another description of the same networks; a form in 8 bits stays with it."""
    with folder_beside(folder.parent) as own:
        beside = own / folder.name
        copytree(bundle.folder, beside)
        content = info.model_dump_json(indent=2) + "\n"
        (beside / DESCRIPTION).write_text(content, encoding="utf-8")
        if has_int8(bundle):
            form = load_int8(bundle).model_copy(update={"bundle_sha256": sha256(content.encode()).hexdigest()})
            (beside / INT8_FORM).write_text(form.model_dump_json(indent=2) + "\n", encoding="utf-8")
            load_int8(load_bundle(beside))
        load_bundle(beside)
        publish(beside, folder)
    return load_bundle(folder)


def _halved(networks: Mapping[str, Network]) -> dict[str, Network]:
    return {name: deepcopy(network).half() for name, network in networks.items()}
