"""Options that several commands share, and how their text is read."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from physiocam.cli.console import complain, extra
from physiocam.errors import PhysiocamError
from physiocam.foundation.arguments import FACE_CHOICES
from physiocam.foundation.cores import within_cores

if TYPE_CHECKING:
    from physiocam.foundation.arguments import FaceChoice
    from physiocam.measuring.options import MeasureOptions
    from physiocam.measuring.people_choice import PeopleChoice


class SettingsName(StrEnum):
    """Named signal settings."""

    default = "default"
    paper = "paper"
    paper_peaks = "paper-peaks"
    toolbox = "toolbox"
    toolbox_peaks = "toolbox-peaks"


class NeutralName(StrEnum):
    """Neutral faces with which action units are compared."""

    auto = "auto"
    first_seconds = "first-seconds"
    none = "none"


class PrecisionName(StrEnum):
    """Precisions of the networks."""

    fp32 = "fp32"
    int8 = "int8"


WeightsOption = Annotated[str, typer.Option(metavar="BUNDLE", help="Name of a bundle, or path of its folder.")]
FaceOption = Annotated[
    str,
    typer.Option(
        metavar="WHERE",
        help="auto (as the networks were trained; the default ones find the face), find, center or bottom (the largest "
        "square there), whole (the whole frame), or X,Y,SIZE in pixels.",
    ),
]
PeopleOption = Annotated[
    str,
    typer.Option(
        metavar="WHOM",
        help="largest (the one person whose face is the largest over the recording), all, or how many of the largest. "
        "The files of several go to person-1, person-2, ...",
    ),
]
SettingsOption = Annotated[
    SettingsName,
    typer.Option(
        metavar="NAME",
        help="From waveform to rate: default; paper or toolbox (a periodogram, as the reference or the "
        "rPPG-Toolbox has it); paper-peaks or toolbox-peaks (their other way, distances between maxima).",
    ),
]
NeutralOption = Annotated[
    NeutralName,
    typer.Option(
        metavar="WHICH",
        help="Neutral face with which action units are compared: auto (the person's own, from 10 s with a face on), "
        "first-seconds (the first 3 with a face) or none.",
    ),
]
FsOption = Annotated[
    float | None,
    typer.Option(metavar="RATE", help="Frames per second: needed for folders of images, else from the file."),
]


def within_jobs(jobs: int) -> int:
    """Take the option --jobs, and say where it is more than there are cores."""
    return _within("--jobs", jobs)


def _within_threads(threads: int | None) -> int | None:
    return None if threads is None else _within("--threads", threads)


def _within(option: str, wanted: int) -> int:
    used = within_cores(wanted, option)
    if used < wanted:
        complain(f"{option} is {wanted}; {used} are used, one for each core that there is")
    return used


ThreadsOption = Annotated[
    int | None,
    typer.Option(callback=_within_threads, metavar="N", help="Threads of the networks; all cores by default."),
]

ProviderOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Device for the networks: cpu (default), cuda, coreml, openvino or directml, where the installed ONNX "
        "Runtime has it. Several are tried in their order.",
    ),
]

PrecisionOption = Annotated[
    PrecisionName,
    typer.Option(
        metavar="NAME",
        help="Of the networks: fp32, or int8, which takes less time and gives nearly the same (docs/runtimes.md). Your "
        "own bundles need a form in 8 bits for it: physiocam weights export --to onnx-int8.",
    ),
]

MethodOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="network, or a classical method, which measures only the heart rate and needs no weights: "
        "pos, chrom, green, ica, pbv, lgi, omit.",
    ),
]
ReportOption = Annotated[
    bool,
    typer.Option(
        "--report",
        help="Also write report.html: one page with graphs, figures and a methods paragraph (extra report). With "
        "the network, it shows the face.",
    ),
]
HrvOption = Annotated[
    bool,
    typer.Option("--hrv", help="Also find the beats, and SDNN and RMSSD in long, clean recordings (extra hrv)."),
]
OptionsFile = Annotated[
    Path | None,
    typer.Option(
        "--options",
        metavar="FILE",
        help="YAML file of options, as MeasureOptions.write makes it; options on the command line override it.",
    ),
]
JobsOption = Annotated[
    int, typer.Option(callback=within_jobs, metavar="N", help="Videos measured at a time, each in its own process.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://10.0.0.1:8786; replaces --jobs."),
]


def measure_options(given: dict[str, Any], file: Path | None, context: typer.Context) -> "MeasureOptions":
    """Return the options of the file, overridden by those of the command line."""
    from physiocam.measuring.options import MeasureOptions

    given["face"] = face_choice(given["face"])
    if file is None:
        return MeasureOptions(**given)
    # Options given on the command line override the file; defaults do not.
    names = {"provider": "providers"}
    sources = {names.get(name, name): context.get_parameter_source(name) for name in context.params}
    typed = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    return MeasureOptions.load(file).replace(**{name: value for name, value in given.items() if name in typed})


def check_wanted(options: "MeasureOptions", output: Path | None) -> None:
    """Check before the work starts that the extras and the folder for the wanted files are available."""
    if (options.report or options.overlay) and output is None:
        wanted = "--report" if options.report else "--overlay"
        raise PhysiocamError(f"{wanted} needs a folder for its file; name one with -o FOLDER")
    if options.report:
        with extra("report", "a report"):
            import physiocam.report.html
    if options.overlay:
        with extra("report", "an overlay video"):
            import physiocam.report.overlay  # noqa: F401
    if options.hrv:
        with extra("hrv", "heart-rate variability"):
            import neurokit2  # noqa: F401


def providers_of(given: list[str] | None) -> tuple[str, ...]:
    """Return what the option --provider says, or the processor where it is not given."""
    return tuple(given or ("cpu",))


def people_of(text: str) -> "PeopleChoice":
    """Read what the option --people says.

    Raises
    ------
    PhysiocamError
        If it is neither largest, all nor a number.
    """
    from physiocam.measuring.people_choice import people_choice

    try:
        return people_choice(int(text) if text.lstrip("-").isdecimal() else text)
    except PhysiocamError:
        raise PhysiocamError(f"--people is '{text}'; expected largest, all, or how many of the largest") from None


def face_choice(text: str) -> "FaceChoice":
    """Read what the option --face says.

    Parameters
    ----------
    text : str

    Returns
    -------
    "auto", "find", "center", "bottom", "whole" or (x, y, size)

    Raises
    ------
    PhysiocamError
        If it says none of these.
    """
    if text in FACE_CHOICES:
        return text  # type: ignore[return-value]
    parts = text.split(",")
    try:
        x, y, size = (int(part) for part in parts)
    except ValueError:
        raise PhysiocamError(
            f"--face is {text!r}; expected {', '.join(FACE_CHOICES)} or three whole numbers X,Y,SIZE"
        ) from None
    return x, y, size
