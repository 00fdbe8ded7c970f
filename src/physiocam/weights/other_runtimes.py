"""A bundle's networks as files for other runtimes (needs the `train` extra, and the runtime)."""

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx.external_data_helper import load_external_data_for_model

from physiocam.errors import PhysiocamError
from physiocam.foundation.files import complete_files
from physiocam.foundation.provenance import RECORD, write_record
from physiocam.readable import readable
from physiocam.version import __version__
from physiocam.weights.bundle import DESCRIPTION, Bundle, NetworkEntry
from physiocam.weights.onnx_graph import InOrder, example_inputs
from physiocam.weights.pytorch import load_network


def _write_onnx(bundle: Bundle, entry: NetworkEntry, path: Path) -> None:
    """The bundle's graph with its weights in one file, which browsers and other programs can load by itself."""
    model = onnx.load(bundle.folder / entry.onnx, load_external_data=False)
    load_external_data_for_model(model, str(bundle.folder))
    for tensor in model.graph.initializer:
        tensor.ClearField("data_location")
        del tensor.external_data[:]
    onnx.save(model, path)


def _write_openvino(bundle: Bundle, entry: NetworkEntry, path: Path) -> None:
    import openvino

    openvino.save_model(openvino.convert_model(bundle.folder / entry.onnx), path, compress_to_fp16=False)


def _write_torchscript(bundle: Bundle, entry: NetworkEntry, path: Path) -> None:
    network = load_network(bundle, entry)
    with warnings.catch_warnings(), torch.inference_mode():
        # PyTorch's own advice to use torch.export, whose files need the same PyTorch.
        warnings.simplefilter("ignore")
        jit: Any = torch.jit
        traced = jit.trace(InOrder(network), example_kwarg_inputs=example_inputs(network), check_trace=False)
        jit.save(traced, path)


# By name: the suffix of the files, and what writes one network.
_Format = tuple[str, Callable[[Bundle, NetworkEntry, Path], None]]
FORMATS: Mapping[str, _Format] = {
    "onnx": (".onnx", _write_onnx),
    "openvino": (".xml", _write_openvino),
    "torchscript": (".pt", _write_torchscript),
}


def export_networks(bundle: Bundle, form: str, folder: str | os.PathLike[str]) -> list[str]:
    """Write each network of a bundle as a file for another runtime, with the bundle's description.

    Inputs and outputs are those of the bundle's graphs: float32 arrays ``big`` of shape (clips, frames, 3, 144, 144)
    and ``small`` of shape (clips, phases, frames, 3, 9, 9), as far as a network takes them, and an output
    for each task.

    Parameters
    ----------
    bundle : Bundle
    form : str
        "onnx" or "torchscript" (a file for each network, weights included), or "openvino".
    folder : path
        Made if it does not exist.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    PhysiocamError
        If the format is unknown, or the folder cannot be written to.
    ImportError
        If the runtime is not installed.
    """
    if form not in FORMATS:
        raise PhysiocamError(f"the format is '{form}'; expected {', '.join(FORMATS)}")
    suffix, write = FORMATS[form]
    weights = (".bin",) if form == "openvino" else ()
    names = [f"{entry.name}{end}" for entry in bundle.info.entries for end in (suffix, *weights)]
    with complete_files(folder, [*names, DESCRIPTION]) as beside:
        for entry in bundle.info.entries:
            write(bundle, entry, beside / f"{entry.name}{suffix}")
        (beside / DESCRIPTION).write_bytes((bundle.folder / DESCRIPTION).read_bytes())
    facts = {"format": form, "weights": bundle.sha256, "physiocam": __version__}
    about = {"kind": "networks", "weights": readable(bundle.folder.resolve())}
    write_record(Path(folder), facts, [*names, DESCRIPTION], about=about)
    return [*names, DESCRIPTION, RECORD]
