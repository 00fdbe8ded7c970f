"""Area resizing of frames: the kernel that the reference uses, as two small matrix products."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Output rows (or columns) that share one matrix product. A row of area weights is zero outside a short run of source
# pixels, so multiplying band by band skips most of the zeros and still leaves BLAS something to do.
_BAND = 6


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
    by_row = image.reshape(rows, columns * channels)
    shrunk = np.empty((height, columns * channels), dtype=np.float32)
    for target, source, weights in _bands(rows, height, 1):
        np.matmul(weights, by_row[source].astype(np.float32, copy=False), out=shrunk[target])
    result = np.empty((height, width * channels), dtype=np.float32)
    for target, source, weights in _bands(columns, width, channels):
        np.matmul(shrunk[:, source], weights.T, out=result[:, target])
    return result.reshape(height, width, channels)


@lru_cache(maxsize=64)
def _bands(source: int, target: int, channels: int) -> tuple[tuple[slice, slice, NDArray[np.float32]], ...]:
    """Bands of target pixels, the source pixels each needs, and its weights, for interleaved channels.

    Weights spread over the channels are zero for two of three products, and still cost less than taking the channels
    apart.
    """
    weights = _area_weights(source, target)
    bands = []
    for start in range(0, target, _BAND):
        stop = min(start + _BAND, target)
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
