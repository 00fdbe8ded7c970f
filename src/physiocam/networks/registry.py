"""Networks by name."""

from physiocam.errors import PhysiocamError
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig

# Rows of the paper's Table 1. The single-branch networks see every frame, have no shift, and predict what their
# inputs carry.
_PRESETS = {
    "bigsmall": BigSmallConfig(),
    "bigsmall-tsm": BigSmallConfig(shift="zero"),
    "bigsmall-no-shift": BigSmallConfig(shift="none"),
    "bigsmall-every-frame": BigSmallConfig(big_stride=1),
    "big": BigSmallConfig(branches="big", shift="none", big_stride=1, tasks=(AU,)),
    "small": BigSmallConfig(branches="small", shift="none", tasks=(PULSE, RESPIRATION)),
}


def preset(name: str) -> BigSmallConfig:
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
