"""Imports published checkpoints as bundles (needs the `train` extra)."""

import os
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from physiocam.errors import BundleError
from physiocam.inputs.crop import Cut, Preprocessing
from physiocam.networks.config import NetworkConfig
from physiocam.networks.registry import build
from physiocam.weights.bundle import Bundle, bundles_folder, check_name
from physiocam.weights.checkpoints import read_checkpoint_file
from physiocam.weights.export import BundleAbout, export_bundle
from physiocam.weights.published import Origin, assumptions, recognize
from physiocam.weights.tensor_names import their_names


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint with our tensor names.

    Attributes
    ----------
    config : NetworkConfig
    tensors : dict of str to Tensor
        A state dict of the network that `physiocam.networks.registry.build` makes.
    origin : Origin
    crop_factor : float
        Side of the face square that it sees, as a multiple of the longer side of the face's box.
    assumed : str
        What it was taken for, and what its tensors do not show.
    """

    config: NetworkConfig
    tensors: dict[str, Tensor]
    origin: Origin
    crop_factor: float
    assumed: str


def import_checkpoints(
    files: Sequence[str | os.PathLike[str]], name: str, *, preset: str | None = None, overwrite: bool = False
) -> Bundle:
    """Import published checkpoints as a bundle in the user's data folder.

    Parameters
    ----------
    files : sequence of paths
        Of the BigSmall authors: joint checkpoints of any variant, single-task ones (Big for action units; Small or
        DeepPhys for pulse or respiration, distinguished by "Heart" or "Resp" in the file name), MTTS-CAN, DRML,
        AlexNet. Of rPPG-Toolbox: DeepPhys and TS-CAN, also distinguished by the file name, and MTTS-CAN. Several files
        for the same task, such as folds, are averaged.
    name : str
        Name of the new bundle.
    preset : str or None
        The network that every file holds, as `physiocam models` names it. Tensors do not show the temporal shift or how
        often Big sees a frame: without this a joint checkpoint is taken as the paper's BigSmall.
    overwrite : bool
        Replace a bundle of this name.

    Returns
    -------
    Bundle
        What each file was taken for is in `bundle.info.provenance["assumed"]`.

    Raises
    ------
    BundleError
        If a file is not such a checkpoint or not of the preset, or files of both origins are given; the message says
        why.
    """
    check_name(name)
    paths = [Path(file) for file in files]
    if not paths:
        raise BundleError(f"no checkpoint was given for bundle '{name}'; give at least one file")
    repeated = [stem for stem, count in Counter(_safe(path.stem) for path in paths).items() if count > 1]
    if repeated:
        raise BundleError(f"two files are called '{repeated[0]}'; give each checkpoint once, under a different name")
    networks, origins, assumed, checkpoints = {}, {}, {}, {}
    for path in paths:
        checkpoint = read_checkpoint(path, preset)
        network = build(checkpoint.config)
        network.load_state_dict(checkpoint.tensors)
        networks[_safe(path.stem)] = network
        checkpoints[path] = checkpoint
        origins[checkpoint.origin] = path
        assumed[path.name] = checkpoint.assumed
    origin, *others = origins
    if others:
        raise BundleError(
            f"'{origins[origin]}' is of {origin.description}, '{origins[others[0]]}' of {others[0].description}; they "
            "see faces cut out differently: import each into its own bundle"
        )
    return export_bundle(
        networks,
        bundles_folder() / name,
        name=name,
        about=BundleAbout(
            f"{len(paths)} checkpoint(s) of {origin.description}",
            "as published by the authors of the checkpoints",
            {
                "files": {path.name: sha256(path.read_bytes()).hexdigest() for path in paths},
                "assumed": assumed,
            },
        ),
        fs=origin.fs,
        cut=_cut(checkpoints, origin.preprocessing),
        overwrite=overwrite,
    )


def read_checkpoint(path: str | os.PathLike[str], preset: str | None = None) -> Checkpoint:
    """Read one published checkpoint, with or without a `module.` prefix.

    Parameters
    ----------
    path : path
    preset : str or None
        The network that it holds, if the caller knows.

    Raises
    ------
    BundleError
        If the file is missing, holds anything but tensors, or its tensors do not make a known network or the preset.
    """
    path = Path(path)
    theirs = {name.removeprefix("module."): tensor for name, tensor in _read(path).items()}
    network = recognize(path, {name: tuple(tensor.shape) for name, tensor in theirs.items()}, preset)
    for name, tensor in theirs.items():
        # Normalizations count their training batches.
        whole = name.endswith(".num_batches_tracked")
        kind = tensor.dtype == torch.int64 if whole else tensor.is_floating_point()
        if not kind or tensor.layout != torch.strided or tensor.is_meta:
            raise BundleError(f"'{path}' does not hold numbers of the right type in '{name}'; save the network again")
        if not tensor.isfinite().all():
            raise BundleError(f"'{path}' holds NaN or infinite numbers in '{name}'; the file is damaged")
    ours = {name: theirs[their] for name, their in their_names(network.config).items()}
    tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in ours.items()}
    return Checkpoint(network.config, tensors, network.origin, network.crop_factor, assumptions(network, preset))


def _read(path: Path) -> dict[str, Tensor]:
    if not os.path.isfile(path):
        raise BundleError(f"'{path}' does not exist, or is not a file; give the path of a checkpoint")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = read_checkpoint_file(path)
    except BundleError as error:
        raise BundleError(f"'{path}' is refused: {error}") from None
    except (SafetensorError, pickle.UnpicklingError) as error:
        unsafe = "weights_only" in str(error).lower()
        reason = "it holds more than plain tensors, which is never loaded" if unsafe else "it is damaged"
        raise BundleError(f"'{path}' is refused: {reason}") from None
    except Exception as error:  # damaged bytes can make the safe unpickler raise any exception
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise BundleError(f"'{path}' is not a readable checkpoint: {reason}") from None
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    ):
        raise BundleError(f"'{path}' does not hold named tensors; expected a state dict")
    return content


def _cut(checkpoints: Mapping[Path, Checkpoint], preprocessing: Preprocessing) -> Cut:
    """How faces are cut out for networks together: Small frames in one square, Big frames in one."""
    squares: dict[str, dict[float, Path]] = {"Big": {}, "Small": {}}
    for path, checkpoint in checkpoints.items():
        for frames, used in (("Big", checkpoint.config.uses_big), ("Small", checkpoint.config.uses_small)):
            if used:
                squares[frames][checkpoint.crop_factor] = path
    shared = [path for path, one in checkpoints.items() if one.config.uses_big and one.config.uses_small]
    if shared:
        squares = {"Big and Small": squares["Big"] | squares["Small"]}
    for frames, seen in squares.items():
        if len(seen) > 1:
            one, other = sorted(seen)[:2]
            raise BundleError(
                f"'{seen[one]}' sees {frames} frames in squares of {one:g} times the face, '{seen[other]}' of "
                f"{other:g}; import each into its own bundle"
            )
    factors = [next(iter(found)) for found in squares.values() if found]
    # Where both are there and differ, the square of Small frames is the one that is followed.
    big, small = factors[0], factors[-1]
    return Cut("face", small, preprocessing, None if big == small else big)


def _safe(stem: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in stem)
    return kept if kept[:1].isalnum() else f"n{kept}"
