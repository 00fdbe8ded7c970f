"""Names of files as text that can be printed and written anywhere."""

import os
import re

# Bytes that are not text in the system's encoding become lone surrogates; the others move the cursor, or begin a line.
_UNREADABLE = re.compile("[\ud800-\udfff\0-\x1f\x7f-\x9f\u2028\u2029]")


def readable(name: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    r"""Return a path or a message in which everything that is not text is an escape, such as ``\xe9``.

    On Linux a file's name may be any bytes, which Python keeps as characters that no encoding has: such files can be
    opened, but their names cannot be written into JSON, a table or a page. Ends of lines and control characters are
    escaped too.
    """
    return _UNREADABLE.sub(_escaped, os.fsdecode(name))


def printable(error: UnicodeError) -> tuple[str, int]:
    """Handle characters that an output's encoding lacks: names as in `readable`, other characters as question marks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return readable(error.object[error.start : error.end]).encode("ascii", "replace").decode(), error.end


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{byte:04x}"
