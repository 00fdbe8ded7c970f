"""Bundles on disk, and reading them safely.

A bundle is a folder: bundle.json describes it, and each network has a .safetensors file with its weights and an .onnx
file with its graph. The graph holds no weights: it refers to the .safetensors file, so they exist once.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import from_json
from safetensors import SafetensorError, safe_open

from physiocam.errors import BundleError, one_line
from physiocam.foundation.regular_files import read_file
from physiocam.networks.config import NetworkConfig, Task
from physiocam.readable import readable
from physiocam.weights.description import SAFE_NAME, BundleInfo, MemoryNetworks, NetworkEntry, SlowNetworks

__all__ = [
    "DESCRIPTION",
    "LICENCE",
    "Bundle",
    "BundleInfo",
    "MemoryNetworks",
    "NetworkEntry",
    "SlowNetworks",
    "bundle_folders",
    "bundles_folder",
    "check_name",
    "find_bundle",
    "load_bundle",
    "mismatch",
]

DESCRIPTION = "bundle.json"
LICENCE = "LICENSE"
_DEFAULT = Path(__file__).parent / "default"


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files have been checked.

    Attributes
    ----------
    folder : Path
    info : BundleInfo
    sha256 : str
        Over bundle.json, which holds the sha256 of every other file: it stands for the whole content.

    Examples
    --------
    >>> bundle = load_bundle()
    >>> bundle.info.name, bundle.info.fs, bundle.info.crop.factor
    ('default', 30.0, 1.0)
    """

    folder: Path
    info: BundleInfo
    sha256: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of its tasks, on any time scale."""
        others = [part.tasks for part in (self.info.slow, self.info.memory) if part]
        tasks = (*self.info.tasks, *(task for part in others for task in part))
        return tuple(dict.fromkeys(task.name for task in tasks))

    def task(self, name: str) -> Task | None:
        """Return a task by name, if the bundle has it."""
        return next((task for task in self.info.tasks if task.name == name), None)

    @property
    def licence_text(self) -> str | None:
        """The file LICENSE beside the weights; None if there is none."""
        file = self.folder / LICENCE
        return read_file(file).decode("utf-8", errors="replace") if file.is_file() else None

    def describe(self) -> str:
        """Return the bundle's description as JSON."""
        facts = {"folder": readable(self.folder), "sha256": self.sha256, **self.info.model_dump(mode="json")}
        if (text := self.licence_text) is not None:
            facts["licence_text"] = text.splitlines()
        return json.dumps(facts, indent=2, ensure_ascii=False)


def load_bundle(name_or_path: str | os.PathLike[str] = "default") -> Bundle:
    """Find a bundle and check that it is complete.

    Parameters
    ----------
    name_or_path : str or path
        "default" (inside the package), the name of an imported bundle, or the path of a bundle's folder. A name takes
        precedence over a folder of the same name in the working directory; "./name" means the folder.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If there is no such bundle, or a file of it is missing, altered or does not fit its description. Nothing in
        it is ever unpickled or executed.

    Examples
    --------
    >>> load_bundle("default").tasks
    ('au', 'pulse', 'intensity', 'head_pose', 'respiration')
    """
    folder = find_bundle(name_or_path)
    try:
        content = read_file(folder / DESCRIPTION)
    except OSError as error:
        raise BundleError(f"cannot read '{folder / DESCRIPTION}': {error.strerror}") from None
    try:
        from_json(content, allow_inf_nan=False)
        info = BundleInfo.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(f"'{folder / DESCRIPTION}' is not understood: {one_line(error)}") from None
    except ValueError as error:
        raise BundleError(f"'{folder / DESCRIPTION}' is not understood: {error}; import the bundle again") from None
    for entry in info.entries:
        _check_file(folder / entry.weights, entry.weights_sha256)
        _check_file(folder / entry.onnx, entry.onnx_sha256)
        _check_tensors(folder / entry.weights, entry.config)
    return Bundle(folder, info, sha256(content).hexdigest())


def bundles_folder() -> Path:
    """Folder of imported bundles: in the user's data folder, or in PHYSIOCAM_HOME if that is set."""
    home = os.environ.get("PHYSIOCAM_HOME")
    if home:
        return Path(home) / "bundles"
    from platformdirs import user_data_path

    return user_data_path("physiocam", appauthor=False) / "bundles"


def bundle_folders() -> dict[str, Path]:
    """Name to folder of every bundle that can be named, the default first; none is opened."""
    found = {"default": _DEFAULT}
    folder = bundles_folder()
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            # A hidden folder is a bundle that is being written.
            if not path.name.startswith(".") and os.path.isfile(path / DESCRIPTION):
                found.setdefault(path.name, path)
    return found


def check_name(name: str) -> None:
    """Refuse a bundle name that is not a valid folder name.

    Raises
    ------
    BundleError
    """
    if not re.fullmatch(SAFE_NAME, name) or name == "default":
        raise BundleError(
            f"'{name}' is not a valid bundle name; use letters, digits, '.', '_' and '-' (and not the name 'default')"
        )


def find_bundle(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the folder of a bundle, which is not opened; see `load_bundle`."""
    try:
        text = os.fsdecode(name_or_path)
    except TypeError:
        kind = type(name_or_path).__name__
        raise BundleError(f"weights are of type {kind}; expected a bundle, or its name or folder") from None
    if text == "default":
        return _DEFAULT
    known = bundle_folders()
    if text in known:
        return known[text]
    path = Path(text)
    # Unlike Path.is_file, these are False, not an error, for invalid or inaccessible paths.
    if path.name == DESCRIPTION and os.path.isfile(path):
        return path.parent
    if os.path.isfile(path / DESCRIPTION):
        return path
    raise BundleError(
        f"no bundle '{text}'; it is neither a folder with a {DESCRIPTION} nor one of: {', '.join(known)} "
        "(see: physiocam weights list)"
    )


def _check_file(path: Path, expected: str) -> None:
    if not path.is_file():
        raise BundleError(f"'{path}' is missing; import the bundle again")
    try:
        with path.open("rb") as file:
            found = _digest(iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise BundleError(f"cannot read '{path}': {error.strerror}") from None
    if found != expected:
        raise BundleError(
            f"'{path}' is not the file that {DESCRIPTION} describes (sha256 {found[:12]}...); import it again"
        )


def _digest(chunks: Iterable[bytes]) -> str:
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _check_tensors(path: Path, config: NetworkConfig) -> None:
    expected = config.tensor_shapes()
    try:
        with safe_open(path, framework="numpy") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise BundleError(f"'{path}' is not a readable safetensors file: {str(error).splitlines()[0]}") from None
    if reason := mismatch(found, expected):
        raise BundleError(f"'{path}' does not fit its description: {reason}")


def mismatch(found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str | None:
    """Describe how tensors differ from the expected ones; None if they do not."""
    if missing := [name for name in expected if name not in found]:
        return f"tensor '{missing[0]}' is missing" + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else "")
    if extra := [name for name in found if name not in expected]:
        return f"tensor '{extra[0]}' is not known" + (f" (and {len(extra) - 1} more)" if len(extra) > 1 else "")
    for name, shape in expected.items():
        if found[name] != shape:
            return f"tensor '{name}' has shape {found[name]}, expected {shape}"
    return None
