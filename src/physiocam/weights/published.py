"""The networks that others published, and how their checkpoints are recognized."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from physiocam.errors import BundleError
from physiocam.networks.baseline_configs import DeepPhysConfig, MttsCanConfig
from physiocam.networks.config import PULSE, RESPIRATION, BigSmallConfig, NetworkConfig
from physiocam.networks.registry import preset
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
    crop_factor : float
        Side of the face square, as a multiple of the longer side of the face's box.
    """

    description: str
    fs: float
    crop_factor: float


# BP4D+ was recorded at 25 frames/s. With this square their three pulse networks are closest to the sensor on a real
# clip (docs/benchmarks.md).
AUTHORS = Origin("the BigSmall authors, trained on BP4D+", fs=25.0, crop_factor=0.9)

# Its training sets have about 30 frames/s, and its settings enlarge the detector's box by half.
TOOLBOX = Origin("rPPG-Toolbox", fs=30.0, crop_factor=1.5)

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
    """

    config: NetworkConfig
    origin: Origin
    words: tuple[str, ...] = ()

    @property
    def shapes(self) -> Shapes:
        """Names and shapes of their tensors."""
        names = their_names(self.config)
        return {names[name]: shape for name, shape in self.config.tensor_shapes().items()}


def recognize(path: Path, shapes: Shapes) -> Published:
    """Recognize the published network in a checkpoint.

    Parameters
    ----------
    path : Path
        Path of the checkpoint; only the file's name is used.
    shapes : mapping of str to tuple of int
        Names and shapes of its tensors.

    Raises
    ------
    BundleError
        If it is unknown, or may be one of several and the file's name does not say which.
    """
    common = {network: len(shapes.items() & network.shapes.items()) for network in _published()}
    nearest = max(common, key=common.__getitem__)
    if common[nearest] == 0:
        raise BundleError(
            f"'{path}' holds tensors of no known network; expected a checkpoint of the BigSmall authors or of "
            "rPPG-Toolbox"
        )
    if reason := mismatch(dict(shapes), dict(nearest.shapes)):
        raise BundleError(f"'{path}' is not a {nearest.config.architecture} checkpoint of a published size: {reason}")
    alike = [network for network in common if common[network] == common[nearest]]
    if len(alike) == 1:
        return nearest
    name = path.name.lower().replace("-", "").replace("_", "")
    meant = [network for network in alike if any(word.lower() in name for word in network.words)]
    if len(meant) != 1:
        wanted = " or ".join(f"'{network.words[0]}'" for network in alike)
        raise BundleError(
            f"'{path}' fits {len(alike)} networks, and its name does not say which; rename the file so that it holds "
            f"{wanted}"
        )
    return meant[0]


@cache
def _published() -> tuple[Published, ...]:
    return (*_of_the_authors(), *_of_the_toolbox())


def _of_the_authors() -> Iterator[Published]:
    laterals = ("none", "both", "big_to_small", "small_to_big")
    for fusion, lateral, channels in product(("sum", "concat"), laterals, (3, 1)):
        variant = {"fusion": fusion, "lateral": lateral, "big_channels": channels}
        yield Published(BigSmallConfig.model_validate(variant), AUTHORS)
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
