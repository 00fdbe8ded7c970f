"""Bundles: what they say of themselves, and reading them safely.

A bundle is a folder: bundle.json describes it, and each network has a .safetensors file with its weights and an .onnx
file with its graph. The graph holds no weights of its own: it points into the .safetensors file, so they exist once.
"""

import json
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open

from physiocam.errors import BundleError
from physiocam.networks.config import NetworkConfig, Task
from physiocam.networks.registry import AnyConfig
from physiocam.readable import readable
from physiocam.regular_files import read_file

DESCRIPTION = "bundle.json"
_DEFAULT = Path(__file__).parent / "default"

# Of long clips, which cost as much again in every phase, not every frame begins one.
_MOST_PHASES = 5

_SAFE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

FileName = Annotated[str, Field(pattern=_SAFE_NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkEntry(_Strict):
    """One network of a bundle.

    Attributes
    ----------
    name : str
    config : NetworkConfig
    weights, onnx : str
        File names inside the bundle's folder.
    weights_sha256, onnx_sha256 : str
    """

    name: FileName
    config: AnyConfig
    weights: FileName
    weights_sha256: Sha256
    onnx: FileName
    onnx_sha256: Sha256


class Crop(_Strict):
    """How the face is cut out.

    Attributes
    ----------
    factor : float
        Side of the square, as a multiple of the longer side of the face's box.
    down : float
        How far the square's middle lies below the box's, as a multiple of the same.
    """

    factor: Annotated[float, Field(gt=0, le=10)] = 1.0
    down: Annotated[float, Field(ge=-5, le=5)] = 0.0


class _SameInputs:
    """What networks that take in the same frames have in common."""

    if TYPE_CHECKING:
        networks: tuple[NetworkEntry, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Everything that these networks predict, each task once."""
        return tuple({task.name: task for entry in self.networks for task in entry.config.tasks}.values())

    @property
    def clip_length(self) -> int:
        """N, frames in a clip."""
        return self.networks[0].config.clip_length

    @property
    def big_stride(self) -> int:
        """M, the coarsest stride of Big frames that serves every network; N where none takes any."""
        strides = [entry.config.big_stride for entry in self.networks if entry.config.uses_big]
        return math.gcd(*strides) or self.clip_length

    @property
    def phase_offsets(self) -> tuple[int, ...]:
        """Frames before a clip at which its phases begin; see `physiocam.clip_phases`.

        Where Big frames come more often than clips, only those between two of them: further back, other ones belong.
        """
        return tuple(range(0, self.big_stride, -(-self.big_stride // _MOST_PHASES)))

    @property
    def big_size(self) -> int:
        """Side of Big frames in pixels; between frames of this size differences are taken."""
        return self.networks[0].config.big_size

    @property
    def small_size(self) -> int:
        """Side of Small frames in pixels."""
        return self.networks[0].config.small_size

    def check_agreement(self) -> None:
        """Refuse networks that cannot take the same inputs, or be averaged."""
        for field in ("clip_length", "big_size", "small_size"):
            values = {getattr(entry.config, field) for entry in self.networks}
            if len(values) > 1:
                raise ValueError(f"networks differ in {field} ({sorted(values)}); a bundle's networks must agree")
        for task in self.tasks:
            for entry in self.networks:
                for other in entry.config.tasks:
                    if other.name == task.name and other != task:
                        raise ValueError(f"networks differ in what task '{task.name}' is; they cannot be averaged")


class SlowNetworks(_SameInputs, _Strict):
    """Networks for what changes slowly: they see few of the frames, and more than the face.

    Attributes
    ----------
    fs : float
        Frames per second that they see: of a recording, every n-th frame, with n such that it comes closest.
    crop : Crop
    networks : tuple of NetworkEntry
        They take Small frames only and answer waveforms, which are given for every frame by interpolation. Networks
        that answer the same task are averaged.
    """

    fs: Annotated[float, Field(gt=0, le=1000)]
    crop: Crop = Crop()
    networks: Annotated[tuple[NetworkEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        self.check_agreement()
        for entry in self.networks:
            if entry.config.uses_big:
                raise ValueError(
                    f"slow network '{entry.name}' takes Big frames; only networks of Small frames may be slow"
                )
            if others := [task.name for task in entry.config.tasks if task.kind != "waveform"]:
                raise ValueError(f"slow network '{entry.name}' answers '{others[0]}', which is no waveform")
        return self


class BundleInfo(_SameInputs, _Strict):
    """The content of bundle.json.

    Attributes
    ----------
    format : int
        Version of this description.
    name, description, licence : str
    fs : float
        Frames per second of the recordings it was trained on.
    crop : Crop
    networks : tuple of NetworkEntry
        Networks that answer the same task are averaged.
    slow : SlowNetworks or None
        Networks on a slower time scale, for tasks of their own.
    provenance : dict
        Where the weights come from: files with their sha256, data, seeds, times.
    evaluation : dict
        How well it does, as measured.
    """

    format: Literal[1] = 1
    name: FileName
    description: str
    licence: str
    fs: Annotated[float, Field(gt=0, le=1000)]
    crop: Crop = Crop()
    networks: Annotated[tuple[NetworkEntry, ...], Field(min_length=1)]
    slow: SlowNetworks | None = None
    provenance: dict[str, Any] = {}
    evaluation: dict[str, Any] = {}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        names = [entry.name for entry in self.entries]
        if len(set(names)) < len(names):
            raise ValueError(f"networks are called {names}; each name may stand once only")
        self.check_agreement()
        if self.slow:
            if both := {task.name for task in self.tasks} & {task.name for task in self.slow.tasks}:
                raise ValueError(f"slow networks and others answer '{both.pop()}'; a task has one time scale")
            if self.slow.fs > self.fs:
                raise ValueError(f"slow networks see {self.slow.fs:g} frames/s, more than the others' {self.fs:g}")
        return self

    @property
    def entries(self) -> tuple[NetworkEntry, ...]:
        """Every network, the slow ones last."""
        return self.networks + (self.slow.networks if self.slow else ())


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files have been checked.

    Attributes
    ----------
    folder : Path
    info : BundleInfo
    sha256 : str
        Over bundle.json, which holds the sha256 of every other file: it stands for the whole content.
    """

    folder: Path
    info: BundleInfo
    sha256: str

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks it answers, on any time scale."""
        slow = self.info.slow.tasks if self.info.slow else ()
        return tuple(task.name for task in (*self.info.tasks, *slow))

    def task(self, name: str) -> Task | None:
        """Return the task of a name, if the bundle answers it."""
        return next((task for task in self.info.tasks if task.name == name), None)

    def describe(self) -> str:
        """Return what the bundle says of itself, as JSON."""
        facts = {"folder": readable(self.folder), "sha256": self.sha256, **self.info.model_dump(mode="json")}
        return json.dumps(facts, indent=2, ensure_ascii=False)


def load_bundle(name_or_path: str | os.PathLike[str] = "default") -> Bundle:
    """Find a bundle and check that it is whole.

    Parameters
    ----------
    name_or_path : str or path
        "default" (inside the package), the name of an imported bundle, or the path of a bundle's folder. A name
        goes before a folder of the same name in the working directory; "./name" means the folder.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If there is no such bundle, or a file of it is missing, altered or does not fit its description. Nothing in
        it is ever unpickled or executed.
    """
    folder = _find(name_or_path)
    try:
        content = read_file(folder / DESCRIPTION)
    except OSError as error:
        raise BundleError(f"cannot read '{folder / DESCRIPTION}': {error.strerror}") from None
    try:
        info = BundleInfo.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(f"'{folder / DESCRIPTION}' is not understood: {one_line(error)}") from None
    for entry in info.entries:
        _check_file(folder / entry.weights, entry.weights_sha256)
        _check_file(folder / entry.onnx, entry.onnx_sha256)
        _check_tensors(folder / entry.weights, entry.config)
    return Bundle(folder, info, sha256(content).hexdigest())


def bundles_folder() -> Path:
    """Where imported bundles live: in the user's data folder, or under PHYSIOCAM_HOME if that is set."""
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
    """Refuse a bundle name that could not be a folder of its own.

    Raises
    ------
    BundleError
    """
    if not re.fullmatch(_SAFE_NAME, name) or name == "default":
        raise BundleError(
            f"'{name}' cannot name a bundle; take letters, digits, '.', '_' and '-' (and not the name 'default')"
        )


def one_line(error: ValidationError) -> str:
    """Return the first problem of a validation error as 'field: reason'."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    reason = first["msg"].removeprefix("Value error, ").replace("\n", " ")
    return f"{where}: {reason}{more}" if where else f"{reason}{more}"


def _find(name_or_path: str | os.PathLike[str]) -> Path:
    try:
        text = os.fsdecode(name_or_path)
    except TypeError:
        kind = type(name_or_path).__name__
        raise BundleError(f"weights are of type {kind}; expected a bundle, or its name or folder") from None
    known = bundle_folders()
    if text in known:
        return known[text]
    path = Path(text)
    # Unlike Path.is_file, these are False, not an error, for what can be no path or may not be looked at.
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
        raise BundleError(f"'{path}' is no readable safetensors file: {str(error).splitlines()[0]}") from None
    if reason := mismatch(found, expected):
        raise BundleError(f"'{path}' does not fit its description: {reason}")


def mismatch(found: dict[str, tuple[int, ...]], expected: dict[str, tuple[int, ...]]) -> str | None:
    """Say how tensors differ from what is expected, or None if they do not."""
    if missing := [name for name in expected if name not in found]:
        return f"tensor '{missing[0]}' is missing" + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else "")
    if extra := [name for name in found if name not in expected]:
        return f"tensor '{extra[0]}' is not known" + (f" (and {len(extra) - 1} more)" if len(extra) > 1 else "")
    for name, shape in expected.items():
        if found[name] != shape:
            return f"tensor '{name}' has shape {found[name]}, expected {shape}"
    return None
