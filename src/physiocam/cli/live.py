"""`physiocam live`."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from physiocam.cli.console import animated, complain, console, extra, interruptible
from physiocam.cli.licence import name_licence
from physiocam.cli.options import (
    FaceOption,
    NeutralName,
    NeutralOption,
    PeopleOption,
    PrecisionName,
    PrecisionOption,
    ProviderOption,
    SettingsName,
    SettingsOption,
    ThreadsOption,
    WeightsOption,
    face_choice,
    people_of,
    providers_of,
)
from physiocam.cli.summary import show
from physiocam.errors import PhysiocamError
from physiocam.readable import readable

if TYPE_CHECKING:
    from physiocam.live.observer import Observer
    from physiocam.measuring.stream import Stream
    from physiocam.results.measurement import Measurement

_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def live_command(
    camera: Annotated[
        str, typer.Option(metavar="CAMERA", help="Number of the camera, or its name in the system.")
    ] = "0",
    source: Annotated[
        Path | None, typer.Option(metavar="VIDEO", help="A video file instead of a camera, played at its own speed.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Folder for the files of `measure`, written at the end."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="End after so many seconds; by default, at Ctrl-C.")
    ] = None,
    window: Annotated[bool, typer.Option("--window", help="Also show the picture in a window (extra window).")] = False,
    lsl: Annotated[
        bool, typer.Option("--lsl", help="Also send rates and action units over the Lab Streaming Layer (extra lsl).")
    ] = False,
    weights: WeightsOption = "default",
    people: PeopleOption = "largest",
    face: FaceOption = "auto",
    settings: SettingsOption = SettingsName.default,
    neutral: NeutralOption = NeutralName.auto,
    threads: ThreadsOption = None,
    provider: ProviderOption = None,
    precision: PrecisionOption = PrecisionName.fp32,
) -> None:
    """Measure what a camera sees, and watch it in the terminal."""
    with interruptible():
        import math

        from physiocam.foundation.files import check_folder
        from physiocam.live.camera import camera_frames, played_frames
        from physiocam.live.feed import Feed
        from physiocam.live.observer import SHOWN_S
        from physiocam.live.terminal import LiveView
        from physiocam.live.watch import watch
        from physiocam.measuring.stream import Stream

        if output is not None:
            check_folder(output)
        terminal = console()
        name = f"camera {camera}" if source is None else readable(source.name)
        stream = Stream(
            people=people_of(people),
            weights=weights,
            face=face_choice(face),
            settings=settings.value,
            neutral=neutral.value,
            # Files at the end need the results of all frames.
            keep_s=math.inf if output is not None else SHOWN_S,
            threads=threads,
            providers=providers_of(provider),
            precision=precision.value,
        )
        failure: Exception | None = None
        with ExitStack() as open_things:
            observers = _observers(open_things, stream, name, window, lsl, people != "largest")
            on_status: Callable[[str], None] = complain
            if animated(terminal):
                observers.append(open_things.enter_context(LiveView(terminal, name)))

                def on_status(line: str) -> None:
                    terminal.print(f"physiocam: {line}", markup=False)

            feed = Feed(camera_frames(camera, on_status) if source is None else played_frames(source))
            # SIGTERM and SIGHUP, as when the terminal closes, act like Ctrl-C.
            for number in _ENDS:
                open_things.callback(signal.signal, number, signal.signal(number, _interrupt))
            try:
                with feed:
                    if not animated(terminal):
                        complain(f"watching {name}; Ctrl-C ends")
                    watch(feed, stream, observers, on_status, seconds)
            except KeyboardInterrupt:
                pass
            except Exception as error:  # raised again after the results so far are written
                failure = error
            if not stream.frames:
                raise failure or PhysiocamError(f"{name} gave no frame; check the camera, or the file of --source")
            found = stream.measurements() or (stream.measurement(),)
            written = [_written(_named(one, name, feed.dropped), output) for one in found]
        for measurement, place in written:
            show(measurement, place)
        name_licence(weights)
        if failure is not None:
            raise failure


def _observers(
    open_things: ExitStack, stream: "Stream", name: str, window: bool, lsl: bool, several: bool
) -> "list[Observer]":
    """The observers in addition to the terminal."""
    import platform

    observers: list[Observer] = []
    if lsl:
        with extra("lsl", "the Lab Streaming Layer"):
            from physiocam.live.lsl_outlet import LslOutlet
        units = stream.measurement().action_units
        observers.append(LslOutlet(units, f"physiocam {platform.node()} {name}", several))
    if window:
        with extra("window", "a window"):
            from physiocam.live.window import LiveWindow

            shown = LiveWindow()
        open_things.callback(shown.close)
        observers.append(shown)
    return observers


def _written(measurement: "Measurement", output: Path | None) -> "tuple[Measurement, Path | None]":
    """A measurement, and where its files are: those of several people in folders of their own."""
    from physiocam.results.people_folders import person_folder

    if output is None:
        return measurement, None
    place = output if measurement.person is None else output / person_folder(measurement.person)
    measurement.write(place)
    return measurement, place


def _named(measurement: "Measurement", name: str, dropped: int) -> "Measurement":
    notes = list(measurement.notes)
    if dropped:
        notes.append(f"{dropped} frames came faster than they could be processed and were dropped")
    return replace(measurement, source=name, notes=tuple(notes))


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise KeyboardInterrupt
