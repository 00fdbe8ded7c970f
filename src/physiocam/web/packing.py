"""Packs the page's largest files as .xz. The page unpacks them itself, so they are small on every host."""

import lzma

_PRESET = 9 | lzma.PRESET_EXTREME
_PROGRAM = {"id": lzma.FILTER_LZMA2, "preset": _PRESET}
# Weights in half precision have two bytes each, and only the second one repeats itself.
_WEIGHTS = {"id": lzma.FILTER_LZMA2, "preset": _PRESET, "lc": 0, "lp": 1, "pb": 1}


def packed(content: bytes, *, weights: bool) -> bytes:
    """Pack a file.

    Parameters
    ----------
    content : bytes
    weights : bool
        Whether it consists of weights in half precision.

    Returns
    -------
    bytes
        An .xz file.

    Examples
    --------
    >>> lzma.decompress(packed(b"weights", weights=True))
    b'weights'
    """
    filters = [_WEIGHTS if weights else _PROGRAM]
    return lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=filters)
