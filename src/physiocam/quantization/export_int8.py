"""A bundle's networks in 8 bits, as files (needs the extras `train` and `demo`)."""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256

import onnx
import onnxruntime

from physiocam.foundation.files import complete_files
from physiocam.quantization.calibration import DIFFICULTIES, DRAWN_S, PEOPLE, PORTRAIT_S, calibration_feeds
from physiocam.quantization.graph import plain_graph, quantized_graph
from physiocam.version import __version__
from physiocam.weights.bundle import DESCRIPTION, Bundle
from physiocam.weights.int8_form import INT8_FORM, Int8Form, Int8Network

# Its name among the formats of `physiocam weights export`.
INT8 = "onnx-int8"


def export_int8(bundle: Bundle, folder: str | os.PathLike[str]) -> list[str]:
    """Write a bundle's networks with Big frames in 8 bits, each as one file with its weights, and their description.

    Written into the bundle's own folder, the bundle can be measured with in 8 bits.

    Parameters
    ----------
    bundle : Bundle
    folder : path
        Made if it does not exist.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    BundleError
        If the bundle has no network with Big frames, or they take other channels than RGB.
    PhysiocamError
        If the folder cannot be written to, or scikit-image is not installed.
    """
    feeds = calibration_feeds(bundle)
    entries = [entry for entry in bundle.info.entries if entry.name in feeds]
    names = [f"{entry.name}.int8.onnx" for entry in entries]
    # The bundle's description appears last but one, so that the form never describes files that are not there.
    with complete_files(folder, [*names, DESCRIPTION, INT8_FORM]) as beside:
        networks = {}
        for entry, name in zip(entries, names, strict=True):
            graph = quantized_graph(plain_graph(bundle.folder / entry.onnx), feeds[entry.name])
            onnx.save(graph, beside / name)
            networks[entry.name] = Int8Network(onnx=name, onnx_sha256=sha256((beside / name).read_bytes()).hexdigest())
        (beside / DESCRIPTION).write_bytes((bundle.folder / DESCRIPTION).read_bytes())
        form = Int8Form(bundle_sha256=bundle.sha256, networks=networks, provenance=_provenance(feeds))
        (beside / INT8_FORM).write_text(form.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [*names, DESCRIPTION, INT8_FORM]


def _provenance(feeds: Mapping[str, Sequence[object]]) -> dict[str, object]:
    recordings = {"photograph_s": PORTRAIT_S, "drawn_people": PEOPLE * len(DIFFICULTIES), "drawn_s": DRAWN_S}
    clips = {name: len(given) for name, given in feeds.items()}
    return {
        "physiocam": __version__,
        "onnxruntime": onnxruntime.__version__,
        "calibration": recordings | {"difficulties": list(DIFFICULTIES), "clips": clips},
    }
