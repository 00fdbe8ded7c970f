"""physiocam: facial action units, heart rate and breathing rate from an ordinary face video.

These names are the public face; docs/api.md says what is promised for them. Whatever is not listed here is internal.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from physiocam.version import __version__

if TYPE_CHECKING:
    from physiocam.batch.measure_many import measure_many
    from physiocam.batch.measure_photos import Photo, measure_photos
    from physiocam.batch.outcome import VideoOutcome
    from physiocam.errors import BundleError, DatasetError, PhysiocamError, VideoError
    from physiocam.exporting.about import RecordingInfo
    from physiocam.exporting.export import export_measurement
    from physiocam.measuring.measure import measure
    from physiocam.measuring.options import MeasureOptions
    from physiocam.measuring.stream import Stream
    from physiocam.results.measurement import Measurement
    from physiocam.results.measurement_data import ActionUnit
    from physiocam.signals.rate import Rate, RateSeries
    from physiocam.signals.settings import SETTINGS, RateSettings, SignalSettings
    from physiocam.signals.variability import HeartRateVariability
    from physiocam.study.measure_study import Study, TableOptions, measure_study
    from physiocam.video.locators import FaceLocator, Square
    from physiocam.weights.bundle import Bundle, load_bundle

# Where each name lives. It is imported when it is first used, so that `import physiocam` costs nothing.
_HOMES = {
    "ActionUnit": "physiocam.results.measurement_data",
    "Bundle": "physiocam.weights.bundle",
    "BundleError": "physiocam.errors",
    "DatasetError": "physiocam.errors",
    "FaceLocator": "physiocam.video.locators",
    "HeartRateVariability": "physiocam.signals.variability",
    "MeasureOptions": "physiocam.measuring.options",
    "Measurement": "physiocam.results.measurement",
    "Photo": "physiocam.batch.measure_photos",
    "PhysiocamError": "physiocam.errors",
    "Rate": "physiocam.signals.rate",
    "RateSeries": "physiocam.signals.rate",
    "RateSettings": "physiocam.signals.settings",
    "RecordingInfo": "physiocam.exporting.about",
    "SETTINGS": "physiocam.signals.settings",
    "SignalSettings": "physiocam.signals.settings",
    "Square": "physiocam.video.locators",
    "Stream": "physiocam.measuring.stream",
    "Study": "physiocam.study.measure_study",
    "TableOptions": "physiocam.study.measure_study",
    "VideoError": "physiocam.errors",
    "VideoOutcome": "physiocam.batch.outcome",
    "export_measurement": "physiocam.exporting.export",
    "load_bundle": "physiocam.weights.bundle",
    "measure": "physiocam.measuring.measure",
    "measure_many": "physiocam.batch.measure_many",
    "measure_photos": "physiocam.batch.measure_photos",
    "measure_study": "physiocam.study.measure_study",
}

__all__ = [
    "SETTINGS",
    "ActionUnit",
    "Bundle",
    "BundleError",
    "DatasetError",
    "FaceLocator",
    "HeartRateVariability",
    "MeasureOptions",
    "Measurement",
    "Photo",
    "PhysiocamError",
    "Rate",
    "RateSeries",
    "RateSettings",
    "RecordingInfo",
    "SignalSettings",
    "Square",
    "Stream",
    "Study",
    "TableOptions",
    "VideoError",
    "VideoOutcome",
    "__version__",
    "export_measurement",
    "load_bundle",
    "measure",
    "measure_many",
    "measure_photos",
    "measure_study",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
    raise AttributeError(f"module 'physiocam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
