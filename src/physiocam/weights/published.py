"""The networks that others published, and how their checkpoints are recognized."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from physiocam.errors import BundleError
from physiocam.inputs.crop import Preprocessing
from physiocam.networks.baseline_configs import CanConfig, DeepPhysConfig, MttsCanConfig
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig, NetworkConfig
from physiocam.networks.registry import preset, preset_names
from physiocam.weights.bundle import mismatch
from physiocam.weights.tensor_names import their_names

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Origin:
    """Publisher of checkpoints, and the kind of recordings they were made for.

    Attributes
    ----------
    description : str
    fs : float
        Frames per second of the training recordings.
    crop_factor, unit_crop_factor : float
        Side of the face square, as a multiple of the longer side of the face's box, for networks of the pulse or
        breathing alone and for those of action units.
    preprocessing : "authors" or "toolbox"
    """

    description: str
    fs: float
    crop_factor: float
    unit_crop_factor: float
    preprocessing: Preprocessing


# BP4D+ was recorded at 25 frames/s, and its squares are 1.2 to 1.4 times the face's box. Networks of action units need
# what they were trained on; with the smaller square the three pulse networks are closest to the sensor on a real clip
# (docs/benchmarks.md).
AUTHORS = Origin("the BigSmall authors, trained on BP4D+", 25.0, 0.9, 1.3, "authors")

# Its training sets have about 30 frames/s, and its settings enlarge the detector's box by half.
TOOLBOX = Origin("rPPG-Toolbox", 30.0, 1.5, 1.5, "toolbox")

# Pixels of the toolbox's pooled networks, and the frames in a clip of its settings.
_TOOLBOX_SIZES = (36, 72, 96, 128)
_TOOLBOX_CLIP = 10

# Words in file names that distinguish networks with the same tensors; messages use the first.
_WORDS = {PULSE: ("Heart", "pulse", "bvp", "ppg"), RESPIRATION: ("Resp", "breath")}


@dataclass(frozen=True)
class Published:
    """A network as it was published.

    Attributes
    ----------
    config : NetworkConfig
        Fields that the tensors do not determine are as in the release: a joint network's shift wraps.
    origin : Origin
    words : tuple of str
        The file's name has one of them, if other networks have the same tensors.
    variant : bool
        Another published network has the same tensors and differs in its arithmetic: this one is never guessed.
    """

    config: NetworkConfig
    origin: Origin
    words: tuple[str, ...] = ()
    variant: bool = False

    @property
    def shapes(self) -> Shapes:
        """Names and shapes of their tensors."""
        names = their_names(self.config)
        return {names[name]: shape for name, shape in self.config.tensor_shapes().items()}

    @property
    def crop_factor(self) -> float:
        """Side of the face square, as a multiple of the longer side of the face's box."""
        return self.origin.unit_crop_factor if AU in self.config.tasks else self.origin.crop_factor

    @property
    def name(self) -> str:
        """Its preset, or its architecture if none has these pixels."""
        presets = (name for name in preset_names() if preset(name) == self.config)
        return next(presets, f"{self.config.architecture} of {self.config.small_size} pixels")


def recognize(path: Path, shapes: Shapes, wanted: str | None = None) -> Published:
    """Recognize the published network in a checkpoint.

    Parameters
    ----------
    path : Path
        Path of the checkpoint; only the file's name is used.
    shapes : mapping of str to tuple of int
        Names and shapes of its tensors.
    wanted : str or None
        The preset that it is, if the caller knows: tensors do not show a temporal shift or a stride.

    Raises
    ------
    BundleError
        If it is unknown or not the wanted one, or may be one of several and the file's name does not say which.
    """
    networks = _named(wanted) if wanted else [network for network in _published() if not network.variant]
    common = {network: len(shapes.items() & network.shapes.items()) for network in networks}
    nearest = max(common, key=common.__getitem__)
    if common[nearest] == 0:
        known = f"the preset {wanted}" if wanted else "any known network"
        raise BundleError(
            f"'{path}' does not hold tensors of {known}; expected a checkpoint of the BigSmall authors or of "
            "rPPG-Toolbox"
        )
    if reason := mismatch(dict(shapes), dict(nearest.shapes)):
        kind = wanted or f"{nearest.config.architecture} checkpoint of a published size"
        raise BundleError(f"'{path}' is not a {kind}: {reason}")
    alike = [network for network in common if common[network] == common[nearest]]
    if len(alike) == 1:
        return nearest
    name = path.name.lower().replace("-", "").replace("_", "")
    meant = [network for network in alike if any(word.lower() in name for word in network.words)]
    if len(meant) != 1:
        words = " or ".join(f"'{network.words[0]}'" for network in alike)
        raise BundleError(
            f"'{path}' fits {len(alike)} networks, and its name does not say which; rename the file so that it holds "
            f"{words}, or say which with --preset ({' or '.join(network.name for network in alike)})"
        )
    return meant[0]


def assumptions(network: Published, wanted: str | None = None) -> str:
    """Say in one line what a checkpoint was taken for, and what its tensors do not show.

    Parameters
    ----------
    network : Published
        From `recognize`.
    wanted : str or None
        The preset that the caller named.
    """
    config, origin = network.config, network.origin
    facts = [f"clips of {config.clip_length} frames"] if config.clip_length > 1 else []
    if isinstance(config, BigSmallConfig):
        facts.append(f"shift {config.shift}")
    if config.uses_big and config.clip_length > 1:
        facts.append(f"a Big frame for every {config.big_stride}" if config.big_stride > 1 else "every frame in Big")
    if isinstance(config, CanConfig) and not config.pooled:
        facts.append(f"frames made smaller {'with' if config.antialias else 'without'} antialiasing")
    others = [other for other in _published() if other.shapes == network.shapes and other.config != config]
    reason = " as --preset says" if wanted else " because of the file's name" if network.words and others else ""
    form = f" ({', '.join(facts)})" if facts else ""
    said = [f"taken as {network.name}{form}{reason}"]
    said.append(f"for {origin.fs:g} frames/s and squares of {network.crop_factor:g} times the face")
    if others and not wanted:
        said.append(f"its tensors also fit {', '.join(other.name for other in others)}: say so with --preset")
    return "; ".join(said)


def _named(wanted: str) -> list[Published]:
    networks = [network for network in _published() if network.config == preset(wanted)]
    if not networks:
        known = ", ".join(dict.fromkeys(network.name for network in _published() if network.name in preset_names()))
        raise BundleError(f"nobody published a checkpoint of the preset {wanted}; expected one of {known}")
    return networks


@cache
def _published() -> tuple[Published, ...]:
    return (*_of_the_authors(), *_of_the_toolbox())


def _of_the_authors() -> Iterator[Published]:
    laterals = ("none", "both", "big_to_small", "small_to_big")
    for fusion, lateral, channels in product(("sum", "concat"), laterals, (3, 1)):
        variant = {"fusion": fusion, "lateral": lateral, "big_channels": channels}
        yield Published(BigSmallConfig.model_validate(variant), AUTHORS)
    for name in ("bigsmall-tsm", "bigsmall-no-shift", "bigsmall-every-frame", "bigsmall-base"):
        yield Published(preset(name), AUTHORS, variant=True)
    yield Published(preset("big"), AUTHORS)
    for task, words in _WORDS.items():
        yield Published(BigSmallConfig(branches="small", shift="none", tasks=(task,)), AUTHORS, words)
        yield Published(DeepPhysConfig(tasks=(task,)), AUTHORS, words)
    for name in ("mtts-can", "drml", "alexnet"):
        yield Published(preset(name), AUTHORS)


def _of_the_toolbox() -> Iterator[Published]:
    for size in _TOOLBOX_SIZES:
        form = {"pooled": True, "clip_length": _TOOLBOX_CLIP, "big_size": size, "small_size": size}
        yield Published(DeepPhysConfig.model_validate(form), TOOLBOX, ("DeepPhys",))
        yield Published(MttsCanConfig.model_validate({**form, "tasks": (PULSE,)}), TOOLBOX, ("TSCAN",))
        yield Published(MttsCanConfig.model_validate(form), TOOLBOX)
