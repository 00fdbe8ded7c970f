"""physiocam: facial action units, heart rate and breathing rate from an ordinary face video."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from physiocam.errors import BundleError, PhysiocamError, VideoError
    from physiocam.measuring.measure import measure
    from physiocam.measuring.stream import Stream
    from physiocam.results.measurement import Measurement
    from physiocam.weights.bundle import Bundle, load_bundle

from physiocam.version import __version__

# Public names and their homes. They are imported when first used, so that `import physiocam` costs nothing.
_HOMES = {
    "Bundle": "physiocam.weights.bundle",
    "BundleError": "physiocam.errors",
    "Measurement": "physiocam.results.measurement",
    "PhysiocamError": "physiocam.errors",
    "Stream": "physiocam.measuring.stream",
    "VideoError": "physiocam.errors",
    "load_bundle": "physiocam.weights.bundle",
    "measure": "physiocam.measuring.measure",
}

__all__ = [
    "Bundle",
    "BundleError",
    "Measurement",
    "PhysiocamError",
    "Stream",
    "VideoError",
    "__version__",
    "load_bundle",
    "measure",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'physiocam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
