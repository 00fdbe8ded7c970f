"""One network's graph in 8 bits (needs the `train` extra)."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.external_data_helper import load_external_data_for_model
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

Feed = Mapping[str, NDArray[np.float32]]

# Standardized pixels: of a bright scene with dark hair -4, of a dark one with a lamp 6. Few recordings show both, and
# what lies outside would be cut off.
_SEEN = {"rmin": np.float32(-4.0), "rmax": np.float32(6.0)}
# Maps of these operations keep 8 bits on their way from one convolution to the next.
_BETWEEN = {"Relu", "Add", "MaxPool"}
# Smaller tensors are not worth the scales.
_LEAST = 10_000
# ONNX Runtime's convolutions in 8 bits read as many channels at a time.
_TOGETHER = 4
_LARGEST_BLOCK = 96


def plain_graph(path: Path) -> onnx.ModelProto:
    """Return a bundle's graph with its weights in it, in single precision.

    Parameters
    ----------
    path : Path
        Of the graph; its weights are in the same folder.
    """
    model = onnx.load(path, load_external_data=False)
    load_external_data_for_model(model, str(path.parent))
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Cast" and (tensor := stored.get(node.input[0])):
            values = numpy_helper.to_array(tensor).astype(np.float32)
            model.graph.initializer.remove(tensor)
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            model.graph.node.remove(node)
    for tensor in model.graph.initializer:
        tensor.ClearField("data_location")
        del tensor.external_data[:]
    return model


def quantized_graph(model: onnx.ModelProto, feeds: Sequence[Feed]) -> onnx.ModelProto:
    """Return a graph that computes in 8 bits what may be computed so, and is small.

    In 8 bits are the convolutions that follow from Big frames, and what lies between them. The rest is computed in
    single precision. Its weights are stored in 8 bits with a scale for each block if they are those of large linear
    layers, and in half precision otherwise.

    Parameters
    ----------
    model : ModelProto
        With its weights in it, in single precision.
    feeds : sequence of dict of str to float32 array
        Inputs as they are measured, whose maps decide the scales.

    Returns
    -------
    ModelProto
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        result, done = model, Path(folder) / "done.onnx"
        _pool_by_convolution(model.graph)
        if chosen := _chosen(model.graph):
            seen = _fill_channels(model.graph, chosen)
            quantize_static(
                model,
                done,
                _Feeds(feeds),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                # 7 bits: with 8, sums of two products overflow on processors whose instructions add them in 16 bits.
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_quantize=chosen,
                op_types_to_quantize=["Conv", *_BETWEEN],
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"TensorQuantOverrides": {name: [_SEEN] for name in seen}},
            )
            result = onnx.load(done)
    _store_small(result.graph)
    for node in result.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    return result


class _Feeds(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._left: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._left, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide ONNX Runtime's advice to prepare graphs, which are prepared."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _pool_by_convolution(graph: onnx.GraphProto) -> None:
    """Let convolutions average where one reads the result: ONNX Runtime's pooling in 8 bits is ten times as slow."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    read = {node.input[0] for node in graph.node if node.op_type == "Conv"}
    channels: dict[str, int] = {}
    for node in graph.node:
        if node.op_type == "Conv" and (tensor := weights.get(node.input[1])):
            channels[node.output[0]] = tensor.dims[0]
        elif node.op_type in {"Relu", "Add", "AveragePool"} and node.input[0] in channels:
            channels[node.output[0]] = channels[node.input[0]]
        if node.op_type == "AveragePool" and node.output[0] in read and node.output[0] in channels:
            _as_convolution(graph, node, channels[node.output[0]])


def _as_convolution(graph: onnx.GraphProto, pool: onnx.NodeProto, channels: int) -> None:
    facts = {one.name: onnx.helper.get_attribute_value(one) for one in pool.attribute}
    if any(facts.get("pads", ())) or facts.get("ceil_mode", 0):
        return  # at the edges, its means are of fewer values
    kernel = facts["kernel_shape"]
    share = np.full((channels, 1, *kernel), 1 / np.prod(kernel), np.float32)
    name = f"{pool.output[0]}.share"
    graph.initializer.append(numpy_helper.from_array(share, name))
    strides = facts.get("strides", [1] * len(kernel))
    pool.CopyFrom(
        onnx.helper.make_node(
            "Conv",
            [pool.input[0], name],
            list(pool.output),
            name=pool.name,
            group=channels,
            kernel_shape=kernel,
            strides=strides,
        )
    )


def _chosen(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes to compute in 8 bits."""
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    seen_big, kept, chosen = {"big"}, set[str](), []
    for node in graph.node:  # in the order of the computation
        if not seen_big.intersection(node.input):
            continue
        seen_big.update(node.output)
        convolution = node.op_type == "Conv" and len(shapes.get(node.input[1], ())) == 4
        if convolution or (node.op_type in _BETWEEN and kept.intersection(node.input)):
            kept.update(node.output)
            chosen.append(node.name)
    return chosen


def _fill_channels(graph: onnx.GraphProto, chosen: Sequence[str]) -> list[str]:
    """Give convolutions of the three colours a fourth channel, of zeros; return the names of what they then see.

    Outputs stay the same to the bit; ONNX Runtime arranges the inputs of other convolutions first, which is slow.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer}
    few = [
        (node, weights[node.input[1]])
        for node in graph.node
        if node.op_type == "Conv" and node.name in chosen and weights[node.input[1]].dims[1] % _TOGETHER
        and not any(fact.name == "group" and fact.i > 1 for fact in node.attribute)
    ]  # fmt: skip
    for tensor in {tensor.name: tensor for _, tensor in few}.values():
        values = numpy_helper.to_array(tensor)
        more = -values.shape[1] % _TOGETHER
        filled = np.pad(values, ((0, 0), (0, more), (0, 0), (0, 0)))
        tensor.CopyFrom(numpy_helper.from_array(filled, tensor.name))
        for known in [known for known in graph.value_info if known.name == tensor.name]:
            graph.value_info.remove(known)
        for node in [node for node, own in few if own.name == tensor.name]:
            after, name = node.input[0], f"{node.name}.filled"
            graph.initializer.append(numpy_helper.from_array(np.array([0, 0, 0, 0, 0, more, 0, 0]), f"{name}.by"))
            place = list(graph.node).index(node)
            graph.node.insert(place, onnx.helper.make_node("Pad", [after, f"{name}.by"], [name], name=name))
            node.input[0] = name
    return [node.input[0] for node, _ in few]


def _store_small(graph: onnx.GraphProto) -> None:
    """Store the weights of what is computed in single precision in less, and let the graph begin by enlarging them."""
    linear = {node.input[1] for node in graph.node if node.op_type == "Gemm"}
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim == 0 or tensor.name.endswith("_scale"):
            continue
        if tensor.name in linear and values.size >= _LEAST:
            _store_blocks(graph, tensor, values)
        else:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
            _first(graph, "Cast", [tensor.name], tensor.name.removesuffix(".half"), to=onnx.TensorProto.FLOAT)


def _store_blocks(graph: onnx.GraphProto, tensor: onnx.TensorProto, values: NDArray[np.float32]) -> None:
    """Store weights in 8 bits, with a scale for each block of a row."""
    name, shape = tensor.name, values.shape
    block = max(size for size in range(1, _LARGEST_BLOCK + 1) if shape[-1] % size == 0)
    blocks = values.reshape(shape[0], -1, block)
    largest = np.abs(blocks).max(axis=2, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float16).astype(np.float32)
    tensor.CopyFrom(numpy_helper.from_array(np.rint(blocks / scale).clip(-127, 127).astype(np.int8), f"{name}.int8"))
    for suffix, value in (("step", scale.astype(np.float16)), ("shape", np.array(shape))):
        graph.initializer.append(numpy_helper.from_array(value, f"{name}.{suffix}"))
    _first(graph, "Reshape", [f"{name}.blocks", f"{name}.shape"], name)
    _first(graph, "Mul", [f"{name}.whole", f"{name}.scale"], f"{name}.blocks")
    _first(graph, "Cast", [f"{name}.step"], f"{name}.scale", to=onnx.TensorProto.FLOAT)
    _first(graph, "Cast", [f"{name}.int8"], f"{name}.whole", to=onnx.TensorProto.FLOAT)


def _first(graph: onnx.GraphProto, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
    graph.node.insert(0, onnx.helper.make_node(operation, inputs, [output], **attributes))
