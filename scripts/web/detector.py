"""Write the page's face detector: the package's, with the weights of its convolutions in half precision.

    python scripts/web/detector.py

writes web/static/rfb_320.onnx. A test fails where the file is not what this writes.
"""

from pathlib import Path

import onnx
from onnx import numpy_helper

from physiocam.video.face import detector_path
from physiocam.weights.onnx_graph import _halve

DETECTOR = Path(__file__).parents[2] / "web" / "static" / "rfb_320.onnx"


def detector_content() -> bytes:
    """Return the content of the file."""
    model = onnx.load(detector_path())
    for tensor in model.graph.initializer:
        # A convolution's weights have four axes; everything else is small.
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 4:
            halves = numpy_helper.to_array(tensor).astype("<f2").tobytes()
            tensor.ClearField("float_data")
            tensor.raw_data = halves
            _halve(model, tensor)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


if __name__ == "__main__":
    DETECTOR.write_bytes(detector_content())
