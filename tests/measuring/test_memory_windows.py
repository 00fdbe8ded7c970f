"""Windows of networks with memory: overlapping, averaged, and the same however the frames come."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import physiocam  # noqa: E402
from physiocam.errors import BundleError  # noqa: E402
from physiocam.inputs.crop import Crop  # noqa: E402
from physiocam.measuring.memory_windows import PARTS, MemoryWindows  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig, Task  # noqa: E402
from physiocam.networks.small_tcn import SmallTcn  # noqa: E402
from physiocam.networks.small_tcn_config import SmallTcnConfig  # noqa: E402
from physiocam.weights.bundle import Bundle, load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, Memory, export_bundle  # noqa: E402
from physiocam.weights.runtime import Runtime  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")

LENGTH = 32
CONFIG = SmallTcnConfig(clip_length=LENGTH, encoder_channels=4, channels=8, dilations=(1, 2))
JOINT = BigSmallConfig(tasks=(AU, PULSE))

Shown = NDArray[np.float32]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, traced_once: None) -> Bundle:
    torch.manual_seed(0)
    folder, about = tmp_path_factory.mktemp("bundles") / "b", BundleAbout("a test", "none")
    memory = Memory({"seconds": SmallTcn(CONFIG)})
    return export_bundle({"joint": BigSmall(JOINT)}, folder, name="b", about=about, fs=30.0, others=[memory])


def windows(bundle: Bundle) -> MemoryWindows:
    memory = bundle.info.memory
    assert memory is not None
    return MemoryWindows(memory, Runtime(bundle, 1, memory.networks))


def read(bundle: Bundle, small: Shown, steps: int) -> Shown:
    """Frames given some at a time, (T, parts); a frame that no window ended is NaN until the rest."""
    found, run = np.full((len(small), len(PARTS)), np.nan, np.float32), windows(bundle)
    done = [part for start in range(0, len(small), steps) for part in run.add(small[start : start + steps])]
    for first, outputs in [*done, run.rest()]:
        start = max(first, 0)
        found[start : first + len(outputs["pulse"])] = outputs["pulse"][start - first :]
    return found


def frames(count: int) -> Shown:
    return np.random.default_rng(0).standard_normal((count, 3, 9, 9)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 5, LENGTH // 2, LENGTH, 3 * LENGTH + 7])
def test_frames_give_the_same_however_they_come(bundle: Bundle, count: int) -> None:
    together = read(bundle, frames(count), count)
    assert np.isfinite(together).all()
    assert np.array_equal(together, read(bundle, frames(count), 1))
    assert np.array_equal(together, read(bundle, frames(count), 11))


def test_a_frame_is_the_weighted_mean_of_its_two_windows(bundle: Bundle) -> None:
    small = frames(2 * LENGTH)
    memory = bundle.info.memory
    assert memory is not None
    runtime = Runtime(bundle, 1, memory.networks)
    half = LENGTH // 2

    def window(start: int) -> Shown:
        seen = small[start : start + LENGTH]
        output = runtime.run(np.zeros((1, 0), np.float32), (seen / seen.std())[None])
        return output["pulse"][0, :, 0]

    one, two = window(0), window(half)
    weight = np.minimum(np.arange(1, LENGTH + 1), np.arange(LENGTH, 0, -1))
    rows = np.arange(half)
    mean = (weight[half:] * one[half:] + weight[:half] * two[:half]) / (weight[half:] + weight[:half])
    assert np.allclose(read(bundle, small, 5)[half + rows, 0], mean, atol=1e-6)


def test_a_burst_of_motion_elsewhere_changes_nothing(bundle: Bundle) -> None:
    small = frames(4 * LENGTH)
    louder = small.copy()
    louder[3 * LENGTH :] *= 50.0
    assert np.array_equal(read(bundle, small, 9)[: 2 * LENGTH], read(bundle, louder, 9)[: 2 * LENGTH])
    # Nor does it matter how large all differences are.
    assert np.allclose(read(bundle, 0.2 * small, 9), read(bundle, small, 9), atol=1e-5)


def test_halves_are_shown_in_both_places(bundle: Bundle) -> None:
    small = frames(LENGTH)
    mirrored = small[..., ::-1]
    # A face whose halves are mirror images is read alike by all three.
    alike = small.copy()
    alike[..., 5:] = small[..., :4][..., ::-1]
    found = read(bundle, alike, LENGTH)
    assert np.allclose(found[:, 0], found[:, 1], atol=1e-6)
    assert np.allclose(found[:, 0], found[:, 2], atol=1e-6)
    # The left half of a face, where the right one is of another.
    other = alike.copy()
    other[..., 5:] = mirrored[..., 5:] + 1.0
    assert np.allclose(read(bundle, other, LENGTH)[:, 1], found[:, 1], atol=1e-6)
    assert not np.allclose(read(bundle, other, LENGTH)[:, 2], found[:, 2], atol=1e-3)


def test_still_frames_cost_no_run_and_read_nothing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("a network ran")

    monkeypatch.setattr(Runtime, "run", refuse)
    assert not read(bundle, np.zeros((80, 3, 9, 9), np.float32), 7).any()


def test_memory_is_as_large_after_an_hour_as_after_a_minute(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "run", lambda _self, big, small: {"pulse": np.zeros((*small.shape[:2], 1)) + big.size})
    run = windows(bundle)
    sizes = []
    for _ in range(3):
        for _ in range(40):
            run.add(frames(LENGTH))
        kept = [value for value in vars(run).values() if isinstance(value, np.ndarray)]
        sizes.append(sum(array.nbytes for array in kept))
    assert sizes[0] == sizes[1] == sizes[2]


def test_a_bundle_says_what_has_a_memory(bundle: Bundle) -> None:
    again = load_bundle(bundle.folder)
    assert again.tasks == ("au", "pulse")
    assert [entry.name for entry in again.info.entries] == ["joint", "seconds"]
    assert again.info.memory is not None
    assert again.info.memory.clip_length == LENGTH
    (bundle.folder / "seconds.onnx").rename(bundle.folder / "away")
    with pytest.raises(BundleError, match=r"seconds\.onnx' is missing"):
        load_bundle(bundle.folder)
    (bundle.folder / "away").rename(bundle.folder / "seconds.onnx")


SMILE = Task(name="smile", kind="binary", labels=("smile",))
PAIR = Task(name="pair", kind="waveform", labels=("one", "two"))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (CONFIG.model_copy(update={"small_size": 7}), "small_size is 9, and 7 for networks with memory"),
        (CONFIG.model_copy(update={"tasks": (SMILE,)}), "'smile', which is not a waveform of one output"),
        (CONFIG.model_copy(update={"tasks": (PAIR,)}), "'pair', which is not a waveform of one output"),
    ],
)
def test_networks_that_cannot_have_a_memory_are_refused(
    bundle: Bundle, config: SmallTcnConfig, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match=words):
        load_bundle(described(bundle, tmp_path / "b", memory=config))


def described(bundle: Bundle, copy: Path, memory: SmallTcnConfig, slow: BigSmallConfig | None = None) -> Path:
    """A copy of the bundle whose description says that its networks are others."""
    shutil.copytree(bundle.folder, copy)
    description = json.loads((copy / "bundle.json").read_text())
    (entry,) = description["memory"]["networks"]
    entry["config"] = memory.model_dump(mode="json")
    if slow is not None:
        crop = Crop().model_dump(mode="json")
        networks = [{**description["networks"][0], "name": "slow", "config": slow.model_dump(mode="json")}]
        description["slow"] = {"fs": 5.0, "crop": crop, "networks": networks}
    (copy / "bundle.json").write_text(json.dumps(description))
    return copy


def test_the_pulse_is_that_of_the_network_with_memory(bundle: Bundle) -> None:
    random = np.random.default_rng(1)
    images = [random.integers(0, 255, (64, 64, 3), dtype=np.uint8) for _ in range(240)]
    square = (0, 0, 64)
    measured = physiocam.measure(images, fs=30.0, face=square, weights=bundle.folder, settings="paper")
    stream = physiocam.Stream(fs=30.0, face=square, weights=bundle.folder, settings="paper")
    for image in images:
        stream.push(image)
    pushed = stream.measurement()
    alone = export_bundle(
        {"joint": _joint(bundle)}, bundle.folder.parent / "alone", name="b", about=BundleAbout("", ""), fs=30.0
    )
    without = physiocam.measure(images, fs=30.0, face=square, weights=alone.folder, settings="paper")
    assert not np.allclose(np.nan_to_num(measured.pulse), np.nan_to_num(without.pulse), atol=0.1)
    assert np.corrcoef(measured.pulse[10:-10], pushed.pulse[10:-10])[0, 1] > 0.95


def _joint(bundle: Bundle) -> BigSmall:
    from physiocam.weights.pytorch import load_networks

    (network,) = load_networks(bundle).values()
    assert isinstance(network, BigSmall)
    return network


def test_a_task_is_slow_or_has_a_memory_not_both(bundle: Bundle, tmp_path: Path) -> None:
    slow = BigSmallConfig(branches="small", clip_length=6, tasks=(RESPIRATION,))
    memory = CONFIG.model_copy(update={"tasks": (RESPIRATION,)})
    with pytest.raises(BundleError, match="share the task 'respiration'; take one of them"):
        load_bundle(described(bundle, tmp_path / "b", memory, slow))
