"""Networks as ONNX graphs whose weights are in a safetensors file beside."""

import contextlib
import io
import json
import logging
import math
import struct
import warnings
from copy import deepcopy
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
import torch
from onnx.external_data_helper import set_external_data
from torch import Tensor, nn

from physiocam.errors import BundleError
from physiocam.networks.bigsmall import BigSmall
from physiocam.networks.network import Network, given

# ONNX Runtime and PyTorch add in different orders; a larger difference means a wrong graph.
_TOLERANCE = 1e-4


class InOrder(nn.Module):
    """The network with outputs in the order of its tasks: ONNX has no dicts.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return an output for each task; of a network that shares its Big branch, for several phases."""
        if self.network.config.shares_big:
            outputs = cast(BigSmall, self.network).forward_phases(given(big, "big"), given(small, "small"))
        else:
            outputs = self.network(big, small)
        return tuple(outputs[task.name] for task in self.network.config.tasks)


def example_inputs(network: Network) -> dict[str, Tensor]:
    """Return random inputs of two clips, and of three phases if the network takes phases, by their names."""
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


def trace(network: Network) -> onnx.ModelProto:
    """Return a network's graph, for any number of clips; its weights are random.

    Parameters
    ----------
    network : Network
        On the CPU, in evaluation mode.
    """
    network, inputs = _all_different(network), example_inputs(network)
    axes = {key: {0: torch.export.Dim("clips")} for key in inputs}
    if network.config.shares_big:
        axes["small"][1] = torch.export.Dim("phases")
    # Hide the exporter's messages about operators of packages that are not installed.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            InOrder(network),
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


def save_graph(traced: onnx.ModelProto, weights: Path, path: Path) -> None:
    """Save a graph that reads its weights from a safetensors file in the same folder.

    Parameters
    ----------
    traced : ModelProto
    weights : Path
        Weights in half precision are computed with in single precision.
    path : Path
        Of the graph.

    Raises
    ------
    BundleError
        If a weight has no place in the graph.
    """
    model = onnx.ModelProto()
    model.CopyFrom(traced)
    tensors = {tensor.name.removeprefix("network."): tensor for tensor in model.graph.initializer}
    for name, (offset, length) in _places(weights).items():
        # Normalizations count their training batches, which a graph does not need.
        if name.endswith(".num_batches_tracked"):
            continue
        if name not in tensors:
            raise BundleError(f"the exporter dropped tensor '{name}'; this PyTorch cannot export bundles")
        tensor = tensors[name]
        if length < 4 * math.prod(tensor.dims):
            _halve(model, tensor)
        tensor.raw_data = b""  # only its presence is checked
        set_external_data(tensor, weights.name, offset, length)
        tensor.ClearField("raw_data")
    onnx.save(model, path)


def _halve(model: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    """Let a tensor be stored in half precision; the graph begins by making single precision of it."""
    name, tensor.name = tensor.name, f"{tensor.name}.half"
    tensor.data_type = onnx.TensorProto.FLOAT16
    model.graph.node.insert(0, onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))


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


def check_graph(network: Network, path: Path) -> None:
    """Make sure that ONNX Runtime computes from a saved graph what PyTorch computes.

    Raises
    ------
    BundleError
    """
    inputs = example_inputs(network)
    with torch.inference_mode():
        expected = _phase_by_phase(network, **inputs) if network.config.shares_big else network(**inputs)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {key: tensor.numpy() for key, tensor in inputs.items()})
    for task, output in zip(network.config.tasks, found, strict=True):
        error = float(np.abs(expected[task.name].numpy() - output).max())
        if not error <= _TOLERANCE * max(1.0, float(expected[task.name].abs().max())):
            raise BundleError(f"ONNX Runtime differs from PyTorch by {error:.2g} in task '{task.name}'; not exported")
