"""How to measure: one object for files, streams, cameras and many videos."""

import os
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypedDict

import yaml

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.arguments import number, truth, whole_number
from physiocam.foundation.files import complete_file
from physiocam.foundation.yaml_files import read_yaml
from physiocam.signals.methods import NETWORK, classical_method
from physiocam.signals.settings import SignalSettings, settings_as_text, settings_from_text, signal_settings
from physiocam.video.face_source import FaceSource, face_source, face_source_name
from physiocam.weights.bundle import Bundle
from physiocam.weights.providers import check_providers

BundleSource = str | os.PathLike[str] | Bundle

_DEFAULT_WEIGHTS = "default"


class OptionChanges(TypedDict, total=False):
    """The fields of `MeasureOptions`, as keyword arguments."""

    weights: BundleSource
    method: str
    fs: float | None
    face: FaceSource
    settings: str | SignalSettings
    hrv: bool
    threads: int | None
    providers: str | tuple[str, ...]
    report: bool
    overlay: bool


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """How to measure. It cannot be changed; `replace` gives another one.

    Attributes
    ----------
    weights : str, path or Bundle
        Name or folder of a bundle.
    method : str
        "network", or a classical method ("pos", "chrom", "green", "ica", "pbv", "lgi", "omit", or a plug-in's), which
        measures the heart rate alone, from the skin's mean colour, and uses no bundle.
    fs : float or None
        Frames per second. Needed for arrays and folders of images; for files it overrides what the file says. Of a
        stream, the rate of the even time grid that results stand on; the bundle's by default.
    face : "auto", "center", (x, y, size) or function
        Find and follow the largest face, take the largest centred square, or take this square in pixels. Or a face
        locator of your own: a function that is given the frames per second and returns a new `FaceLocator`.
    settings : "default", "paper" or SignalSettings
        How waveforms become rates; "paper" repeats the reference's numbers.
    hrv : bool
        Find the beats and measure heart-rate variability too (extra `hrv`); recordings only.
    threads : int or None
        Threads of the networks; all cores by default, and never more than there are.
    providers : tuple of str
        Devices for the networks as ONNX Runtime knows them, the preferred first: "cpu", "cuda", "coreml", "openvino" or
        "directml". All but "cpu" need a package of ONNX Runtime that has them.
    report, overlay : bool
        Whether report.html and overlay.mp4 are written beside the data (extra `report`), where results are written.

    Raises
    ------
    PhysiocamError
        If a value makes no sense; the message names its field.

    Examples
    --------
    >>> options = MeasureOptions(face="center", providers="cpu")
    >>> options.replace(hrv=True).hrv
    True
    """

    weights: BundleSource = _DEFAULT_WEIGHTS
    method: str = NETWORK
    fs: float | None = None
    face: FaceSource = "auto"
    settings: str | SignalSettings = "default"
    hrv: bool = False
    threads: int | None = None
    providers: str | tuple[str, ...] = ("cpu",)
    report: bool = False
    overlay: bool = False

    def __post_init__(self) -> None:
        if self.method != NETWORK:
            classical_method(self.method)
            if self.weights != _DEFAULT_WEIGHTS:
                raise PhysiocamError(f"method '{self.method}' uses no weights; leave one of the two out")
        checked: dict[str, Any] = {
            "face": face_source(self.face),
            "settings": signal_settings(self.settings),
            "providers": check_providers(self.providers),
            "threads": None if self.threads is None else whole_number(self.threads, "threads", least=1),
            **{name: truth(getattr(self, name), name) for name in ("hrv", "report", "overlay")},
        }
        if self.fs is not None:
            checked["fs"] = number(self.fs, "fs", VideoError)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def signal_settings(self) -> SignalSettings:
        """The signal settings, also where they were given by name."""
        return signal_settings(self.settings)

    def replace(self, **changes: Any) -> Self:
        """Return the same options but for these fields.

        Raises
        ------
        PhysiocamError
            If there is no such field, or a value makes no sense.
        """
        _check_fields(changes)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain values, as they stand in YAML: settings by name or by all their values."""
        weights = self.weights.folder if isinstance(self.weights, Bundle) else self.weights
        face = face_source_name(self.face) if callable(self.face) else self.face
        return {field.name: getattr(self, field.name) for field in fields(self)} | {
            "weights": os.fspath(weights),
            "face": list(face) if isinstance(face, tuple) else face,
            "settings": _plain(settings_as_text(self.signal_settings)),
            "providers": list(self.providers),
        }

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the options as YAML.

        Raises
        ------
        PhysiocamError
            If `face` is a function, which YAML cannot hold, or the file cannot be written.
        """
        if callable(self.face):
            raise PhysiocamError(
                f"face is the function {face_source_name(self.face)}, which a file cannot hold; leave it out, and give "
                "it when the options are loaded: MeasureOptions.load(path).replace(face=...)"
            )
        with complete_file(path) as beside:
            beside.write_text(yaml.safe_dump(self.to_dict(), sort_keys=False), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read options from a YAML file; fields that it does not have are those of `MeasureOptions()`.

        `settings` may be a name, or a mapping of one's own values over the default ones:
        ``settings: {name: newborn, heart: {band_hz: [1.4, 3.6]}}``.

        Raises
        ------
        PhysiocamError
            If it cannot be read, or a field or value makes no sense.
        """
        values = read_yaml(path, "method: pos")
        try:
            _check_fields(values)
            if "settings" in values:
                values["settings"] = settings_from_text(values["settings"])
            if isinstance(values.get("face"), list):
                values["face"] = tuple(values["face"])
            return cls(**values)
        except PhysiocamError as error:
            raise PhysiocamError(f"'{os.fspath(path)}': {error}") from None


def with_changes(options: object, changes: OptionChanges) -> MeasureOptions:
    """Return options but for what is given beside them.

    Raises
    ------
    PhysiocamError
        If they are no options, there is no such field, or a value makes no sense.
    """
    if options is None:
        options = MeasureOptions()
    if not isinstance(options, MeasureOptions):
        raise PhysiocamError(
            f"options is {options!r}; expected MeasureOptions; a bundle is given by its name: weights={options!r}"
        )
    return options.replace(**changes)


def _check_fields(values: dict[str, Any]) -> None:
    known = [field.name for field in fields(MeasureOptions)]
    for name in values:
        if name not in known:
            raise PhysiocamError(f"options have no {name!r}; expected one of {', '.join(known)}")


def _plain(settings: str | dict[str, Any]) -> str | dict[str, Any]:
    if isinstance(settings, str):
        return settings
    return {
        key: {**part, "band_hz": list(part["band_hz"])} if isinstance(part, dict) else part
        for key, part in settings.items()
    }
