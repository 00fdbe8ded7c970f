"""Area resizing of frames: the kernel that the reference uses, as two small matrix products."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Output rows that share one matrix product, and the source pixels they should span. A row of area weights is zero
# outside a short run of source pixels, so multiplying band by band skips nearly all of the zeros and still leaves BLAS
# something to do.
_BAND = 16
_SPAN = 24


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
    # Rows first, while whole rows lie together in memory; the planes then take a fraction of the moving.
    by_row = np.ascontiguousarray(image, dtype=np.float32).reshape(rows, columns * channels)
    shrunk = np.empty((height, columns * channels), dtype=np.float32)
    for target, source, weights in _bands(rows, height):
        np.matmul(weights, by_row[source], out=shrunk[target])
    planes = np.empty((channels, height, columns), dtype=np.float32)
    planes[...] = shrunk.reshape(height, columns, channels).transpose(2, 0, 1)
    return _resize_columns(planes, width).transpose(1, 2, 0)


def area_resize_planes(planes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resize an image that is stored plane by plane; see `area_resize`.

    Parameters
    ----------
    planes : float32 array of shape (C, H, W)
    height, width : int

    Returns
    -------
    float32 array of shape (C, height, width)
    """
    shrunk = np.empty((len(planes), height, planes.shape[2]), dtype=np.float32)
    for target, source, weights in _bands(planes.shape[1], height):
        np.matmul(weights, planes[:, source], out=shrunk[:, target])
    return _resize_columns(shrunk, width)


def _resize_columns(planes: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    result = np.empty((*planes.shape[:2], width), dtype=np.float32)
    for target, source, weights in _bands(planes.shape[2], width):
        np.matmul(planes[..., source], weights.T, out=result[..., target])
    return result


@lru_cache(maxsize=64)
def _bands(source: int, target: int) -> tuple[tuple[slice, slice, NDArray[np.float32]], ...]:
    weights = _area_weights(source, target)
    bands = []
    band = max(min(_SPAN * target // source, _BAND), 4)
    for start in range(0, target, band):
        rows = slice(start, min(start + band, target))
        used = np.flatnonzero(weights[rows].any(axis=0))
        columns = slice(int(used[0]), int(used[-1]) + 1)
        bands.append((rows, columns, np.ascontiguousarray(weights[rows, columns], dtype=np.float32)))
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
