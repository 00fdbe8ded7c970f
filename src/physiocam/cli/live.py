"""`physiocam live`."""

import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from physiocam.cli.console import complain, console, extra
from physiocam.cli.measure import show
from physiocam.cli.options import FaceOption, SettingsName, SettingsOption, ThreadsOption, WeightsOption, face_choice
from physiocam.errors import PhysiocamError


def live_command(
    camera: Annotated[str, typer.Option(help="Number of the camera, or the name by which the system knows it.")] = "0",
    source: Annotated[
        Path | None, typer.Option(help="A video file in place of a camera, played at its own pace.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the files of `measure`, written at the end."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="End after so long; else Ctrl-C ends.")] = None,
    window: Annotated[bool, typer.Option("--window", help="Also show the picture in a window (extra window).")] = False,
    lsl: Annotated[
        bool, typer.Option("--lsl", help="Also send rates and action units over the Lab Streaming Layer (extra lsl).")
    ] = False,
    weights: WeightsOption = "default",
    face: FaceOption = "auto",
    settings: SettingsOption = SettingsName.default,
    threads: ThreadsOption = None,
) -> None:
    """Measure what a camera sees, and watch it in the terminal."""
    import math

    from physiocam.cli.live_view import LiveView
    from physiocam.live import SHOWN_S, Feed, Watcher, watch
    from physiocam.stream import Stream
    from physiocam.video.camera import camera_frames, played_frames

    terminal = console()
    name = f"camera {camera}" if source is None else source.name
    stream = Stream(
        weights,
        face=face_choice(face),
        settings=settings.value,
        # What is to be written must be kept.
        keep_s=math.inf if output is not None else SHOWN_S,
        threads=threads,
    )
    watchers: list[Watcher] = []
    with ExitStack() as open_things:
        if lsl:
            with extra("lsl", "the Lab Streaming Layer"):
                from physiocam.report.lsl_outlet import LslOutlet
            watchers.append(LslOutlet(stream.measurement().action_units, source_id=f"physiocam {name}"))
        if window:
            with extra("window", "a window"):
                from physiocam.report.live_window import LiveWindow

                shown = LiveWindow()
            open_things.callback(shown.close)
            watchers.append(shown)
        tell: Callable[[str], None] = complain
        if terminal.is_terminal:
            watchers.append(open_things.enter_context(LiveView(terminal, name)))

            def tell(line: str) -> None:
                terminal.print(f"physiocam: {line}", markup=False)

        frames = camera_frames(camera, tell) if source is None else played_frames(source)
        # Being told to end is like Ctrl-C: what was seen so far is written.
        open_things.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _interrupt))
        with suppress(KeyboardInterrupt), Feed(frames) as feed:
            if not terminal.is_terminal:
                complain(f"watching {name}; Ctrl-C ends")
            watch(feed, stream, watchers, tell, seconds)
    measurement = replace(stream.measurement(), source=name)
    if not stream.frames:
        raise PhysiocamError(f"{name} gave no frame; nothing is measured")
    if output is not None:
        measurement.write(output)
    show(measurement, output)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise KeyboardInterrupt
