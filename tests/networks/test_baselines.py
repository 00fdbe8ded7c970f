"""What is particular to each baseline; their answers are held against the reference's in test_parity."""

from typing import Any

import pytest
from pydantic import ValidationError

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from physiocam.networks.baseline_configs import AlexNetConfig, DeepPhysConfig, DrmlConfig, MttsCanConfig  # noqa: E402
from physiocam.networks.can import attention_mask  # noqa: E402
from physiocam.networks.config import NetworkConfig, Task  # noqa: E402
from physiocam.networks.drml import RegionLayer  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402


def answers(config: NetworkConfig, big: Tensor | None, small: Tensor | None) -> dict[str, Tensor]:
    torch.manual_seed(0)
    with torch.inference_mode():
        outputs: dict[str, Tensor] = build(config).eval()(big, small)
    return outputs


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("deepphys", 795_043), ("mtts-can", 1_458_852), ("drml", 35_306_252), ("alexnet", 28_741_452)],
)
def test_parameters_are_as_many_as_the_reference_s(name: str, parameters: int) -> None:
    with torch.device("meta"):
        network = build(preset(name))
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("config", [DeepPhysConfig, MttsCanConfig])
@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("clip_length", [1, 2, 7])
@pytest.mark.parametrize("size", [10, 13, 41])
def test_attention_networks_take_any_clip_size_and_task(
    config: type[DeepPhysConfig | MttsCanConfig], pooled: bool, clip_length: int, size: int
) -> None:
    tasks = (Task(name="gaze", kind="waveform", labels=("x", "y")), Task(name="blink", kind="binary", labels=("b",)))
    made = config(tasks=tasks, pooled=pooled, clip_length=clip_length, big_size=size, small_size=size)
    frames = torch.randn(2, clip_length, 3, size, size)
    outputs = answers(made, frames, frames)
    assert {name: tuple(x.shape) for name, x in outputs.items()} == {
        "gaze": (2, clip_length, 2),
        "blink": (2, clip_length, 1),
    }


@pytest.mark.parametrize(
    ("config", "size"),
    # DRML's first maps have 56, 57 and 60 pixels: seven cells, a narrow eighth, and a wider one.
    [(DrmlConfig, 66), (DrmlConfig, 67), (DrmlConfig, 70), (AlexNetConfig, 63), (AlexNetConfig, 100)],
)
def test_action_unit_networks_take_any_clip_and_size(config: type[DrmlConfig | AlexNetConfig], size: int) -> None:
    made = config(clip_length=2, big_size=size)
    assert answers(made, torch.randn(1, 2, 3, size, size), None)["au"].shape == (1, 2, 12)


def test_only_shifts_let_frames_see_each_other() -> None:
    big, small = torch.randn(1, 3, 3, 9, 9), torch.randn(1, 3, 3, 9, 9)
    other = small.clone()
    other[:, 2] += 1.0
    for config, shifts in ((DeepPhysConfig(big_size=9), False), (MttsCanConfig(big_size=9), True)):
        before, after = (answers(config, big, x)["pulse"] for x in (small, other))
        assert torch.equal(before[:, :2], after[:, :2]) != shifts
        assert not torch.equal(before[:, 2], after[:, 2])


def test_antialiasing_sees_the_pixels_that_are_left_out() -> None:
    # From 54 pixels to 9, two of every six are looked at without it, and the first is not among them.
    small = torch.randn(1, 3, 3, 9, 9)
    big = torch.zeros(1, 3, 3, 54, 54)
    unseen = big.clone()
    unseen[..., 0, :] = 1.0
    for antialias in (False, True):
        config = DeepPhysConfig(big_size=54, antialias=antialias)
        same = torch.equal(answers(config, big, small)["pulse"], answers(config, unseen, small)["pulse"])
        assert same != antialias


def test_an_attention_mask_has_a_mean_of_one_half() -> None:
    mask = attention_mask(torch.randn(4, 1, 5, 7))
    torch.testing.assert_close(mask.mean(dim=(2, 3)), torch.full((4, 1), 0.5))


def test_each_region_has_weights_of_its_own_and_keeps_its_pixels_to_itself() -> None:
    # 134 pixels, as in the paper: seven cells of 19, and one of a single pixel.
    layer = RegionLayer(channels=1, cells=8, cell_size=19).eval()
    x = torch.randn(1, 1, 134, 134)
    changed = x.clone()
    changed[..., 19:38, 133] += 1.0
    with torch.inference_mode():
        different = (layer(x) != layer(changed))[0, 0]
        cells = [layer(torch.ones_like(x))[0, 0, 1 + 19 * i, 1 + 19 * i].item() for i in range(7)]
    assert different[19:38, 133].all()
    assert different.sum() == 19
    assert len(set(cells)) == 7


def test_a_gradient_reaches_every_region() -> None:
    layer = RegionLayer(channels=2, cells=8, cell_size=8)
    layer(torch.randn(2, 2, 57, 57)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in layer.parameters())


@pytest.mark.parametrize(
    ("config", "settings", "words"),
    [
        (DeepPhysConfig, {"pooled": True}, "frames of one size"),
        (MttsCanConfig, {"pooled": True, "big_size": 9}, "needs 10 or more"),
        (DeepPhysConfig, {"big_stride": 3}, "Input should be 1"),
        (DrmlConfig, {"big_size": 65}, "big_size is 65; DRML needs 66 or more"),
        (AlexNetConfig, {"big_size": 62}, "big_size is 62; AlexNet needs 63 or more"),
        (AlexNetConfig, {"pooled": True}, "pooled"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_fit(
    config: type[NetworkConfig], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        config(**settings)
