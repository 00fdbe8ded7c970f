"""H.264 elementary streams of uncompressed grey pictures, with what encoders at hand cannot leave out or do."""

import re
from collections.abc import Sequence


class _Bits:
    def __init__(self) -> None:
        self._text = ""

    def u(self, width: int, value: int) -> "_Bits":
        self._text += f"{value:0{width}b}"
        return self

    def ue(self, *values: int) -> "_Bits":
        for value in values:
            code = f"{value + 1:b}"
            self._text += "0" * (len(code) - 1) + code
        return self

    def raw(self, content: bytes) -> "_Bits":
        self._text += "0" * (-len(self._text) % 8) + "".join(f"{byte:08b}" for byte in content)
        return self

    def nal(self, header: int) -> bytes:
        text = self._text + "1"
        text += "0" * (-len(text) % 8)
        payload = int(text, 2).to_bytes(len(text) // 8, "big")
        return b"\0\0\0\1" + bytes([header]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)


def h264_stream(levels: Sequence[int], *, rate: int | None, fields: bool = False) -> bytes:
    """Encode pictures of 32 x 32 pixels.

    Parameters
    ----------
    levels : sequence of int
        Grey level of each frame, 16 to 235.
    rate : int or None
        Frames per second that the stream states; None for a stream that states none.
    fields : bool
        Whether each frame is coded as two fields, picture by picture.
    """
    content = _sequence(rate, fields) + _picture_parameters()
    for number, level in enumerate(levels):
        for field in range(1 + fields):
            content += _slice(number, level, field if fields else None)
    return content


def _sequence(rate: int | None, fields: bool) -> bytes:
    bits = _Bits().u(8, 77).u(8, 0).u(8, 40).ue(0, 0, 2, 1).u(1, 0)
    bits.ue(1, 0 if fields else 1).u(1, not fields)
    if fields:
        bits.u(1, 0)
    bits.u(1, 1).u(1, 0).u(1, rate is not None)
    if rate is not None:
        # Nothing but the timing; a tick is a field.
        bits.u(4, 0).u(1, 1).u(32, 1).u(32, 2 * rate).u(1, 1).u(4, 0)
    return bits.nal(0x67)


def _picture_parameters() -> bytes:
    return _Bits().ue(0, 0).u(2, 0).ue(0, 0, 0).u(3, 0).ue(0, 0, 0).u(3, 0b100).nal(0x68)


def _slice(number: int, level: int, field: int | None) -> bytes:
    first = number == 0 and not field
    bits = _Bits().ue(0, 7, 0).u(4, number % 16)
    if field is not None:
        bits.u(1, 1).u(1, field)
    if first:
        bits.ue(0).u(2, 0)
    else:
        bits.u(1, 0)
    bits.ue(0, 1)
    for _ in range(4 if field is None else 2):
        bits.ue(25).raw(bytes([level]) * 256 + bytes([128]) * 128)
    return bits.nal(0x65 if first else 0x21)
