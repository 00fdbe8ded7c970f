"""The authors' checkpoints to bundles (needs the `train` extra)."""

import os
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from physiocam.errors import BundleError
from physiocam.networks.config import AU, PULSE, RESPIRATION, NetworkConfig
from physiocam.networks.registry import build, preset
from physiocam.weights.bundle import Bundle, bundles_folder, check_name, mismatch
from physiocam.weights.export import export_bundle
from physiocam.weights.names import BIG, JOINT_HEADS, SINGLE_HEAD, SMALL, head_names

# The authors trained on BP4D+, recorded at 25 frames/s.
_FS = 25.0

# Side of the face square over the longer side of the detector's box: with this one their three pulse networks come
# closest to the sensor on a real clip (docs/benchmarks.md).
_CROP_FACTOR = 0.9

# Words in file names that tell the two kinds of single-task Small networks apart: their tensors are alike.
_PULSE_WORDS = ("heart", "pulse", "bvp", "ppg")
_RESPIRATION_WORDS = ("resp", "breath")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of the authors under our names.

    Attributes
    ----------
    config : NetworkConfig
    tensors : dict of str to Tensor
        A state dict of the network that `physiocam.networks.registry.build` makes.
    """

    config: NetworkConfig
    tensors: dict[str, Tensor]


def import_checkpoints(files: Sequence[str | os.PathLike[str]], name: str, *, overwrite: bool = False) -> Bundle:
    """Turn checkpoints of the authors into a bundle in the user's data folder.

    Parameters
    ----------
    files : sequence of paths
        Joint checkpoints, or single-task ones (Big for action units; Small for pulse or respiration, told apart by
        "Heart" or "Resp" in the file name). Several files for the same task, such as folds, are averaged.
    name : str
        Name of the new bundle.
    overwrite : bool
        Replace a bundle of this name.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If a file is not such a checkpoint; the message says why.
    """
    check_name(name)
    paths = [Path(file) for file in files]
    if not paths:
        raise BundleError(f"no checkpoint was given for bundle '{name}'; give at least one file")
    repeated = [stem for stem, count in Counter(_safe(path.stem) for path in paths).items() if count > 1]
    if repeated:
        raise BundleError(f"two files are called '{repeated[0]}'; give each checkpoint once, under a name of its own")
    networks = {}
    for path in paths:
        checkpoint = read_checkpoint(path)
        network = build(checkpoint.config)
        network.load_state_dict(checkpoint.tensors)
        networks[_safe(path.stem)] = network
    return export_bundle(
        networks,
        bundles_folder() / name,
        name=name,
        description=f"{len(paths)} checkpoint(s) of the BigSmall authors, trained on BP4D+",
        licence="as published by the authors of the checkpoints",
        fs=_FS,
        crop_factor=_CROP_FACTOR,
        provenance={"files": {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}},
        overwrite=overwrite,
    )


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read one checkpoint of the authors, joint or single-task, with or without a `module.` prefix.

    Raises
    ------
    BundleError
        If the file is missing, holds anything but tensors, or its tensors do not make a known network.
    """
    path = Path(path)
    theirs = {name.removeprefix("module."): tensor for name, tensor in _read(path).items()}
    config, names = _recognize(path, theirs)
    ours_to_theirs = {
        f"{ours}.{part}": f"{layer}.{part}" for ours, layer in names.items() for part in ("weight", "bias")
    }
    expected = {ours_to_theirs[name]: shape for name, shape in config.tensor_shapes().items()}
    if reason := mismatch({name: tuple(tensor.shape) for name, tensor in theirs.items()}, expected):
        raise BundleError(f"'{path}' is no BigSmall checkpoint of the paper's sizes: {reason}")
    for name, tensor in theirs.items():
        if not tensor.is_floating_point() or tensor.layout != torch.strided or tensor.is_meta:
            raise BundleError(f"'{path}' holds no plain floating-point numbers in '{name}'; save the network again")
        if not tensor.isfinite().all():
            raise BundleError(f"'{path}' holds NaN or infinite numbers in '{name}'; the file is damaged")
    return Checkpoint(config, {ours: theirs[name].float() for ours, name in ours_to_theirs.items()})


def _recognize(path: Path, theirs: dict[str, Tensor]) -> tuple[NetworkConfig, dict[str, str]]:
    """Configuration of the network, and our layer names to theirs."""
    has_big, has_small = "big_conv1.weight" in theirs, "small_conv1.weight" in theirs
    if has_big and has_small:
        heads = {ours: name for task, stem in JOINT_HEADS.items() for ours, name in head_names(task, stem).items()}
        return preset("bigsmall"), {**BIG, **SMALL, **heads}
    if has_big:
        return preset("big"), {**BIG, **head_names(AU.name, SINGLE_HEAD)}
    if has_small:
        words = path.stem.lower()
        pulse, respiration = (any(word in words for word in kind) for kind in (_PULSE_WORDS, _RESPIRATION_WORDS))
        if pulse == respiration:
            raise BundleError(
                f"'{path}' is a Small network, but its name does not say for what; rename the file so that it holds "
                "'Heart' or 'Resp'"
            )
        task = PULSE if pulse else RESPIRATION
        return preset("small").model_copy(update={"tasks": (task,)}), {
            **SMALL,
            **head_names(task.name, SINGLE_HEAD),
        }
    raise BundleError(
        f"'{path}' holds neither 'big_conv1.weight' nor 'small_conv1.weight'; "
        "expected a checkpoint of the BigSmall authors"
    )


def _read(path: Path) -> dict[str, Tensor]:
    if not os.path.isfile(path):
        raise BundleError(f"'{path}' does not exist, or is no file; give the path of a checkpoint")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError) as error:
        unsafe = "weights_only" in str(error).lower()
        reason = "it holds more than plain tensors, which is never loaded" if unsafe else "it is damaged"
        raise BundleError(f"'{path}' is refused: {reason}") from None
    except Exception as error:  # damaged bytes make the safe unpickler fail in every way there is
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise BundleError(f"'{path}' is no readable checkpoint: {reason}") from None
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    ):
        raise BundleError(f"'{path}' does not hold named tensors; expected a state dict")
    return content


def _safe(stem: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in stem)
    return kept if kept[:1].isalnum() else f"n{kept}"
