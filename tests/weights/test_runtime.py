"""ONNX Runtime against PyTorch, and what averaging and strides do."""

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from physiocam.errors import BundleError  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import AU, EXPRESSION, BigSmallConfig, Task  # noqa: E402
from physiocam.networks.network import Network  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402
from physiocam.weights.bundle import Bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")


def bundle(folder: Path, **networks: Network) -> Bundle:
    return export_bundle(networks, folder / "b", name="b", about=BundleAbout("a test", "none"), fs=25.0)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return build(preset("bigsmall")).eval()


@pytest.fixture(scope="module")
def joint(network: BigSmall, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return bundle(tmp_path_factory.mktemp("joint"), joint=network)


def inputs(clips: int, frames: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return (
        random.standard_normal((clips, frames, 3, 144, 144), np.float32),
        random.standard_normal((clips, 3, 3, 9, 9), np.float32),
    )


def in_pytorch(network: Network, big: np.ndarray, small: np.ndarray) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(big), torch.from_numpy(small))
    return {task: output.numpy() for task, output in outputs.items()}


def test_equals_pytorch_at_any_number_of_clips(network: BigSmall, joint: Bundle) -> None:
    runtime = Runtime(joint, threads=1)
    for clips in (1, 4, 7):
        ours = runtime.run(*inputs(clips))
        for task, expected in in_pytorch(network, *inputs(clips)).items():
            assert ours[task].shape == expected.shape
            assert np.abs(ours[task] - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


def test_zero_filled_shift_equals_pytorch_too(tmp_path: Path) -> None:
    zero = BigSmall(BigSmallConfig(shift="zero", clip_length=4, big_stride=2, big_size=47, small_size=2)).eval()
    random = np.random.default_rng(0)
    big, small = random.random((3, 2, 3, 47, 47), np.float32), random.random((3, 4, 3, 2, 2), np.float32)
    ours = Runtime(bundle(tmp_path, zero=zero), threads=1).run(big, small)
    for task, expected in in_pytorch(zero, big, small).items():
        np.testing.assert_allclose(ours[task], expected, atol=1e-6)


def test_the_same_input_gives_the_same_bits(joint: Bundle) -> None:
    runtime = Runtime(joint, threads=2)
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


def test_clips_come_out_in_order_whatever_the_batches(joint: Bundle) -> None:
    runtime = Runtime(joint, threads=1)
    big, small = inputs(9)
    together = runtime.run(big, small)
    for task, output in together.items():
        alone = np.concatenate([runtime.run(big[i : i + 1], small[i : i + 1])[task] for i in range(9)])
        np.testing.assert_allclose(output, alone, atol=1e-6)


def test_single_branch_networks_get_only_their_inputs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    face, pulse = build(preset("big")).eval(), build(preset("small")).eval()
    runtime = Runtime(bundle(tmp_path, face=face, pulse=pulse), threads=1)
    big, small = inputs(2, frames=3)
    ours = runtime.run(big, small)
    expected = in_pytorch(face, big, small) | in_pytorch(pulse, big, small)
    assert set(ours) == {"au", "pulse", "respiration"}
    for task, output in ours.items():
        np.testing.assert_allclose(output, expected[task], atol=1e-5)


def test_a_network_may_have_only_the_first_outputs_of_a_task(tmp_path: Path) -> None:
    torch.manual_seed(0)
    twelve = build(preset("big").model_copy(update={"tasks": (AU,)})).eval()
    fifteen = build(preset("expression-cnn").model_copy(update={"tasks": (EXPRESSION,)})).eval()
    for networks in ({"a": twelve, "b": fifteen}, {"b": fifteen, "a": twelve}):
        both = bundle(tmp_path / "-".join(networks), **networks)
        assert both.task("au") == EXPRESSION
        big, small = inputs(2, frames=3)
        ours = Runtime(both, threads=1).run(big, small)["au"]
        a, b = in_pytorch(twelve, big, small)["au"], in_pytorch(fifteen, big[:, :1], small)["au"]
        np.testing.assert_allclose(ours[..., :12], (a + b[..., :12]) / 2, atol=1e-5)
        np.testing.assert_allclose(ours[..., 12:], b[..., 12:], atol=1e-5)


def test_networks_with_other_outputs_for_a_task_are_refused(tmp_path: Path) -> None:
    other = Task(name="au", kind="binary", labels=("AU02", "AU01"))
    networks = {
        name: build(preset("big").model_copy(update={"tasks": (task,)})) for name, task in (("a", AU), ("b", other))
    }
    with pytest.raises(BundleError, match="cannot be averaged"):
        bundle(tmp_path, **networks)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clip_length": 6}, r"'big' is tensor\(float\) .*expected \['clips', 2"),
        ({"shift": "none", "branches": "big"}, "inputs and outputs are"),
    ],
)
def test_a_graph_that_does_not_fit_its_description_is_refused(
    joint: Bundle, change: dict[str, object], words: str
) -> None:
    (entry,) = joint.info.networks
    config = BigSmallConfig(**(entry.config.model_dump() | change))
    info = joint.info.model_copy(update={"networks": (entry.model_copy(update={"config": config}),)})
    with pytest.raises(BundleError, match=words) as caught:
        Runtime(Bundle(joint.folder, info, joint.sha256))
    assert "\n" not in str(caught.value)


def test_a_damaged_graph_says_nothing_on_the_terminal(
    joint: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = (joint.folder / "joint.onnx").read_bytes()
    shutil.copy(joint.folder / "joint.safetensors", tmp_path)
    capfd.readouterr()
    for damaged in (b"\x08\x07 no graph", whole[: len(whole) // 2], whole.replace(b"Gemm", b"Gums"), b""):
        (tmp_path / "joint.onnx").write_bytes(damaged)
        with pytest.raises(BundleError, match=r"joint\.onnx' ") as caught:
            Runtime(Bundle(tmp_path, joint.info, joint.sha256))
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_the_number_of_threads_changes_no_bit(joint: Bundle) -> None:
    one, two = (Runtime(joint, threads=threads).run(*inputs(7)) for threads in (1, 2))
    for task, output in one.items():
        assert np.array_equal(output, two[task])


def test_a_call_has_one_thread(monkeypatch: pytest.MonkeyPatch, joint: Bundle) -> None:
    """Threads that share a call spin while they wait for each other."""
    import onnxruntime

    made: list[onnxruntime.SessionOptions] = []
    start = onnxruntime.InferenceSession

    def watched(path: object, options: onnxruntime.SessionOptions, **others: object) -> object:
        made.append(options)
        return start(path, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    Runtime(joint, threads=2)
    assert [options.intra_op_num_threads for options in made] == [1]
