"""The meaning of a network's outputs: probabilities, and differences of waveforms."""

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.face_changes import seen_changes


def probabilities(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the probabilities of a binary task's logits, in the same shape.

    Examples
    --------
    >>> probabilities(np.array([-2.0, 0.0, 2.0])).round(3)
    array([0.119, 0.5  , 0.881], dtype=float32)
    """
    # Computed with tanh, which cannot overflow.
    return (0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64)))).astype(np.float32)


def mask_unseen_changes(differences: NDArray[np.floating], found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a waveform's differences (T,), NaN where the change to the next frame was not visible.

    Parameters
    ----------
    differences : float array (T,)
    found : bool array (T,)
        Whether a frame shows a face.

    Examples
    --------
    >>> mask_unseen_changes(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]))
    array([ 1., nan, nan])
    """
    return np.where(seen_changes(found), differences.astype(np.float64), np.nan)


def mask_unseen(outputs: NDArray[np.float32], found: NDArray[np.bool_], kind: str) -> NDArray[np.float32]:
    """Return a task's outputs (T, C), NaN where a frame does not show what they say.

    Parameters
    ----------
    outputs : float32 array (T, C)
    found : bool array (T,)
        Whether a frame shows a face.
    kind : str
        Of the task: a waveform's outputs are changes to the next frame.
    """
    seen = seen_changes(found) if kind == "waveform" else found
    return np.where(seen[:, None], outputs, np.float32(np.nan))


def flatten_stills(differences: NDArray[np.float64], has_motion: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a waveform's differences (T,), 0 where nothing moves.

    Where nothing moves there is no pulse: a network's output then only shows artefacts of the codec.

    Parameters
    ----------
    differences : float64 array (T,)
        NaN stays NaN.
    has_motion : bool array (T,)
        See `physiocam.inputs.blocks.InputBlock`.
    """
    return np.where(has_motion, differences, 0.0 * differences)
