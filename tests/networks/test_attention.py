"""Maps of where networks look: one a frame, in the right place, and adding up to what they explain."""

from collections.abc import Callable

import pytest

pytest.importorskip("torch")

import torch

from physiocam.errors import PhysiocamError
from physiocam.networks.attention import Target, attention_maps, target_maps
from physiocam.networks.baseline_configs import AlexNetConfig, DeepPhysConfig, DrmlConfig, MttsCanConfig
from physiocam.networks.bigsmall import Head
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig, NetworkConfig
from physiocam.networks.network import Network
from physiocam.networks.registry import build

Fill = Callable[[torch.nn.Module], None]

DRML = DrmlConfig(big_size=72)
CAN_POOLED = MttsCanConfig(pooled=True, clip_length=2, big_size=36, small_size=36, tasks=(PULSE,))


def filled(config: NetworkConfig, fill: Fill) -> Network:
    network = build(config).eval()
    fill(network)
    return network


def inputs(config: NetworkConfig, clips: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    big = torch.randn(clips, config.big_frames, 3, *config.big_shape, generator=generator)
    small = torch.randn(clips, config.clip_length, 3, *config.small_shape, generator=generator)
    return big, small


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (BigSmallConfig(), {"big": (3, 36), "small": (3, 9)}),
        (BigSmallConfig(clip_length=4, big_stride=2, tasks=(AU,)), {"big": (4, 36), "small": (4, 9)}),
        (BigSmallConfig(big_size=70, small_size=4, lateral="both"), {"big": (3, 17), "small": (3, 4)}),
        (BigSmallConfig(branches="big", shift="none", big_stride=1, tasks=(AU,)), {"big": (3, 36)}),
        (BigSmallConfig(branches="small", tasks=(PULSE,)), {"small": (3, 9)}),
        (DeepPhysConfig(), {"mask1": (3, 9), "mask2": (3, 9)}),
        (CAN_POOLED, {"mask1": (2, 34), "mask2": (2, 15)}),
        (DRML, {"drml": (3, 2)}),
        (AlexNetConfig(), {"alexnet": (3, 8)}),
    ],
)
def test_every_network_has_a_map_a_branch_and_frame(
    config: NetworkConfig, expected: dict[str, tuple[int, int]], fill: Fill
) -> None:
    network = filled(config, fill)
    with torch.inference_mode():
        maps = attention_maps(network, *inputs(config))
    assert {name: tuple(found.values.shape) for name, found in maps.items()} == {
        name: (2, frames, side, side) for name, (frames, side) in expected.items()
    }
    for found in maps.values():
        assert found.values.min() >= 0.0
        assert found.values.max() > 0.0
        assert 0.0 <= found.start < found.stop <= 1.0


def test_a_branch_s_map_is_the_mean_of_its_rectified_features(fill: Fill) -> None:
    config = BigSmallConfig(clip_length=4, big_stride=2)
    network = filled(config, fill)
    big, small = inputs(config)
    with torch.inference_mode():
        maps = attention_maps(network, big, small)
        features = network.get_submodule("small")(small.flatten(0, 1))
        pooled = network.get_submodule("big")(big.flatten(0, 1))
    torch.testing.assert_close(maps["small"].values.flatten(0, 1), features.mean(dim=1))
    # What leaves the Big branch is pooled by four; each frame of a stride has the same map.
    ours = torch.nn.functional.avg_pool2d(maps["big"].values[:, ::2].flatten(0, 1), 4)
    torch.testing.assert_close(ours, pooled.mean(dim=1))
    assert torch.equal(maps["big"].values[:, 0], maps["big"].values[:, 1])
    assert not torch.equal(maps["big"].values[:, 1], maps["big"].values[:, 2])


def test_masks_have_a_mean_of_one_half(fill: Fill) -> None:
    network = filled(CAN_POOLED, fill)
    with torch.inference_mode():
        maps = attention_maps(network, *inputs(CAN_POOLED))
    for found in maps.values():
        torch.testing.assert_close(found.values.mean(dim=(2, 3)), torch.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (BigSmallConfig(), "big"),
        (BigSmallConfig(big_size=150), "big"),
        (CAN_POOLED, "mask1"),
        (CAN_POOLED, "mask2"),
        (DrmlConfig(), "drml"),
        (AlexNetConfig(), "alexnet"),
    ],
)
def test_maps_lie_where_their_cells_look(config: NetworkConfig, name: str, fill: Fill) -> None:
    network = filled(config, fill)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                # All alike and positive, so that the gradient of a cell is symmetric around its centre.
                module.weight.fill_(1.0 / module.weight[0].numel())
                assert module.bias is not None
                module.bias.zero_()
            if isinstance(module, torch.nn.BatchNorm2d):
                module.reset_running_stats()
                torch.nn.init.ones_(module.weight)
                torch.nn.init.zeros_(module.bias)
    kept: list[torch.Tensor] = []
    layer = {"mask1": "attention1", "mask2": "attention2"}.get(
        name, {"bigsmall": "big.conv6"}.get(config.architecture, "conv5")
    )
    network.get_submodule(layer).register_forward_hook(lambda _layer, _inputs, output: kept.append(output))
    big, small = inputs(config, clips=1)
    # A slope tells average pooling from no pooling as little as a constant, and gives max pooling one way to go.
    big = (1.0 + 1e-3 * torch.rand_like(big)).requires_grad_()
    found = attention_maps(network, big, small)[name]
    side = kept[0].shape[-1]
    for cell in (side // 2, side // 2 + 1):
        (gradient,) = torch.autograd.grad(kept[0][0, :, cell, cell].sum(), big, retain_graph=True)
        weight = gradient[0, 0].abs().sum(dim=(0, 1))
        centre = float((weight * (torch.arange(config.big_shape[1]) + 0.5)).sum() / weight.sum())
        expected = found.start + (cell + 0.5) * (found.stop - found.start) / side
        # Max pooling takes one pixel of three, by chance.
        assert centre / config.big_shape[1] == pytest.approx(
            expected, abs=0.02 if config.architecture != "alexnet" else 0.06
        )


@pytest.mark.parametrize("label", ["AU12", "pulse"])
def test_shares_are_gradient_times_activation(label: str, fill: Fill) -> None:
    pytest.importorskip("captum")
    task = AU if label in AU.labels else PULSE
    config = BigSmallConfig(clip_length=4, big_stride=2, tasks=(AU, PULSE, RESPIRATION))
    network = filled(config, fill)
    big, small = inputs(config)
    found = target_maps(network, Target(task, label), big, small)
    kept: list[torch.Tensor] = []
    for layer in ("big.conv6", "small.conv4"):
        network.get_submodule(layer).register_forward_hook(lambda _layer, _inputs, output: kept.append(output))
    output = network(big, small)[task.name][..., task.labels.index(label)]
    gradients = torch.autograd.grad(output.sum(), kept)
    for name, features, gradient in zip(("big", "small"), kept, gradients, strict=True):
        share = (features * gradient).sum(dim=1)
        expected = share.relu() if task is AU else share.abs()
        side = share.shape[-1]
        every_frame = expected.reshape(2, -1, side, side).repeat_interleave(2 if name == "big" else 1, dim=1)
        torch.testing.assert_close(found[name].values, every_frame.detach())


def test_shares_add_up_to_the_output_but_for_the_biases(fill: Fill) -> None:
    pytest.importorskip("captum")
    config = BigSmallConfig(branches="small", shift="none", clip_length=1, tasks=(AU,))
    network = filled(config, fill)
    head = network.get_submodule("heads.au")
    assert isinstance(head, Head)
    with torch.no_grad():
        head.fc1.bias.zero_()
        head.fc2.bias.zero_()
        # Then every share speaks for the output, and none is left out.
        head.fc1.weight.abs_()
        head.fc2.weight.abs_()
    big, small = inputs(config)
    found = target_maps(network, Target(AU, "AU12"), None, small)
    assert list(found) == ["small"]
    output = network(big, small)["au"][..., AU.labels.index("AU12")]
    torch.testing.assert_close(found["small"].values.sum(dim=(2, 3)), output.detach())


@pytest.mark.parametrize("config", [DRML, DeepPhysConfig()])
def test_baselines_have_shares_too(config: NetworkConfig, fill: Fill) -> None:
    pytest.importorskip("captum")
    task = config.tasks[0]
    found = target_maps(filled(config, fill), Target(task, task.labels[0]), *inputs(config))
    assert list(found) == (["drml"] if config.architecture == "drml" else ["appearance", "motion"])
    assert all(maps.values.max() > 0.0 for maps in found.values())


def test_an_unknown_network_is_named() -> None:
    class Other(Network):
        config = BigSmallConfig().model_copy(update={"architecture": "other"})

        def forward(
            self, big: torch.Tensor | None = None, small: torch.Tensor | None = None
        ) -> dict[str, torch.Tensor]:
            return {}

    with pytest.raises(PhysiocamError, match="other"):
        attention_maps(Other(), None, None)
