"""Options for measuring: one object for files, streams, cameras and many videos."""

import os
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypedDict

from physiocam.errors import PhysiocamError, VideoError
from physiocam.foundation.arguments import number, truth, whole_number
from physiocam.foundation.files import complete_file
from physiocam.measuring.neutral import NeutralChoice, neutral_choice
from physiocam.signals.methods import NETWORK, classical_method
from physiocam.signals.settings import SignalSettings, settings_as_text, settings_from_text, signal_settings
from physiocam.video.face_source import FaceSource, face_source, face_source_name
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.int8_form import FP32, Precision, check_precision
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
    neutral: NeutralChoice
    threads: int | None
    providers: str | tuple[str, ...]
    precision: Precision
    report: bool
    overlay: bool


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Options for measuring. The object is immutable; `replace` returns a changed copy.

    Attributes
    ----------
    weights : str, path or Bundle
        Name or folder of a bundle.
    method : str
        "network", or a classical method ("pos", "chrom", "green", "ica", "pbv", "lgi", "omit", or a plug-in's), which
        measures only the heart rate, from the skin's mean colour, and uses no bundle.
    fs : float or None
        Frames per second. Needed for arrays and folders of images; for video files it overrides the file's rate. For a
        stream, the rate of the even time grid of the results; by default, the bundle's rate.
    face : "auto", "find", "center", "bottom", "whole", (x, y, size) or function
        "find" finds and follows the largest face, "center" and "bottom" use the largest square there, "whole" the whole
        frame, and a square in
        pixels is used as it is. "auto" does what the bundle's networks were trained on: the default bundle's, "find".
        Or your own face locator: a function that takes the frames per second and returns a new `FaceLocator`.
    settings : str or SignalSettings
        How rates are computed from waveforms: "default"; "paper" and "toolbox" give the numbers of the reference and of
        the rPPG-Toolbox, with "-peaks" those of their other method.
    hrv : bool
        Also find the beats and measure heart-rate variability (extra `hrv`); not for streams.
    neutral : "auto", "first-seconds" or "none"
        With which neutral face the action units are compared: the person's own, estimated along the recording where it
        shows 10 s of the face or more; the first 3 seconds with a face; or none.
    threads : int or None
        Threads for the networks; by default, and at most, one per core.
    providers : tuple of str
        Devices that ONNX Runtime uses for the networks, the preferred one first: "cpu", "cuda", "coreml", "openvino" or
        "directml". All except "cpu" need a build of ONNX Runtime that supports them.
    precision : "fp32" or "int8"
        Precision of the networks. "int8" is faster on a processor, and needs a bundle with a form in 8 bits, as the
        default one has.
    report, overlay : bool
        Whether to write report.html and overlay.mp4 along with the other result files (extra `report`).

    Raises
    ------
    PhysiocamError
        If a value is invalid; the message names its field.

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
    neutral: NeutralChoice = "auto"
    threads: int | None = None
    providers: str | tuple[str, ...] = ("cpu",)
    precision: Precision = FP32
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
            "precision": check_precision(self.precision),
            "neutral": neutral_choice(self.neutral),
            "threads": None if self.threads is None else whole_number(self.threads, "threads", least=1),
            **{name: truth(getattr(self, name), name) for name in ("hrv", "report", "overlay")},
        }
        if self.fs is not None:
            checked["fs"] = number(self.fs, "fs", VideoError)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def signal_settings(self) -> SignalSettings:
        """The signal settings, looked up if they were given by name."""
        return signal_settings(self.settings)

    def bundle(self) -> Bundle:
        """Return the bundle; load it first if it is given by name or folder.

        Raises
        ------
        BundleError
            If it is missing or damaged.
        """
        return self.weights if isinstance(self.weights, Bundle) else load_bundle(self.weights)

    def replace(self, **changes: Any) -> Self:
        """Return the same options with these fields changed.

        Raises
        ------
        PhysiocamError
            If a field does not exist, or a value is invalid.
        """
        _check_fields(changes)
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain values for YAML: the settings by name, or with all their values."""
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
        from physiocam.foundation.yaml_files import yaml_text

        if callable(self.face):
            raise PhysiocamError(
                f"face is the function {face_source_name(self.face)}, which a file cannot hold; leave it out, and set "
                "it after loading: MeasureOptions.load(path).replace(face=...)"
            )
        with complete_file(path) as beside:
            beside.write_text(yaml_text(self.to_dict()), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read options from a YAML file; missing fields have their values in `MeasureOptions()`.

        `settings` may be a name, or a mapping of your own values, which override the default ones:
        ``settings: {name: newborn, heart: {band_hz: [1.4, 3.6]}}``.

        Raises
        ------
        PhysiocamError
            If the file cannot be read, a field does not exist, or a value is invalid.
        """
        # Here: most measurements read no file of options.
        from physiocam.foundation.yaml_files import read_yaml

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
    """Return options with changed fields; None stands for the default options.

    Raises
    ------
    PhysiocamError
        If `options` is not a `MeasureOptions`, a field does not exist, or a value is invalid.
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
