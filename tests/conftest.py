"""What the tests share: the reference material, where it is present."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.synthetic.portrait import ClipSettings, SyntheticClip, demo_clip

# Tests run side by side, one process a core: more threads each would only stand in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# pytest-xdist tells its workers the width of the terminal that it was started in; what is tested here has none.
os.environ.pop("COLUMNS", None)

_SHARED = Path(os.environ.get("PHYSIOCAM_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference material (golden answers, real clips, checkpoints); skips where it is absent."""
    if not (_SHARED / "golden").is_dir():
        pytest.skip(f"no reference material at {_SHARED}; set PHYSIOCAM_SHARED to its folder")
    return _SHARED


# Graphs by the configuration of their network, which holds no weights.
_TRACED: dict[object, bytes] = {}


@pytest.fixture(scope="module")
def traced_once() -> Iterator[None]:
    """Lets bundles of networks of one configuration share a graph: tracing takes seconds, for each network anew."""
    pytest.importorskip("onnxscript")
    import onnx

    from physiocam.weights import export

    trace = export._to_onnx

    def remembered(network: Any, inputs: Any) -> Any:
        if network.config not in _TRACED:
            _TRACED[network.config] = trace(network, inputs).SerializeToString()
        return onnx.ModelProto.FromString(_TRACED[network.config])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "_to_onnx", remembered)
        yield


@pytest.fixture(scope="session")
def beating() -> NDArray[np.uint8]:
    """18 s of the demonstration's portrait at 30 frames/s, with a strong pulse of 84 beats/min."""
    pytest.importorskip("skimage")
    still = demo_clip()
    settings = ClipSettings(duration_s=18.0, heart_rate=84.0, pulse_strength=0.01, head_motion=0.001, seed=3)
    return np.stack(list(SyntheticClip(still.portrait, still.face, settings).frames()))
