"""Area resizing of frames, with the kernel of the reference code, as two small matrix products."""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

# Output rows (or columns) per matrix product. A row of area weights is zero outside a short run of source pixels, so
# multiplying band by band skips most zeros, with products still large enough for BLAS.
_BAND = 6

# If each band covers a whole number of source pixels, all bands are equal and are multiplied at once, up to this many
# source values, which as floats stay in the processor's cache.
_CACHED = 65536


def area_resize(image: NDArray[np.generic], height: int, width: int) -> NDArray[np.float32]:
    """Resize an image by the mean over the area of each output pixel.

    Equals OpenCV's ``INTER_AREA`` on floating-point images: shrinking averages over the covered source
    pixels, partly covered ones by their share; enlarging interpolates between neighbours.

    Parameters
    ----------
    image : array of shape (H, W, C), any real dtype
    height, width : int
        Size of the result, in pixels.

    Returns
    -------
    float32 array of shape (height, width, C), in the units of `image`
    """
    rows, columns, channels = image.shape
    shrunk = _resize_rows(image.reshape(rows, columns * channels), height)
    return _resize_columns(shrunk, columns, width, channels).reshape(height, width, channels)


def _resize_rows(image: NDArray[np.generic], height: int) -> NDArray[np.float32]:
    rows, values = image.shape
    result = np.empty((height, values), dtype=np.float32)
    band = _like_band(rows, height)
    if band is None:
        for target, source, weights in _bands(rows, height, 1):
            np.matmul(weights, image[source].astype(np.float32), out=result[target])
        return result
    weights = _bands(rows, height, 1, band)[0][2]
    targets = result.reshape(-1, band, values)
    sources = image.reshape(len(targets), -1, values)
    step = max(_CACHED // sources[0].size, 1)
    for start in range(0, len(targets), step):
        np.matmul(weights, sources[start : start + step].astype(np.float32), out=targets[start : start + step])
    return result


def _resize_columns(image: NDArray[np.float32], columns: int, width: int, channels: int) -> NDArray[np.float32]:
    rows = len(image)
    result = np.empty((rows, width * channels), dtype=np.float32)
    band = _like_band(columns, width)
    if band is None:
        for target, source, weights in _bands(columns, width, channels):
            np.matmul(image[:, source], weights.T, out=result[:, target])
        return result
    weights = _bands(columns, width, channels, band)[0][2]
    targets = result.reshape(rows, -1, band * channels).transpose(1, 0, 2)
    np.matmul(image.reshape(rows, len(targets), -1).transpose(1, 0, 2), weights.T, out=targets)
    return result


def _like_band(source: int, target: int) -> int | None:
    """Size of the smallest equal bands; None if none are small, or the image is enlarged."""
    period = target // gcd(source, target)
    if period > _BAND or source < target:
        return None
    return next((band for band in range(period, target, period) if band >= _BAND // 2 and target % band == 0), target)


@lru_cache(maxsize=64)
def _bands(
    source: int, target: int, channels: int, band: int = _BAND
) -> tuple[tuple[slice, slice, NDArray[np.float32]], ...]:
    """Bands of target pixels, the source pixels each needs, and its weights, for interleaved channels.

    Weights spread over the channels are zero for two of three products, but still take less time than separating the
    channels.
    """
    weights = _area_weights(source, target)
    bands = []
    for start in range(0, target, band):
        stop = min(start + band, target)
        used = np.flatnonzero(weights[start:stop].any(axis=0))
        first, last = int(used[0]), int(used[-1]) + 1
        spread = np.kron(weights[start:stop, first:last], np.eye(channels)).astype(np.float32)
        bands.append((slice(start * channels, stop * channels), slice(first * channels, last * channels), spread))
    return tuple(bands)


def _area_weights(source: int, target: int) -> NDArray[np.float64]:
    """Weights (target, source) of a one-dimensional area resize."""
    scale = source / target
    weights = np.zeros((target, source))
    if source >= target:
        for index in range(target):
            start, stop = index * scale, (index + 1) * scale
            first, last = int(start), min(int(np.ceil(stop - 1e-9)), source)
            pixels = np.arange(first, last)
            weights[index, first:last] = np.minimum(stop, pixels + 1) - np.maximum(start, pixels)
        weights /= weights.sum(axis=1, keepdims=True)
        return weights
    for index in range(target):
        left = int(np.floor(index * scale))
        share = (index + 1) - (left + 1) / scale
        share = 0.0 if share <= 0 else share - np.floor(share)
        weights[index, left] += 1.0 - share
        weights[index, min(left + 1, source - 1)] += share
    return weights
