"""What runs in the process of one live session: it measures the pictures that a client sends."""

import json
import math
import struct
from multiprocessing.connection import Connection
from typing import Any

from physiocam.errors import PhysiocamError
from physiocam.measuring.options import MeasureOptions
from physiocam.measuring.stream import Stream
from physiocam.service.job_process import bound_process
from physiocam.service.limits import Limits
from physiocam.video.images import ImageDecoder

# A picture as a client sends it: when it was taken, in seconds on any clock, and then the content of an image file.
_TIME = struct.Struct("<d")

# Seconds that a measurement is of, and after which there is another.
_LAST_S, _EVERY_S = 30.0, 1.0


class LiveSession:
    """Measures pictures one by one.

    Parameters
    ----------
    options : MeasureOptions
    """

    def __init__(self, options: MeasureOptions) -> None:
        self._stream = Stream(options.replace(report=False))
        self._decode = ImageDecoder()
        self._measured_s = -math.inf

    def answer(self, message: bytes) -> dict[str, Any]:
        """Take a picture.

        Parameters
        ----------
        message : bytes
            A time as a little-endian float64, and an image file (JPEG, PNG, WebP, ...).

        Returns
        -------
        dict
            ``frames`` so far, and ``measurement`` once a second, otherwise None; or ``error`` in one line, after which
            the session goes on.
        """
        image = self._decode(message[_TIME.size :])
        if image is None:
            return {"error": "not a picture; expected 8 bytes of time (float64) and then a JPEG, PNG or WebP file"}
        (time_s,) = _TIME.unpack_from(message)
        try:
            self._stream.push(image, time_s)
        except PhysiocamError as error:
            return {"error": str(error)}
        measurement = None
        if time_s - self._measured_s >= _EVERY_S:
            self._measured_s = time_s
            measurement = self._stream.measurement(_LAST_S).to_dict()
        return {"frames": self._stream.frames, "measurement": measurement}


def run_live(options: MeasureOptions, limits: Limits, service: Connection) -> None:
    """Answer the pictures of a session, one by one, until the service closes the connection.

    Parameters
    ----------
    options : MeasureOptions
    limits : Limits
    service : Connection
        Sends pictures, and receives the answers as JSON.
    """
    bound_process(limits.memory_mb)
    session = LiveSession(options)
    try:
        while True:
            service.send_bytes(json.dumps(session.answer(service.recv_bytes())).encode())
    except (EOFError, OSError, MemoryError):
        return
