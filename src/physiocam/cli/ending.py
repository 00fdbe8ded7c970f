"""How a command ends that is told to: as by Ctrl-C, tidying up behind itself."""

import signal
import sys
import threading
from types import FrameType


class Terminated(SystemExit):
    """The system, or somebody, has told this process to end; whatever is under way is given up."""

    def __init__(self, number: int) -> None:
        # As a shell says it of a program that a signal has ended.
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


def end_tidily() -> None:
    """Let SIGTERM and SIGHUP raise `Terminated`, so that hidden files are removed and workers are ended."""
    if threading.current_thread() is not threading.main_thread():  # which alone may say so
        return
    signals = [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]
    for number in signals:
        # Under nohup a hang-up is ignored.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _: FrameType | None) -> None:
    # Whoever asks twice does not want to wait.
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(number)
