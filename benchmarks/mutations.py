"""Damage to a file's content: bytes in, other bytes out, the same for the same random generator."""

import json
import re
from collections.abc import Callable
from typing import Any

from numpy.random import Generator

Mutation = Callable[[bytes, bytes, Generator], bytes]

# What stands before sizes, counts, rates and durations: boxes of MP4, elements of Matroska, chunks of AVI, GIF, PNG and
# zip, and the headers of H.264, VP9, MPEG-4 and JPEG pictures. The empty one is the beginning of the file.
_MARKERS = (
    b"",
    *b"mvhd tkhd mdhd stsd avc1 avcC hvc1 hvcC mp4a stts stss stsz stsc stco ctts elst trex moov mdat".split(),
    *map(
        bytes.fromhex, ("2ad7b1", "4489", "b0", "ba", "23e383", "1549a966", "1654ae6b", "1f43b675", "e7", "a3", "63a2")
    ),
    *b"avih strh strf idx1 movi 00dc RIFF LIST GIF89a IHDR PLTE IDAT".split(),
    *map(bytes.fromhex, ("21f904", "2c", "000001", "00000001", "00000120", "498342", "ffc0", "ffc4", "ffda")),
    *map(bytes.fromhex, ("504b0304", "504b0102", "504b0506")),
)

# Numbers as text that mean trouble somewhere.
_NUMBERS = ("0", "-1", "1e999", "1e300", "-1e300", "1e-300", "NaN", "1.2.3", "0x10", "9" * 30, "9" * 5000, "", " ", "é")

_WORDS = (
    "null", "[]", "{}", '"', "'", "\0", "\ud7ff", "\ufeff", "&a [*a]", "!!python/none ~", "2001-99-99", "../" * 99,
)  # fmt: skip


def flipped(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Bits flipped here and there."""
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 40))):
        changed[_place(content, random)] ^= 1 << int(random.integers(8))
    return bytes(changed)


def head_flipped(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Bytes replaced at the beginning or the end, where most formats describe themselves."""
    changed = bytearray(content)
    reach = min(len(content), int(random.choice([64, 512, 4096])))
    start = int(random.choice([0, len(content) - reach]))
    for _ in range(int(random.integers(1, 12))):
        changed[start + int(random.integers(reach))] = int(random.integers(256))
    return bytes(changed)


def cut(content: bytes, _other: bytes, random: Generator) -> bytes:
    """The end lost, the beginning lost, or a part in between."""
    start, stop = sorted((_place(content, random), _place(content, random)))
    kind = int(random.integers(3))
    return content[:start] if kind == 0 else content[stop:] if kind == 1 else content[:start] + content[stop:]


def overwritten(content: bytes, _other: bytes, random: Generator) -> bytes:
    """A run of zeros, of ones or of noise, as of a bad disk."""
    start = _place(content, random)
    length = min(int(random.integers(1, 4096)), len(content) - start)
    run = [bytes(length), b"\xff" * length, random.bytes(length)][int(random.integers(3))]
    return content[:start] + run + content[start + length :]


def repeated(content: bytes, _other: bytes, random: Generator) -> bytes:
    """A part that comes again and again."""
    start, stop = sorted((_place(content, random), _place(content, random)))
    stop = min(stop, start + 4096)
    return content[:stop] + content[start:stop] * int(random.integers(1, 20)) + content[stop:]


def spliced(content: bytes, other: bytes, random: Generator) -> bytes:
    """The beginning of one file and the end of another."""
    return content[: _place(content, random)] + other[_place(other, random) :]


def lying(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Fields of headers that claim something enormous, nothing, or anything."""
    present = [marker for marker in _MARKERS if marker in content]
    changed = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        marker = present[int(random.integers(len(present)))]
        places = [found.end() for found in re.finditer(re.escape(marker), content)] if marker else [0]
        start = places[int(random.integers(len(places)))] + int(random.integers(48))
        width = int(random.choice([1, 2, 4, 8]))
        top = 256**width - 1
        claims = [0, 1, top, top // 2, top // 2 + 1, int(random.integers(1, 70000)) & top]
        claim = claims[int(random.integers(len(claims)))].to_bytes(width, "big" if random.integers(2) else "little")
        changed[start : start + width] = claim
    return bytes(changed)


def renumbered(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Numbers of a text replaced by others that no one expects there."""
    text = content.decode("utf-8", "replace")
    numbers = list(re.finditer(r"-?\d+(\.\d+)?", text))
    for found in sorted(_some(numbers, random), key=lambda found: -found.start()):
        text = text[: found.start()] + _NUMBERS[int(random.integers(len(_NUMBERS)))] + text[found.end() :]
    return text.encode()


def reworded(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Words of a text replaced by what parsers stumble over."""
    text = content.decode("utf-8", "replace")
    words = list(re.finditer(r"[^\s,;:\"]+|\"[^\"]*\"", text))
    for found in sorted(_some(words, random), key=lambda found: -found.start()):
        text = text[: found.start()] + _WORDS[int(random.integers(len(_WORDS)))] + text[found.end() :]
    return text.encode()


def reencoded(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Another encoding, other line ends, no line ends, or other delimiters."""
    text = content.decode("utf-8", "replace")
    return [
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        b"\xef\xbb\xbf" + content,
        text.replace("\n", "\r").encode(),
        text.replace("\n", "").encode(),
        text.replace("\n", "\u2028").encode(),
        text.replace(",", ";").replace(".", ",").encode(),
        text.replace(",", "").encode(),
        ("\0" + text).encode(),
        (text + "é").encode("latin-1", "replace"),
        ('"' + text).encode(),
        (text * 50).encode(),
    ][int(random.integers(12))]


def nested(content: bytes, _other: bytes, random: Generator) -> bytes:
    """Brackets without end, in place of the content or within it."""
    depth = int(random.choice([100, 5000, 200_000]))
    opened, closed = [(b"[", b"]"), (b'{"a":', b"}"), (b"[", b""), (b"- ", b"")][int(random.integers(4))]
    deep = opened * depth + b"1" + closed * depth
    start = _place(content, random)
    return deep if random.integers(2) else content[:start] + deep + content[start:]


def restructured(content: bytes, _other: bytes, random: Generator) -> bytes:
    """JSON that still is JSON, with some of its values replaced by others or left out."""
    document = json.loads(content)
    for _ in range(int(random.integers(1, 4))):
        places = list(_places(document))
        if places:
            inside, key = places[int(random.integers(len(places)))]
            inside[key] = _strange(inside[key], random)
            if isinstance(inside, dict) and random.integers(4) == 0:
                del inside[key]
    return json.dumps(document).encode()


BYTES: dict[str, Mutation] = {
    "flipped": flipped,
    "head flipped": head_flipped,
    "cut": cut,
    "overwritten": overwritten,
    "repeated": repeated,
    "spliced": spliced,
    "lying": lying,
}
TEXT: dict[str, Mutation] = {
    "flipped": flipped,
    "cut": cut,
    "spliced": spliced,
    "renumbered": renumbered,
    "reworded": reworded,
    "reencoded": reencoded,
    "nested": nested,
}
JSON: dict[str, Mutation] = {**TEXT, "restructured": restructured}


def _place(content: bytes, random: Generator) -> int:
    return int(random.integers(max(len(content), 1)))


def _some(things: list[Any], random: Generator) -> list[Any]:
    count = min(len(things), int(random.choice([1, 1, 2, 5, 50])))
    return [things[int(index)] for index in random.permutation(len(things))[:count]]


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON document that holds a value."""
    found: list[tuple[Any, Any]] = []
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in keys:
        found.append((document, key))
        found += _places(document[key])
    return found


def _strange(value: Any, random: Generator) -> Any:
    strange: list[Any] = [
        None, True, 0, -1, 10**12, 10**30, 1e300, -0.5, float("nan"), float("inf"),
        "", "\ud800", "a\0b", "../..", "x" * 5000, [], {}, [[]], [value] * 3, {"a": value}, str(value), "2" * 5000,
    ]  # fmt: skip
    return strange[int(random.integers(len(strange)))]
