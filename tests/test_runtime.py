"""ONNX Runtime against PyTorch, and what averaging and strides do."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from physiocam.errors import BundleError  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import AU, BigSmallConfig  # noqa: E402
from physiocam.networks.registry import preset  # noqa: E402
from physiocam.runtime import Runtime  # noqa: E402
from physiocam.weights.bundle import Bundle  # noqa: E402
from physiocam.weights.export import export_bundle  # noqa: E402


def bundle(folder: Path, **networks: BigSmall) -> Bundle:
    return export_bundle(networks, folder / "b", name="b", description="a test", licence="none", fs=25.0)


def inputs(clips: int, frames: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return (
        random.standard_normal((clips, frames, 3, 144, 144), np.float32),
        random.standard_normal((clips, 3, 3, 9, 9), np.float32),
    )


def in_pytorch(network: BigSmall, big: np.ndarray, small: np.ndarray) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(big), torch.from_numpy(small))
    return {task: output.numpy() for task, output in outputs.items()}


@pytest.mark.parametrize("name", ["bigsmall", "bigsmall-tsm"])
def test_equals_pytorch_at_any_number_of_clips(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    network = BigSmall(preset(name)).eval()
    runtime = Runtime(bundle(tmp_path, joint=network), threads=1)
    for clips in (1, 4, 7):
        ours = runtime.run(*inputs(clips))
        for task, expected in in_pytorch(network, *inputs(clips)).items():
            assert ours[task].shape == expected.shape
            assert np.abs(ours[task] - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


def test_the_same_input_gives_the_same_bits(tmp_path: Path) -> None:
    runtime = Runtime(bundle(tmp_path, joint=BigSmall(preset("bigsmall"))), threads=2)
    first, second = runtime.run(*inputs(5)), runtime.run(*inputs(5))
    for task in first:
        np.testing.assert_array_equal(first[task], second[task])


def test_networks_with_a_coarser_stride_take_every_kth_big_frame(tmp_path: Path) -> None:
    torch.manual_seed(0)
    every = BigSmall(BigSmallConfig(branches="big", shift="none", big_stride=1, tasks=(AU,))).eval()
    coarse = BigSmall(BigSmallConfig(branches="big", shift="none", big_stride=3, tasks=(AU,))).eval()
    runtime = Runtime(bundle(tmp_path, every=every, coarse=coarse), threads=1)
    big, small = inputs(2, frames=3)
    expected = (in_pytorch(every, big, small)["au"] + in_pytorch(coarse, big[:, ::3], small)["au"]) / 2
    np.testing.assert_allclose(runtime.run(big, small)["au"], expected, atol=1e-5)


def test_clips_come_out_in_order_whatever_the_batches(tmp_path: Path) -> None:
    runtime = Runtime(bundle(tmp_path, joint=BigSmall(preset("bigsmall"))), threads=1)
    big, small = inputs(9)
    together = runtime.run(big, small)
    for task, output in together.items():
        alone = np.concatenate([runtime.run(big[i : i + 1], small[i : i + 1])[task] for i in range(9)])
        np.testing.assert_allclose(output, alone, atol=1e-6)


def test_single_branch_networks_get_only_their_inputs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    face, pulse = BigSmall(preset("big")).eval(), BigSmall(preset("small")).eval()
    runtime = Runtime(bundle(tmp_path, face=face, pulse=pulse), threads=1)
    big, small = inputs(2, frames=3)
    ours = runtime.run(big, small)
    expected = in_pytorch(face, big, small) | in_pytorch(pulse, big, small)
    assert set(ours) == {"au", "pulse", "respiration"}
    for task, output in ours.items():
        np.testing.assert_allclose(output, expected[task], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clip_length": 6}, r"'big' is tensor\(float\) .*expected \['clips', 2"),
        ({"shift": "none", "branches": "big"}, "inputs and outputs are"),
    ],
)
def test_a_graph_that_does_not_fit_its_description_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    whole = bundle(tmp_path, joint=BigSmall(preset("bigsmall")))
    (entry,) = whole.info.networks
    config = BigSmallConfig(**(entry.config.model_dump() | change))  # type: ignore[arg-type]
    info = whole.info.model_copy(update={"networks": (entry.model_copy(update={"config": config}),)})
    with pytest.raises(BundleError, match=words) as caught:
        Runtime(Bundle(whole.folder, info, whole.sha256))
    assert "\n" not in str(caught.value)


def test_a_damaged_graph_says_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = bundle(tmp_path, joint=BigSmall(preset("bigsmall")))
    capfd.readouterr()
    (whole.folder / "joint.onnx").write_bytes(b"\x08\x07 no graph")
    with pytest.raises(BundleError, match=r"joint\.onnx' cannot be run"):
        Runtime(whole)
    assert capfd.readouterr() == ("", "")
