"""From the outputs of networks for single frames to action units, intensities and head pose."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from physiocam.measuring.expressions import read_expressions  # noqa: E402
from physiocam.measuring.measure import measure  # noqa: E402
from physiocam.measuring.stream import Stream  # noqa: E402
from physiocam.networks.action_units import EXPRESSION_UNITS  # noqa: E402
from physiocam.networks.config import EXPRESSION, HEAD_POSE, INTENSITY, PULSE, BigSmallConfig  # noqa: E402
from physiocam.networks.expression_cnn import ExpressionCnn  # noqa: E402
from physiocam.networks.expression_config import ExpressionCnnConfig  # noqa: E402
from physiocam.networks.registry import build  # noqa: E402
from physiocam.weights.bundle import Bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402

FS, FRAMES = 30.0, 600
pytestmark = pytest.mark.usefixtures("traced_once")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    torch.manual_seed(0)
    config = ExpressionCnnConfig(
        tasks=(EXPRESSION, INTENSITY, HEAD_POSE),
        channels=(4, 4),
        blocks=(0, 0),
        summary_channels=2,
        big_size=32,
        small_size=2,
    )
    networks = {
        "pulse": build(BigSmallConfig(tasks=(PULSE,), big_size=32, small_size=2)),
        "expression": ExpressionCnn(config),
    }
    about = BundleAbout("a test", "none", unit_auc={"AU12": 0.99, "AU14": 0.7})
    folder: Path = tmp_path_factory.mktemp("expressions") / "b"
    return export_bundle(networks, folder, name="b", about=about, fs=FS)


def outputs(**changes: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    plain = {
        "au": np.full((FRAMES, len(EXPRESSION.labels)), -4.0, np.float32),
        "intensity": np.zeros((FRAMES, len(INTENSITY.labels)), np.float32),
        "head_pose": np.zeros((FRAMES, 3), np.float32),
    }
    return plain | changes


def test_a_face_that_is_turned_away_has_no_action_units(bundle: Bundle) -> None:
    pose = np.zeros((FRAMES, 3), np.float32)
    pose[100:190, 1] = 35.0
    # A single wrong angle is not a turned head.
    pose[400, 1] = 80.0
    found = np.ones(FRAMES, bool)
    found[500:] = False
    told = read_expressions(outputs(head_pose=pose), found, FS, bundle, "none")
    unseen = np.asarray(np.isnan(told.probability).all(axis=1))
    assert unseen[100:190].all()
    assert unseen[500:].all()
    assert unseen.sum() == 190
    assert np.isnan(told.intensity).all(axis=1).sum() == 190
    assert np.isfinite(told.head_pose[:500]).all()
    assert told.notes == (
        "the face is turned away by more than 30 degrees in 18% of the frames with a face; no action units are given "
        "there",
    )


def test_the_neutral_face_is_taken_off_units_and_intensities(bundle: Bundle) -> None:
    logits, intensity = outputs()["au"], outputs()["intensity"]
    chin = EXPRESSION_UNITS.index("AU17")
    logits[:, chin], intensity[:, chin] = 0.5, 1.5
    logits[300:400, chin], intensity[300:400, chin] = 4.0, 4.5
    found = np.ones(FRAMES, bool)
    told = read_expressions(outputs(au=logits, intensity=intensity), found, FS, bundle, "auto")
    assert told.neutral == {"AU17": pytest.approx(2.5)}
    assert (told.probability[:300, chin] < 0.2).all()
    assert (told.probability[300:400, chin] > 0.8).all()
    assert told.intensity[0, chin] == 0.0
    assert told.intensity[350, chin] == pytest.approx(3.0)
    raw = read_expressions(outputs(au=logits, intensity=intensity), found, FS, bundle, "none")
    assert raw.neutral == {}
    assert raw.intensity[0, chin] == pytest.approx(1.5)


def test_a_recording_has_them_in_its_files(bundle: Bundle, beating: NDArray[np.uint8], tmp_path: Path) -> None:
    measurement = measure(beating, weights=bundle, fs=30.0)
    assert list(measurement.action_units) == list(EXPRESSION_UNITS)
    assert measurement.intensity.shape == (measurement.frames, len(INTENSITY.labels))
    assert measurement.action_units["AU12"].auc == 0.99
    assert measurement.action_units["AU14"].is_uncertain
    assert measurement.action_units["AU01"].auc is None
    assert "AU14 dimpler active" not in repr(measurement) or "dimpler active 100% (uncertain)" in repr(measurement)
    measurement.write(tmp_path)
    header = (tmp_path / "action_units.csv").read_text().splitlines()[0].split(",")
    assert {"AU45_p", "AU12_c", "AU12_r", "AU12_L_r", "AU12_R_r", "pose_pitch", "pose_yaw", "pose_roll"} <= set(header)


def test_a_stream_compares_with_the_neutral_face_of_more_than_its_last_seconds(
    bundle: Bundle, beating: NDArray[np.uint8]
) -> None:
    stream = Stream(weights=bundle, fs=30.0)
    for frame in beating:
        stream.push(frame)
    whole, last = stream.measurement(), stream.measurement(last_s=3.0)
    assert (whole.neutral, last.neutral) == ("auto", "auto")
    assert last.frames < 100
    np.testing.assert_array_equal(last.action_unit_probability, whole.action_unit_probability[-last.frames :])


def test_a_stream_gives_the_same(bundle: Bundle, beating: NDArray[np.uint8]) -> None:
    stream = Stream(weights=bundle, fs=30.0, neutral="none")
    for frame in beating:
        stream.push(frame)
    live, whole = stream.measurement(), measure(beating, weights=bundle, fs=30.0, neutral="none")
    assert live.intensity_labels == whole.intensity_labels
    assert np.nanmedian(np.abs(live.intensity[90:-3] - whole.intensity[90 : len(live.intensity) - 3])) < 0.1
    assert np.nanmedian(np.abs(live.head_pose[90:-3] - whole.head_pose[90 : len(live.head_pose) - 3])) < 1.0
