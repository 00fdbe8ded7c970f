"""The BigSmall family and the configuration that makes it."""

from typing import Any, Literal

import pytest
from pydantic import ValidationError

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import BigSmallConfig, NetworkConfig, Task  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402


def run(config: NetworkConfig, clips: int = 2) -> dict[str, Tensor]:
    torch.manual_seed(0)
    network = build(config).eval()
    big = torch.randn(clips, config.big_frames, config.input_channels, *config.big_shape)
    small = torch.randn(clips, config.clip_length, config.input_channels, *config.small_shape)
    with torch.inference_mode():
        outputs: dict[str, Tensor] = network(big, small)
    return outputs


@pytest.mark.parametrize(
    ("name", "parameters"), [("bigsmall", 2_142_478), ("bigsmall-tsm", 2_142_478), ("big", 776_972)]
)
def test_parameters_are_those_of_the_paper(name: str, parameters: int) -> None:
    assert sum(p.numel() for p in build(preset(name)).parameters()) == parameters


VARIANTS = [
    {},
    {"fusion": "concat"},
    {"lateral": "big_to_small"},
    {"lateral": "small_to_big"},
    {"lateral": "both", "fusion": "concat"},
    {"big_channels": 1},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_any_clip_length_and_every_stride_that_divides_it(n: int, variant: dict[str, Any]) -> None:
    for stride in (m for m in range(1, n + 1) if n % m == 0):
        config = BigSmallConfig(clip_length=n, big_stride=stride, big_size=32, small_size=2, **variant)
        assert run(config)["au"].shape == (2, n, 12)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("big", "small"), [(16, 1), (47, 2), (100, 6), (159, 9)])
def test_odd_sizes(big: int, small: int, variant: dict[str, Any]) -> None:
    assert run(BigSmallConfig(big_size=big, small_size=small, **variant))["pulse"].shape == (2, 3, 1)


@pytest.mark.parametrize(
    "variant", [*VARIANTS, {"big_widths": (4, 8, 8, 8, 8, 12), "small_widths": (6, 6, 6, 12)}], ids=str
)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_frames_of_other_channels_that_are_not_square(channels: int, variant: dict[str, Any]) -> None:
    config = BigSmallConfig(
        input_channels=channels, big_size=(32, 71), small_size=(2, 4), clip_length=4, big_stride=2, hidden=16, **variant
    )
    assert run(config)["au"].shape == (2, 4, 12)
    shapes = {name: tuple(tensor.shape) for name, tensor in build(config).state_dict().items()}
    assert shapes == config.tensor_shapes()
    assert BigSmallConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", ["bigsmall", "small-tcn", "expression-cnn", "deepphys"])
def test_records_of_configurations_from_before_stay_the_same(name: str) -> None:
    later = {"input_channels", "big_widths", "small_widths", "hidden", "unit", "band_hz"}
    record = preset(name).model_dump(mode="json")
    assert not later & (set(record) | {key for task in record["tasks"] for key in task})


@pytest.mark.parametrize("lateral", ["none", "big_to_small", "small_to_big", "both"])
def test_a_lateral_connection_carries_what_its_name_says(
    lateral: Literal["none", "big_to_small", "small_to_big", "both"],
) -> None:
    torch.manual_seed(0)
    network = BigSmall(BigSmallConfig(lateral=lateral, fusion="concat", big_size=32, small_size=2)).eval()
    big, small = torch.randn(1, 1, 3, 32, 32), torch.randn(1, 3, 3, 2, 2)

    def halves(big: Tensor, small: Tensor) -> tuple[Tensor, ...]:
        return network.maps(big, small).chunk(2, dim=1)

    with torch.inference_mode():
        of_big, of_small = halves(big, small)
        with_other_small, _ = halves(big, small + 1.0)
        _, with_other_big = halves(big + 1.0, small)
    assert torch.equal(of_small, with_other_big) == (lateral in ("none", "small_to_big"))
    assert torch.equal(of_big, with_other_small) == (lateral in ("none", "big_to_small"))


def test_a_grey_network_sees_no_colour() -> None:
    torch.manual_seed(0)
    network = build(BigSmallConfig(big_channels=1, big_size=32, small_size=2)).eval()
    big, small = torch.randn(1, 1, 3, 32, 32), torch.randn(1, 3, 3, 2, 2)
    with torch.inference_mode():
        torch.testing.assert_close(network(big, small)["au"], network(big.flip(2), small)["au"])


def test_tasks_of_ones_own() -> None:
    tasks = (
        Task(name="gaze", kind="waveform", labels=("x", "y")),
        Task(name="blink", kind="binary", labels=("b",)),
    )
    outputs = run(BigSmallConfig(tasks=tasks, big_size=32, small_size=2))
    assert {name: output.shape[-1] for name, output in outputs.items()} == {"gaze": 2, "blink": 1}


def test_clips_do_not_see_each_other() -> None:
    config = BigSmallConfig(big_size=32, small_size=2)
    network = build(config).eval()
    big, small = torch.randn(4, 1, 3, 32, 32), torch.randn(4, 3, 3, 2, 2)
    with torch.inference_mode():
        together = network(big, small)
        alone = network(big[2:3], small[2:3])
    for task in together:
        torch.testing.assert_close(together[task][2:3], alone[task])


def test_each_big_frame_serves_the_frames_of_its_stride() -> None:
    config = BigSmallConfig(branches="big", shift="none", clip_length=4, big_stride=2, big_size=32)
    output = run(config)["au"]
    torch.testing.assert_close(output[:, 0], output[:, 1])
    assert not torch.equal(output[:, 1], output[:, 2])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"big_stride": 2}, "must be one of \\[1, 3\\]"),
        ({"small_size": 8}, "big_size 128"),
        ({"tasks": ()}, "tasks"),
        ({"clip_length": 0}, "clip_length"),
        ({"shift": "sideways"}, "'wrap', 'zero' or 'none'"),
        ({"colour": 3}, "colour"),
        ({"branches": "big", "fusion": "concat"}, "nothing to fuse with"),
        ({"branches": "small", "lateral": "both"}, "nothing to fuse with"),
        ({"lateral": "sideways"}, "'big_to_small'"),
        ({"big_channels": 2}, "1 or 3"),
        ({"input_channels": 2, "big_channels": 3}, "1 or 2"),
        (
            {"big_size": (64, 32), "small_size": (2, 4)},
            r"small_size is \[2, 4\]; take big_size \[32, 64\] to \[47, 79\]",
        ),
        ({"big_size": "large"}, r"or \[height, width\]"),
        ({"small_widths": (32, 32, 32, 32)}, "make them equal, or take fusion 'concat'"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_fit(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BigSmallConfig(**settings)  # type: ignore[arg-type]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(PhysiocamError, match="bigsmall-tsm"):
        preset("bigsmal")
