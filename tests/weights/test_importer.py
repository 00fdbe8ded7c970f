"""The authors' checkpoints: what is taken, what is refused and why."""

import json
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from torch import Tensor  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from physiocam.cli import app  # noqa: E402
from physiocam.errors import BundleError  # noqa: E402
from physiocam.inputs.crop import Cut  # noqa: E402
from physiocam.networks.config import PULSE, BigSmallConfig, NetworkConfig  # noqa: E402
from physiocam.networks.registry import preset  # noqa: E402
from physiocam.weights.bundle import load_bundle  # noqa: E402
from physiocam.weights.importer import import_checkpoints, read_checkpoint  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402
from physiocam.weights.tensor_names import their_names  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PHYSIOCAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def theirs(kind: str, prefix: str = "") -> "OrderedDict[str, Tensor]":
    """Random weights under the authors' names."""
    config = {
        "joint": preset("bigsmall"),
        "big": preset("big"),
        "small": BigSmallConfig(branches="small", tasks=(PULSE,)),
    }[kind]
    torch.manual_seed(0)
    return OrderedDict(
        (f"{prefix}{their_names(config)[name]}", 0.05 * torch.randn(shape))
        for name, shape in config.tensor_shapes().items()
    )


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_joint_checkpoint_becomes_a_bundle(tmp_path: Path, prefix: str) -> None:
    torch.save(theirs("joint", prefix), tmp_path / "joint.pth")
    bundle = import_checkpoints([tmp_path / "joint.pth"], "joint")
    assert bundle.info.cut == Cut("face", 1.3, "authors")
    assert bundle.tasks == ("au", "pulse", "respiration")
    assert bundle.sha256 == load_bundle("joint").sha256
    assert "joint.pth" in bundle.info.provenance["files"]


def test_names_are_the_reference_s(shared: Path) -> None:
    families = json.loads((shared / "golden" / "state_dict_keys.json").read_text())
    for family, kind in (("joint", "joint"), ("big_only", "big"), ("small_only", "small")):
        assert {name: tuple(shape) for name, shape in families[family]} == {
            name: tuple(tensor.shape) for name, tensor in theirs(kind).items()
        }


def test_networks_that_see_other_squares_of_the_same_frames_are_refused(tmp_path: Path) -> None:
    torch.save(theirs("joint"), tmp_path / "joint.pth")
    torch.save(theirs("small"), tmp_path / "Small_Heart.pth")
    with pytest.raises(BundleError, match=r"'.*Small_Heart.pth' sees Big and Small frames in squares of 0.9 times the"):
        import_checkpoints([tmp_path / "joint.pth", tmp_path / "Small_Heart.pth"], "both")


def test_folds_are_averaged(tmp_path: Path) -> None:
    files = []
    for fold in (1, 2):
        tensors = theirs("small")
        tensors["out_fc2.bias"] = tensors["out_fc2.bias"] + float(fold)
        files.append(tmp_path / f"Small_Heart_{fold}.pth")
        torch.save(tensors, files[-1])
    inputs = (
        np.zeros((2, 1, 3, 144, 144), np.float32),
        np.random.default_rng(0).random((2, 3, 3, 9, 9), np.float32),
    )
    answers = [Runtime(import_checkpoints([f], f.stem), 1).run(*inputs)["pulse"] for f in files]
    both = Runtime(import_checkpoints(files, "both"), 1).run(*inputs)["pulse"]
    np.testing.assert_allclose(both, np.mean(answers, axis=0), rtol=1e-5)


def test_the_authors_nine_files_make_one_bundle(shared: Path) -> None:
    files = sorted((shared / "weights" / "authors").glob("*.pth"))
    bundle = import_checkpoints(files, "authors")
    assert len(bundle.info.networks) == 9
    assert bundle.info.big_stride == 1
    # Networks of action units see the wider squares that they were trained on, those of the pulse keep theirs.
    assert bundle.info.cut == Cut("face", 0.9, "authors", big_factor=1.3)
    golden = np.load(shared / "golden" / "checkpoints_io.npz")
    small = golden["small"].reshape(4, 3, 3, 9, 9)
    answers = Runtime(bundle, 1).run(golden["big"].reshape(4, 3, 3, 144, 144), small)
    for task, kind in (("au", "Big_AU"), ("pulse", "Small_Heart"), ("respiration", "Small_Resp")):
        expected = np.mean([golden[f"out_{kind}_split{k}"] for k in (1, 2, 3)], axis=0)
        found = answers[task].reshape(12, -1)
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_safetensors_are_read_too(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(theirs("big"), tmp_path / "Big_AU.safetensors")
    assert read_checkpoint(tmp_path / "Big_AU.safetensors").config == preset("big")


def test_a_small_network_s_task_comes_from_its_file_name(tmp_path: Path) -> None:
    for name, task in (("Small_Heart", "pulse"), ("Small_Resp", "respiration")):
        torch.save(theirs("small"), tmp_path / f"{name}.pth")
        assert read_checkpoint(tmp_path / f"{name}.pth").config.tasks[0].name == task
    torch.save(theirs("small"), tmp_path / "fold1.pth")
    with pytest.raises(BundleError, match="'Heart' or 'Resp'"):
        read_checkpoint(tmp_path / "fold1.pth")


def filled(config: NetworkConfig) -> "OrderedDict[str, Tensor]":
    """The weights that the reference's answers were computed with: parameter j is drawn from seed j."""
    names, tensors = their_names(config), OrderedDict()
    for j, (name, shape) in enumerate(config.tensor_shapes().items()):
        values = np.random.RandomState(j).standard_normal(shape).astype(np.float32)
        scale = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        tensors[f"module.{names[name]}"] = torch.from_numpy(values * np.float32(scale))
    return tensors


@pytest.mark.parametrize(
    ("file", "network", "keys"),
    [
        ("BP4D_MTTSCAN.pth", "mtts-can", ["mttscan9_out0", "mttscan9_out1"]),
        ("UBFC-rPPG_TSCAN.pth", "ts-can-36", ["tb_tscan36_fd10"]),
    ],
)
def test_a_baseline_s_checkpoint_answers_as_the_reference(
    shared: Path, tmp_path: Path, file: str, network: str, keys: list[str]
) -> None:
    golden, config = np.load(shared / "golden" / "models_fill_io.npz"), preset(network)
    torch.save(filled(config), tmp_path / file)
    bundle = import_checkpoints([tmp_path / file], "baseline")
    assert bundle.info.networks[0].config == config
    pooled = config.small_size == 36
    big, small = (golden["x36"][:, 3:], golden["x36"][:, :3]) if pooled else (golden["big"], golden["small"])
    n = config.clip_length
    answers = Runtime(bundle, 1).run(big.reshape(-1, n, *big.shape[1:]), small.reshape(-1, n, *small.shape[1:]))
    for task, key in zip(bundle.tasks, keys, strict=True):
        error = np.abs(answers[task].reshape(-1, 1) - golden[key]).max()
        assert error <= 1e-5 * np.abs(golden[key]).max()


def test_the_toolbox_s_bundles_are_described_as_the_toolbox_s(tmp_path: Path) -> None:
    torch.save(filled(preset("deepphys-36")), tmp_path / "PURE_DeepPhys.pth")
    checkpoint = read_checkpoint(tmp_path / "PURE_DeepPhys.pth")
    assert (checkpoint.origin.fs, checkpoint.origin.crop_factor) == (30.0, 1.5)
    torch.save(theirs("big"), tmp_path / "Big.pth")
    with pytest.raises(BundleError, match="its own bundle"):
        import_checkpoints([tmp_path / "PURE_DeepPhys.pth", tmp_path / "Big.pth"], "mixed")


def test_normalizations_and_their_counts_are_read(tmp_path: Path) -> None:
    names, one = their_names(preset("drml")), torch.ones(1)
    tensors = {
        # A single stored number, seen as many, keeps the file small.
        names[name]: torch.tensor(7) if name.endswith("num_batches_tracked") else one.expand(shape)
        for name, shape in preset("drml").tensor_shapes().items()
    }
    torch.save(tensors, tmp_path / "drml.pth")
    read = read_checkpoint(tmp_path / "drml.pth")
    assert read.config == preset("drml")
    assert read.tensors["norm.num_batches_tracked"].item() == 7
    torch.save({**tensors, "extractor.4.num_batches_tracked": torch.tensor(7.0)}, tmp_path / "drml.pth")
    refused(tmp_path / "drml.pth", "'extractor.4.num_batches_tracked'")


def refused(path: Path, words: str) -> None:
    with pytest.raises(BundleError, match=words) as caught:
        read_checkpoint(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_a_strange_and_a_misshapen_tensor_are_named(tmp_path: Path) -> None:
    path = tmp_path / "joint.pth"
    tensors = theirs("joint")
    del tensors["bvp_fc1.bias"]
    torch.save(tensors, path)
    refused(path, "'bvp_fc1.bias' is missing")
    tensors = theirs("joint")
    tensors["attention.weight"] = torch.zeros(1)
    torch.save(tensors, path)
    refused(path, "'attention.weight' is not known")
    tensors = theirs("joint")
    tensors["au_fc1.weight"] = torch.zeros(128, 10368)
    torch.save(tensors, path)
    refused(path, r"shape \(128, 10368\), expected \(128, 5184\)")


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    tensors = theirs("big")
    tensors["big_conv1.bias"][3] = float("nan")
    torch.save(tensors, tmp_path / "Big.pth")
    refused(tmp_path / "Big.pth", "NaN or infinite")


def test_a_pickle_that_would_run_code_never_runs(tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {marker}",)

    torch.save({"big_conv1.weight": Bomb()}, tmp_path / "bomb.pth")
    refused(tmp_path / "bomb.pth", "more than plain tensors")
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 half a zip", bytes(1000)])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("x.pth", "x.safetensors"):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, "x")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.pth", "does not exist")
    (tmp_path / "folder.pth").mkdir()
    refused(tmp_path / "folder.pth", "not a file")


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save(theirs("big"), tmp_path / "Big.pth")
    content = (tmp_path / "Big.pth").read_bytes()
    (tmp_path / "Big.pth").write_bytes(content[: len(content) // 2])
    refused(tmp_path / "Big.pth", "Big.pth")


def test_other_tensors_and_other_objects_are_refused(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    refused(tmp_path / "other.pth", "expected a checkpoint of the BigSmall authors")
    torch.save([1, 2], tmp_path / "list.pth")
    refused(tmp_path / "list.pth", "state dict")


@pytest.mark.parametrize("name", ["", "default", "../up", "a/b", ".hidden", "with space"])
def test_names_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    torch.save(theirs("big"), tmp_path / "Big.pth")
    with pytest.raises(BundleError, match="is not a valid bundle name"):
        import_checkpoints([tmp_path / "Big.pth"], name)


@pytest.mark.parametrize("kind", ["complex", "sparse", "meta", "integer"])
def test_tensors_of_other_kinds_are_refused(tmp_path: Path, kind: str) -> None:
    strange = {
        "complex": torch.zeros(1, 128, dtype=torch.complex64),
        "sparse": torch.zeros(1, 128).to_sparse(),
        "meta": torch.zeros(1, 128, device="meta"),
        "integer": torch.zeros(1, 128, dtype=torch.int64),
    }[kind]
    tensors = theirs("small")
    tensors["out_fc2.weight"] = strange
    torch.save(tensors, tmp_path / "Small_Heart.pth")
    refused(tmp_path / "Small_Heart.pth", "does not hold numbers of the right type in 'out_fc2.weight'")


def test_half_precision_is_taken_as_single(tmp_path: Path) -> None:
    torch.save({name: tensor.bfloat16() for name, tensor in theirs("big").items()}, tmp_path / "Big.pth")
    assert {t.dtype for t in read_checkpoint(tmp_path / "Big.pth").tensors.values()} == {torch.float32}


def test_damaged_bytes_give_an_answer_or_a_reason(tmp_path: Path) -> None:
    torch.save({name: tensor[:0] for name, tensor in theirs("small").items()}, tmp_path / "whole.pth")
    whole, random = (tmp_path / "whole.pth").read_bytes(), np.random.default_rng(0)
    path = tmp_path / "Small_Heart.pth"
    for _ in range(150):
        content = np.frombuffer(whole, np.uint8).copy()
        content[random.integers(0, len(content), random.integers(1, 8))] = random.integers(0, 256)
        path.write_bytes(content[: random.integers(len(content) // 2, 2 * len(content))].tobytes())
        refused(path, "Small_Heart")
    for _ in range(100):
        path.write_bytes(random.bytes(int(random.integers(1, 200))))
        refused(path, "Small_Heart")


def test_two_files_of_one_name_and_no_file_at_all_are_refused(tmp_path: Path) -> None:
    for name in ("fold 1.pth", "fold-1.pth"):
        torch.save(theirs("big"), tmp_path / name)
    with pytest.raises(BundleError, match="two files are called 'fold-1'"):
        import_checkpoints([tmp_path / "fold 1.pth", tmp_path / "fold-1.pth"], "both")
    with pytest.raises(BundleError, match="give at least one file"):
        import_checkpoints([], "none")


def test_the_command_says_what_each_file_was_taken_for(tmp_path: Path) -> None:
    torch.save(theirs("joint"), tmp_path / "joint.pth")
    arguments = ["weights", "import", str(tmp_path / "joint.pth"), "--overwrite", "--name", "joint"]
    said = CliRunner().invoke(app, arguments).output
    assert said.startswith("joint.pth: taken as bigsmall (clips of 3 frames, shift wrap,")
    assert "say so with --preset" in said
    said = CliRunner().invoke(app, [*arguments, "--preset", "bigsmall-tsm"]).output
    assert said.startswith("joint.pth: taken as bigsmall-tsm (clips of 3 frames, shift zero,")
    bundle = load_bundle("joint").info
    assert bundle.networks[0].config == preset("bigsmall-tsm")
    assert bundle.provenance["assumed"]["joint.pth"] in said
