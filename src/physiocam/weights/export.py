"""Exports networks as bundles: safetensors, ONNX and the description (needs the `train` extra)."""

import contextlib
import io
import json
import logging
import os
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.external_data_helper import set_external_data
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from physiocam.errors import BundleError, one_line, writing_to
from physiocam.foundation.files import folder_beside, to_disk
from physiocam.foundation.locks import alone_in
from physiocam.inputs.crop import Crop, Cut
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.config import NetworkConfig
from physiocam.networks.network import Network, given
from physiocam.signals.confidence import Confidence
from physiocam.weights.bundle import (
    DESCRIPTION,
    Bundle,
    BundleInfo,
    MemoryNetworks,
    NetworkEntry,
    SlowNetworks,
    check_name,
    load_bundle,
)

# ONNX Runtime and PyTorch add in different orders; a larger difference means a wrong graph.
_TOLERANCE = 1e-4

_WHOLE_FACE = Cut()


@dataclass(frozen=True)
class Slow:
    """Networks on a slower time scale; the fields are those of `physiocam.weights.bundle.SlowNetworks`."""

    networks: Mapping[str, Network]
    fs: float
    crop: Crop


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
    """

    description: str
    licence: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    unit_auc: Mapping[str, float] = field(default_factory=dict)


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
        By name.
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
        load_bundle(beside)
        to_disk(beside)
        _publish(beside, target)
    return load_bundle(target)


def _slow(slow: Slow, folder: Path) -> SlowNetworks:
    return SlowNetworks(fs=slow.fs, crop=slow.crop, networks=_export(slow.networks, folder))


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


def _publish(beside: Path, target: Path) -> None:
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
        still = deepcopy(network).cpu().eval()
        if network.config not in graphs:
            graphs[network.config] = _to_onnx(_all_different(still), _example_inputs(still))
        entries.append(_write(still, graphs[network.config], folder, name))
    return tuple(entries)


def _write(network: Network, model: onnx.ModelProto, folder: Path, name: str) -> NetworkEntry:
    weights, graph = folder / f"{name}.safetensors", folder / f"{name}.onnx"
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, weights)
    weights.chmod(0o644)
    _point_into(model, weights)
    onnx.save(model, graph)
    _check(network, _example_inputs(network), graph)
    return NetworkEntry(
        name=name,
        config=network.config,
        weights=weights.name,
        weights_sha256=sha256(weights.read_bytes()).hexdigest(),
        onnx=graph.name,
        onnx_sha256=sha256(graph.read_bytes()).hexdigest(),
    )


class _InOrder(nn.Module):
    """The network with outputs in the order of its tasks: ONNX has no dicts."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> tuple[Tensor, ...]:
        if self.network.config.shares_big:
            outputs = cast(BigSmall, self.network).forward_phases(given(big, "big"), given(small, "small"))
        else:
            outputs = self.network(big, small)
        return tuple(outputs[task.name] for task in self.network.config.tasks)


def _example_inputs(network: Network) -> dict[str, Tensor]:
    config = network.config
    generator = torch.Generator().manual_seed(0)
    inputs = {}
    if config.uses_big:
        shape: tuple[int, ...] = (2, config.big_frames, config.input_channels, *config.big_shape)
        inputs["big"] = torch.randn(shape, generator=generator)
    if config.uses_small:
        phases = (3,) if config.shares_big else ()
        shape = (2, *phases, config.clip_length, config.input_channels, *config.small_shape)
        inputs["small"] = torch.randn(shape, generator=generator)
    return inputs


def _all_different(network: Network) -> Network:
    """Copy a network with random weights: the exporter would merge equal tensors, such as new normalizations'."""
    other = deepcopy(network)
    generator = torch.Generator().manual_seed(0)
    for tensor in other.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(generator=generator)
    return other


def _to_onnx(network: Network, inputs: dict[str, Tensor]) -> onnx.ModelProto:
    axes = {key: {0: torch.export.Dim("clips")} for key in inputs}
    if network.config.shares_big:
        axes["small"][1] = torch.export.Dim("phases")
    # Hide the exporter's messages about operators of packages that are not installed.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _InOrder(network),
            kwargs=inputs,
            dynamo=True,
            input_names=list(inputs),
            output_names=[task.name for task in network.config.tasks],
            dynamic_shapes=axes,
            verbose=False,
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    # Remove names of source files and lines of the exporting machine.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    return model


def _point_into(model: onnx.ModelProto, weights: Path) -> None:
    """Replace the graph's copies of the weights by references to the safetensors file."""
    tensors = {tensor.name.removeprefix("network."): tensor for tensor in model.graph.initializer}
    for name, (offset, length) in _places(weights).items():
        # Normalizations count their training batches, which a graph does not need.
        if name.endswith(".num_batches_tracked"):
            continue
        if name not in tensors:
            raise BundleError(f"the exporter dropped tensor '{name}'; this PyTorch cannot export bundles")
        tensor = tensors[name]
        tensor.raw_data = b""  # only its presence is checked
        set_external_data(tensor, weights.name, offset, length)
        tensor.ClearField("raw_data")


def _places(weights: Path) -> dict[str, tuple[int, int]]:
    """Byte offset and length of each tensor in a safetensors file."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    start = 8 + length
    return {
        name: (start + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _phase_by_phase(network: Network, big: Tensor, small: Tensor) -> dict[str, Tensor]:
    runs = [network(big, small[:, phase]) for phase in range(small.shape[1])]
    return {task.name: torch.stack([run[task.name] for run in runs], dim=1) for task in network.config.tasks}


def _check(network: Network, inputs: dict[str, Tensor], graph: Path) -> None:
    with torch.inference_mode():
        expected = _phase_by_phase(network, **inputs) if network.config.shares_big else network(**inputs)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = session.run(None, {key: tensor.numpy() for key, tensor in inputs.items()})
    for task, output in zip(network.config.tasks, found, strict=True):
        error = float(np.abs(expected[task.name].numpy() - output).max())
        if not error <= _TOLERANCE * max(1.0, float(expected[task.name].abs().max())):
            raise BundleError(f"ONNX Runtime differs from PyTorch by {error:.2g} in task '{task.name}'; not exported")
