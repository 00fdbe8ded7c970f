"""The default bundle in 8 bits: parity, and what is refused."""

import json
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from physiocam.errors import BundleError, PhysiocamError
from physiocam.measuring.measure import measure
from physiocam.measuring.options import MeasureOptions
from physiocam.results.measurement import Measurement
from physiocam.weights.bundle import load_bundle
from physiocam.weights.int8_form import load_int8
from physiocam.weights.runtime import Runtime


def both(source: object, **options: object) -> tuple[Measurement, Measurement]:
    single, eighth = (measure(source, precision=name, threads=1, **options) for name in ("fp32", "int8"))  # type: ignore[call-overload]
    return single, eighth


def check_alike(single: Measurement, eighth: Measurement) -> None:
    assert single.weights is not None
    assert eighth.weights is not None
    assert (single.weights.precision, eighth.weights.precision) == ("fp32", "int8")
    assert single.weights.sha256 == eighth.weights.sha256
    for one, other in ((single.heart_rate, eighth.heart_rate), (single.breathing_rate, eighth.breathing_rate)):
        assert (one.value is None) == (other.value is None)
        if one.value is not None:
            assert other.value == pytest.approx(one.value, abs=0.1)
    for label, unit in single.action_units.items():
        assert eighth.action_units[label].mean_probability == pytest.approx(unit.mean_probability, abs=0.015)
    assert not np.array_equal(single.action_unit_probability, eighth.action_unit_probability, equal_nan=True)


@pytest.mark.parametrize("clip", ["vitallens_1/video.mp4", "clips/WolfgangLanger_Pexels.mp4"])
def test_real_clips_give_the_same(shared: Path, clip: str) -> None:
    check_alike(*both(shared / "data" / clip))


def test_the_portrait_gives_the_same() -> None:
    pytest.importorskip("skimage", reason="scikit-image, which ships the portrait, is not installed")
    from physiocam.synthetic.portrait import demo_clip

    # Not the recording with which the scales were found.
    single, eighth = both(list(islice(demo_clip(5).frames(), 300)), fs=30)
    check_alike(single, eighth)
    assert single.heart_rate.value is not None


def test_networks_without_big_frames_compute_the_same() -> None:
    bundle = load_bundle()
    assert bundle.info.slow
    assert bundle.info.memory
    for networks in (bundle.info.slow.networks, bundle.info.memory.networks):
        length = networks[0].config.clip_length
        small = np.random.default_rng(0).standard_normal((2, length, 3, 9, 9)).astype(np.float32)
        big = np.zeros((2, 0), np.float32)
        single, eighth = (
            Runtime(bundle, 1, networks, precision=precision).run(big, small) for precision in ("fp32", "int8")
        )
        for task, output in single.items():
            np.testing.assert_array_equal(eighth[task], output)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(load_bundle().folder, tmp_path / "copied"))


def test_a_bundle_without_this_form_says_how_to_make_it(copied: Path) -> None:
    (copied / "int8.json").unlink()
    bundle = load_bundle(copied)
    with pytest.raises(BundleError, match=r"^bundle 'default' has no form in 8 bits; .* --to onnx-int8$"):
        load_int8(bundle)
    Runtime(bundle, 1)


def test_altered_files_and_those_of_another_bundle_are_refused(copied: Path) -> None:
    bundle = load_bundle(copied)
    graph = copied / "expression.int8.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1] + b"\0")
    with pytest.raises(BundleError, match=r"expression\.int8\.onnx' is missing, or not the file that"):
        Runtime(bundle, 1, precision="int8")
    graph.write_bytes(whole)
    form = json.loads((copied / "int8.json").read_text("utf-8"))
    for change, words in (
        ({"bundle_sha256": "0" * 64}, "belongs to another bundle"),
        ({"networks": {"other": form["networks"]["bigsmall"]}}, r"has the networks \['other'\], expected some of"),
        ({"format": 2}, "is not understood"),
    ):
        (copied / "int8.json").write_text(json.dumps(form | change), "utf-8")
        with pytest.raises(BundleError, match=words) as caught:
            load_int8(bundle)
        assert "\n" not in str(caught.value)


def test_an_unknown_precision_is_one_line() -> None:
    with pytest.raises(PhysiocamError, match=r"^precision is 'int4'; expected fp32 or int8$"):
        MeasureOptions(precision="int4")  # type: ignore[arg-type]
