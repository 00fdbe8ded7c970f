"""Networks by name and by configuration."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BeforeValidator, SerializeAsAny

from physiocam.errors import PhysiocamError
from physiocam.networks.baseline_configs import AlexNetConfig, DeepPhysConfig, DrmlConfig, MttsCanConfig
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig, NetworkConfig
from physiocam.networks.expression_config import ExpressionCnnConfig
from physiocam.networks.small_tcn_config import SmallTcnConfig

if TYPE_CHECKING:
    from physiocam.networks.network import Network


class _Architecture(NamedTuple):
    config: type[NetworkConfig]
    module: str
    network: str


# The modules are imported when a network is built, so configurations can be read without PyTorch.
_ARCHITECTURES = {
    "bigsmall": _Architecture(BigSmallConfig, "physiocam.networks.bigsmall", "BigSmall"),
    "deepphys": _Architecture(DeepPhysConfig, "physiocam.networks.deepphys", "DeepPhys"),
    "mtts_can": _Architecture(MttsCanConfig, "physiocam.networks.mtts_can", "MttsCan"),
    "expression_cnn": _Architecture(ExpressionCnnConfig, "physiocam.networks.expression_cnn", "ExpressionCnn"),
    "drml": _Architecture(DrmlConfig, "physiocam.networks.drml", "Drml"),
    "small_tcn": _Architecture(SmallTcnConfig, "physiocam.networks.small_tcn", "SmallTcn"),
    "alexnet": _Architecture(AlexNetConfig, "physiocam.networks.alexnet", "AlexNet"),
}

# Frames in a clip in the toolbox's settings.
_TOOLBOX_CLIP = 10

# Rows of the paper's Tables 1, 6 and 7. The single-branch networks see every frame, have no shift, and predict the
# tasks that fit their inputs; the paper's Small branches have one task each.
_PRESETS: dict[str, NetworkConfig] = {
    "bigsmall": BigSmallConfig(),
    "bigsmall-tsm": BigSmallConfig(shift="zero"),
    "bigsmall-no-shift": BigSmallConfig(shift="none"),
    "bigsmall-every-frame": BigSmallConfig(big_stride=1),
    "bigsmall-base": BigSmallConfig(shift="none", big_stride=1),
    "big": BigSmallConfig(branches="big", shift="none", big_stride=1, tasks=(AU,)),
    "small": BigSmallConfig(branches="small", shift="none", tasks=(PULSE, RESPIRATION)),
    "small-pulse": BigSmallConfig(branches="small", shift="none", tasks=(PULSE,)),
    "small-respiration": BigSmallConfig(branches="small", shift="none", tasks=(RESPIRATION,)),
    "bigsmall-concat": BigSmallConfig(fusion="concat"),
    "bigsmall-lateral": BigSmallConfig(lateral="both"),
    "bigsmall-big-to-small": BigSmallConfig(lateral="big_to_small"),
    "bigsmall-small-to-big": BigSmallConfig(lateral="small_to_big"),
    "bigsmall-grey": BigSmallConfig(big_channels=1),
    # Not in the paper: a lighter Big branch, a network that sees seconds, and a light one for stills.
    "bigsmall-convnext": BigSmallConfig(backbone="convnext"),
    "small-tcn": SmallTcnConfig(),
    "expression-cnn": ExpressionCnnConfig(),
    # The paper's baselines, then the same networks as the rPPG-Toolbox has them.
    "deepphys": DeepPhysConfig(),
    "mtts-can": MttsCanConfig(),
    "drml": DrmlConfig(),
    "alexnet": AlexNetConfig(),
    "deepphys-36": DeepPhysConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=36, small_size=36),
    "deepphys-72": DeepPhysConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=72, small_size=72),
    "ts-can-36": MttsCanConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=36, small_size=36, tasks=(PULSE,)),
    "ts-can-72": MttsCanConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=72, small_size=72, tasks=(PULSE,)),
    "mtts-can-36": MttsCanConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=36, small_size=36),
    "mtts-can-72": MttsCanConfig(pooled=True, clip_length=_TOOLBOX_CLIP, big_size=72, small_size=72),
}


def preset(name: str) -> NetworkConfig:
    """Return the configuration of a named network.

    Raises
    ------
    PhysiocamError
        If the name is unknown; the message lists the known ones.
    """
    if name not in _PRESETS:
        raise PhysiocamError(f"unknown network '{name}'; known are {', '.join(_PRESETS)}")
    return _PRESETS[name]


def preset_names() -> list[str]:
    """Names that `preset` knows."""
    return list(_PRESETS)


def build(config: NetworkConfig) -> "Network":
    """Make the network of a configuration, with new weights (needs the `train` extra)."""
    architecture = _ARCHITECTURES[config.architecture]
    network: Network = getattr(import_module(architecture.module), architecture.network)(config)
    return network


def _of_its_architecture(values: Any) -> Any:
    """Convert a dict to the configuration of the architecture that it names."""
    if not isinstance(values, dict):
        return values
    name = values.get("architecture")
    if not isinstance(name, str) or name not in _ARCHITECTURES:
        raise ValueError(f"architecture is {name!r}; expected one of {', '.join(_ARCHITECTURES)}")
    return _ARCHITECTURES[name].config.model_validate(values)


# A configuration of any architecture, as a field of a pydantic model.
AnyConfig = Annotated[SerializeAsAny[NetworkConfig], BeforeValidator(_of_its_architecture)]
