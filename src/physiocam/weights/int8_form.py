"""A bundle's form in 8 bits: graphs of their own beside those of the bundle, which stays as it is."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from physiocam.errors import BundleError, PhysiocamError, one_line
from physiocam.foundation.regular_files import read_file
from physiocam.weights.bundle import Bundle
from physiocam.weights.description import FileName, Sha256

INT8_FORM = "int8.json"

Precision = Literal["fp32", "int8"]
FP32: Precision = "fp32"


class Int8Network(BaseModel):
    """A network's graph in 8 bits, with its weights.

    Attributes
    ----------
    onnx : str
        File name in the bundle's folder.
    onnx_sha256 : str
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    onnx: FileName
    onnx_sha256: Sha256


class Int8Form(BaseModel):
    """The content of int8.json.

    Attributes
    ----------
    format : int
        Version of this description.
    bundle_sha256 : str
        Of the bundle from which it was made.
    networks : dict of str to Int8Network
        By the names of the bundle's networks; those without Big frames gain nothing, and stay as they are.
    provenance : dict
        With what it was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    bundle_sha256: Sha256
    networks: Annotated[dict[str, Int8Network], Field(min_length=1)]
    provenance: dict[str, Any] = {}


def check_precision(precision: object) -> Precision:
    """Return a precision that exists.

    Raises
    ------
    PhysiocamError
    """
    if precision not in get_args(Precision):
        raise PhysiocamError(f"precision is {precision!r}; expected {' or '.join(get_args(Precision))}")
    return cast(Precision, precision)


def has_int8(bundle: Bundle) -> bool:
    """Whether there is a form in 8 bits beside a bundle; it is not opened."""
    return os.path.isfile(bundle.folder / INT8_FORM)


def load_int8(bundle: Bundle) -> Int8Form:
    """Read a bundle's form in 8 bits, and check its files.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    Int8Form

    Raises
    ------
    BundleError
        If there is none, it was made from another bundle, or a file of it is missing or altered.

    Examples
    --------
    >>> from physiocam.weights.bundle import load_bundle
    >>> sorted(load_int8(load_bundle()).networks)
    ['bigsmall', 'expression']
    """
    path = bundle.folder / INT8_FORM
    make = f"make it: physiocam weights export {bundle.folder} {bundle.folder} --to onnx-int8"
    if not has_int8(bundle):
        raise BundleError(f"bundle '{bundle.info.name}' has no form in 8 bits; leave precision out, or {make}")
    try:
        form = Int8Form.model_validate_json(read_file(path))
    except OSError as error:
        raise BundleError(f"cannot read '{path}': {error.strerror}") from None
    except ValidationError as error:
        raise BundleError(f"'{path}' is not understood: {one_line(error)}; {make}") from None
    if form.bundle_sha256 != bundle.sha256:
        raise BundleError(f"'{path}' belongs to another bundle (sha256 {form.bundle_sha256[:12]}...); {make}")
    names = {entry.name for entry in bundle.info.entries}
    if unknown := set(form.networks) - names:
        raise BundleError(f"'{path}' has the networks {sorted(unknown)}, expected some of {sorted(names)}; {make}")
    for network in form.networks.values():
        graph = bundle.folder / network.onnx
        if not graph.is_file() or sha256(read_file(graph)).hexdigest() != network.onnx_sha256:
            raise BundleError(f"'{graph}' is missing, or not the file that {INT8_FORM} describes; {make}")
    return form


def graph_files(bundle: Bundle, precision: Precision = FP32) -> dict[str, Path]:
    """Return the file of each network's graph, by its name.

    Parameters
    ----------
    bundle : Bundle
    precision : "fp32" or "int8"

    Raises
    ------
    BundleError
        If the bundle has no form of this precision.
    """
    files = {entry.name: bundle.folder / entry.onnx for entry in bundle.info.entries}
    if precision == FP32:
        return files
    return files | {name: bundle.folder / network.onnx for name, network in load_int8(bundle).networks.items()}
