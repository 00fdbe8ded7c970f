"""Exports networks as bundles: safetensors, ONNX and the description (needs the `train` extra)."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import onnx
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from physiocam.errors import BundleError, one_line, writing_to
from physiocam.foundation.files import folder_beside, to_disk
from physiocam.foundation.locks import alone_in
from physiocam.inputs.crop import Crop, Cut
from physiocam.networks.config import NetworkConfig
from physiocam.networks.network import Network
from physiocam.signals.breath_evidence import BreathConfidence
from physiocam.signals.confidence import Confidence
from physiocam.weights.bundle import (
    DESCRIPTION,
    LICENCE,
    Bundle,
    BundleInfo,
    MemoryNetworks,
    NetworkEntry,
    SlowNetworks,
    check_name,
    load_bundle,
)
from physiocam.weights.onnx_graph import check_graph, save_graph, trace

_WHOLE_FACE = Cut()


@dataclass(frozen=True)
class Slow:
    """Networks on a slower time scale; the fields are those of `physiocam.weights.bundle.SlowNetworks`."""

    networks: Mapping[str, Network]
    fs: float
    crop: Crop
    confidence: BreathConfidence | None = None


@dataclass(frozen=True)
class Memory:
    """Networks with memory; the fields are those of `physiocam.weights.bundle.MemoryNetworks`."""

    networks: Mapping[str, Network]
    confidence: Confidence | None = None


@dataclass(frozen=True)
class BundleAbout:
    """The description of a bundle, without its networks.

    Attributes
    ----------
    description, licence : str
    provenance, evaluation : mapping
        Plain values that are stored in the description.
    unit_auc : mapping of str to float
        See `physiocam.weights.bundle.BundleInfo`.
    licence_text : str, optional
        Is written beside the weights.
    """

    description: str
    licence: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    unit_auc: Mapping[str, float] = field(default_factory=dict)
    licence_text: str | None = None


def export_bundle(
    networks: Mapping[str, Network],
    folder: str | os.PathLike[str],
    *,
    name: str,
    about: BundleAbout,
    fs: float,
    cut: Cut = _WHOLE_FACE,
    others: Sequence[Slow | Memory] = (),
    overwrite: bool = False,
) -> Bundle:
    """Write networks as a bundle.

    The folder appears when it is complete, and only after ONNX Runtime has reproduced PyTorch's outputs.

    Parameters
    ----------
    networks : mapping of str to Network
        By name. Weights in half precision are stored so, in half the space; they are computed with in single precision.
    folder : path
    name : str
    about : BundleAbout
    fs : float
        Frames per second of the training recordings.
    cut : Cut
        How the faces of the training recordings were cut out; measured recordings will be cut like them.
    others : sequence of Slow or Memory
        Networks that see few of the frames, and networks that see seconds at a time; one of each kind at most.
    overwrite : bool
        Replace an existing folder.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If the folder exists, cannot be written to, a setting is out of range, or ONNX Runtime disagrees with
        PyTorch.
    """
    target = Path(folder)
    if target.exists() and not overwrite:
        raise BundleError(f"'{target}' exists already; take another name, or pass overwrite=True")
    if target.exists() and not (target / DESCRIPTION).is_file():
        raise BundleError(f"'{target}' is not a bundle and will not be replaced by one; choose another folder")
    with (
        alone_in(target.parent, f"writing '{target.name}' into", f".{target.name}.lock", BundleError),
        _refusals(target),
        folder_beside(target.parent) as own,
    ):
        beside = own / target.name
        beside.mkdir()
        info = BundleInfo(
            name=name,
            description=about.description,
            licence=about.licence,
            fs=fs,
            crop=Crop(factor=cut.factor),
            big_crop=None if cut.big_factor is None else Crop(factor=cut.big_factor),
            square=cut.square,
            preprocessing=cut.preprocessing,
            networks=_export(networks, beside),
            slow=next((_slow(other, beside) for other in others if isinstance(other, Slow)), None),
            memory=next((_memory(other, beside) for other in others if isinstance(other, Memory)), None),
            unit_auc=dict(about.unit_auc),
            provenance=dict(about.provenance),
            evaluation=dict(about.evaluation),
        )
        (beside / DESCRIPTION).write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if about.licence_text is not None:
            (beside / LICENCE).write_text(about.licence_text, encoding="utf-8")
        load_bundle(beside)
        to_disk(beside)
        publish(beside, target)
    return load_bundle(target)


def _slow(slow: Slow, folder: Path) -> SlowNetworks:
    networks = _export(slow.networks, folder)
    return SlowNetworks(fs=slow.fs, crop=slow.crop, networks=networks, confidence=slow.confidence)


def _memory(memory: Memory, folder: Path) -> MemoryNetworks:
    return MemoryNetworks(networks=_export(memory.networks, folder), confidence=memory.confidence)


@contextlib.contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """Convert the libraries' errors about an unwritable folder or wrong settings into one line."""
    try:
        with writing_to(target, BundleError):
            yield
    except ValidationError as error:
        raise BundleError(f"cannot describe bundle '{target.name}': {one_line(error)}") from None
    except SafetensorError as error:
        # The safetensors writer wraps the system's error.
        raise BundleError(f"cannot write to '{target}': {' '.join(str(error).split())}; free some space") from None


def publish(beside: Path, target: Path) -> None:
    """Move a finished folder to its place; an old one is removed only after that."""
    if not target.exists():
        beside.replace(target)
        return
    old = beside.with_name(f"{target.name}-replaced")
    target.replace(old)
    try:
        beside.replace(target)
    except OSError:
        old.replace(target)
        raise


def _export(networks: Mapping[str, Network], folder: Path) -> tuple[NetworkEntry, ...]:
    # Folds differ only in their weights, and tracing a graph takes seconds: one per configuration is enough.
    graphs: dict[NetworkConfig, onnx.ModelProto] = {}
    entries = []
    for name, network in networks.items():
        check_name(name)
        stored = {key: tensor.cpu().contiguous() for key, tensor in network.state_dict().items()}
        still = deepcopy(network).float().cpu().eval()
        if network.config not in graphs:
            graphs[network.config] = trace(still)
        entries.append(_write(still, stored, graphs[network.config], folder / name))
    return tuple(entries)


def _write(network: Network, stored: dict[str, Tensor], traced: onnx.ModelProto, path: Path) -> NetworkEntry:
    weights, graph = path.with_name(f"{path.name}.safetensors"), path.with_name(f"{path.name}.onnx")
    save_file(stored, weights)
    weights.chmod(0o644)
    save_graph(traced, weights, graph)
    check_graph(network, graph)
    return NetworkEntry(
        name=path.name,
        config=network.config,
        weights=weights.name,
        weights_sha256=sha256(weights.read_bytes()).hexdigest(),
        onnx=graph.name,
        onnx_sha256=sha256(graph.read_bytes()).hexdigest(),
    )
