"""What networks cost, against the published figures and against what is known of each layer."""

import json
import sys

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from physiocam.cli import app  # noqa: E402
from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.networks.complexity import cost  # noqa: E402
from physiocam.networks.config import BigSmallConfig, NetworkConfig  # noqa: E402
from physiocam.networks.registry import build, preset, preset_names  # noqa: E402
from physiocam.reproduce.published import published_tables  # noqa: E402


@pytest.mark.parametrize(
    ("config", "flops"),
    [(preset("bigsmall-every-frame"), 456.03), (preset("big"), 451.63), (preset("small-pulse"), 3.73)],
    ids=["every frame", "big", "small"],
)
def test_networks_without_downsampling_count_as_published(config: NetworkConfig, flops: float) -> None:
    assert round(cost(config).paper_flops_per_frame / 1e6, 2) == flops


# Counted by the released code's tool on the released code.
@pytest.mark.parametrize(
    ("name", "macs", "flops", "parameters"),
    [
        ("bigsmall", 463.04, 466.15, 2_142_478),
        ("bigsmall-tsm", 463.04, 466.15, 2_142_478),
        ("bigsmall-no-shift", 463.04, 466.15, 2_142_478),
        ("bigsmall-every-frame", 1358.84, 1368.08, 2_142_478),
        ("bigsmall-base", 1358.84, 1368.08, 2_142_478),
        ("big", 1345.69, 1354.89, 776_972),
        ("small-pulse", 11.16, 11.20, 701_697),
        ("small-respiration", 11.16, 11.20, 701_697),
        ("bigsmall-concat", 469.01, 472.12, 4_133_134),
        ("bigsmall-lateral", 513.06, 516.17, 2_160_910),
        ("bigsmall-big-to-small", 465.28, 468.39, 2_151_694),
        ("bigsmall-small-to-big", 510.82, 513.93, 2_151_694),
        ("bigsmall-grey", 451.10, 454.21, 2_141_902),
        ("deepphys", 33.79, 33.88, 795_043),
        ("mtts-can", 35.78, 35.87, 1_458_852),
        ("drml", 1741.63, 1755.28, 35_306_252),
        ("alexnet", 841.03, 842.65, 28_741_452),
    ],
)
def test_a_clip_costs_what_the_reference_costs(name: str, macs: float, flops: float, parameters: int) -> None:
    counted = cost(preset(name))
    assert round(counted.macs_per_clip / 1e6, 2) == macs
    assert round(counted.paper_flops_per_clip / 1e6, 2) == flops
    assert counted.parameters == parameters


def test_parameters_are_as_published() -> None:
    rows = [row for table in published_tables().values() for row in table.rows if row.cost]
    assert len(rows) > 10
    for row in rows:
        assert row.cost is not None
        for method in row.methods:
            assert round(cost(preset(method)).parameters / 1e6, 2) == row.cost[1], row.name


def test_nothing_is_trained_that_is_not_counted() -> None:
    config = preset("mtts-can")
    assert cost(config).parameters == sum(parameter.numel() for parameter in build(config).parameters())


def test_longer_clips_share_a_big_frame() -> None:
    short, long = (cost(BigSmallConfig(clip_length=n)) for n in (3, 6))
    small = cost(BigSmallConfig(branches="small")).macs_per_frame
    assert long.macs_per_frame - small == pytest.approx((short.macs_per_frame - small) / 2)


def test_counting_takes_no_memory_of_the_weights() -> None:
    # 5 GB of linear layers in a moment: only possible because nothing is stored.
    assert cost(BigSmallConfig(big_size=16 * 224, small_size=224)).parameters > 1.2e9


def test_models_lists_every_preset_in_lines_that_can_be_piped() -> None:
    result = CliRunner().invoke(app, ["models"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    for name in preset_names():
        (line,) = (line for line in lines if line.split()[:1] == [name])
        assert len(line) <= 120
        assert f"{cost(preset(name)).parameters:,}" in line
    assert "451.63 M   451.63 M  Table 1  as published" in result.output
    assert "4,133,134 (4.13 M)" in result.output


def test_models_as_json() -> None:
    result = CliRunner().invoke(app, ["models", "--json"])
    models = {model["name"]: model for model in json.loads(result.output)}
    assert list(models) == preset_names()
    assert models["bigsmall"]["published_flops_per_frame"] == 154.01
    assert models["bigsmall"]["note"] == "+0.9%, unexplained"
    assert models["deepphys"]["published_flops_per_frame"] is None
    assert models["small-respiration"]["note"] == "as published"


def test_models_without_pytorch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "physiocam.networks.complexity")
    monkeypatch.setitem(sys.modules, "torch", None)
    result = CliRunner().invoke(app, ["models"])
    assert isinstance(result.exception, PhysiocamError)
    assert "pip install 'physiocam[train]'" in str(result.exception)
