"""Reads checkpoints without running code from them, and without allocating more memory than they hold."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from physiocam.errors import BundleError

_MOST_ALIKE = 1_000_000_000


def read_checkpoint_file(path: str | os.PathLike[str]) -> Any:
    """Read a file of `torch.save`: only tensors and plain values.

    Parameters
    ----------
    path : path

    Returns
    -------
    object

    Raises
    ------
    BundleError
        If it declares much more than the file holds.
    Exception
        Of any other type, if the file is damaged or of another kind.
    """
    _check_archive(Path(path))
    content = torch.load(path, map_location="cpu", weights_only=True)
    for name, tensor in _tensors(content, ""):
        if tensor.layout == torch.strided and not tensor.is_meta:
            declared, there = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
            # One number may be repeated, within limits.
            if declared > max(there, _MOST_ALIKE):
                raise BundleError(f"tensor '{name}' declares {declared} bytes and the file holds {there}")
    return content


def _check_archive(path: Path) -> None:
    """PyTorch does not compress: the unpacked size of an archive is no larger than its file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > path.stat().st_size:
            raise BundleError(f"it unpacks to {unpacked} bytes, and has {path.stat().st_size}")


def _tensors(content: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield name, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _tensors(value, f"{name}.{key}" if name else str(key))
    elif isinstance(content, list | tuple):
        for index, value in enumerate(content):
            yield from _tensors(value, f"{name}.{index}")
