"""Writing a bundle again with one part of it exchanged: networks, in half precision, or the description alone.

A network that stays keeps its files to the byte, those in 8 bits too: another version of PyTorch would export another
graph of the same weights.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, copytree

from physiocam.foundation.files import folder_beside
from physiocam.networks.network import Network
from physiocam.weights.bundle import DESCRIPTION, Bundle, load_bundle
from physiocam.weights.description import BundleInfo
from physiocam.weights.export import BundleAbout, Memory, Slow, export_bundle, publish
from physiocam.weights.int8_form import INT8_FORM, Int8Form, has_int8, load_int8
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
    with folder_beside(folder.parent) as own:
        exported = export_bundle(
            _halved(load_networks(bundle) if networks is None else networks),
            own / folder.name,
            name=info.name,
            about=replace(about, licence=info.licence, licence_text=bundle.licence_text),
            fs=info.fs,
            cut=info.cut,
            others=others,
        )
        _describe(exported.folder, *_with_kept_files(exported, bundle))
        publish(exported.folder, folder)
    return load_bundle(folder)


def described_again(bundle: Bundle, folder: Path, info: BundleInfo) -> Bundle:
    """Write a bundle with another description of the same networks; a form in 8 bits stays with it."""
    with folder_beside(folder.parent) as own:
        beside = own / folder.name
        copytree(bundle.folder, beside)
        _describe(beside, info, load_int8(bundle) if has_int8(bundle) else None)
        publish(beside, folder)
    return load_bundle(folder)


def _with_kept_files(exported: Bundle, before: Bundle) -> tuple[BundleInfo, Int8Form | None]:
    """Give networks that stay their files again; return the description, and the form in 8 bits if all of it stays."""
    content = exported.info.model_dump_json()
    kept = {entry.weights_sha256: entry for entry in before.info.entries}
    for entry in exported.info.entries:
        if entry.weights_sha256 in kept:
            own = kept[entry.weights_sha256]
            copyfile(before.folder / own.onnx, exported.folder / entry.onnx)
            content = content.replace(entry.onnx_sha256, own.onnx_sha256)
    form = load_int8(before) if has_int8(before) else None
    stay = {entry.name for entry in exported.info.entries if entry.weights_sha256 in kept}
    if form is None or not set(form.networks) <= stay:
        return BundleInfo.model_validate_json(content), None
    for network in form.networks.values():
        copyfile(before.folder / network.onnx, exported.folder / network.onnx)
    return BundleInfo.model_validate_json(content), form


def _describe(folder: Path, info: BundleInfo, form: Int8Form | None) -> None:
    content = info.model_dump_json(indent=2) + "\n"
    (folder / DESCRIPTION).write_text(content, encoding="utf-8")
    if form is None:
        load_bundle(folder)
        return
    form = form.model_copy(update={"bundle_sha256": sha256(content.encode()).hexdigest()})
    (folder / INT8_FORM).write_text(form.model_dump_json(indent=2) + "\n", encoding="utf-8")
    load_int8(load_bundle(folder))


def _halved(networks: Mapping[str, Network]) -> dict[str, Network]:
    return {name: deepcopy(network).half() for name, network in networks.items()}
