"""Networks of others are known by their tensors, and by the file's name where these are alike."""

import json
from pathlib import Path

import pytest

from physiocam.errors import BundleError
from physiocam.networks.baseline_configs import DeepPhysConfig, MttsCanConfig
from physiocam.networks.config import PULSE, RESPIRATION, BigSmallConfig
from physiocam.networks.registry import preset, preset_names
from physiocam.weights.published import TOOLBOX, Published, Shapes, _published, assumptions, recognize


def shapes(name: str) -> Shapes:
    return Published(preset(name), TOOLBOX).shapes


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("joint", "bigsmall"),
        ("concat", "bigsmall-concat"),
        ("lat_bi", "bigsmall-lateral"),
        ("lat_b2s", "bigsmall-big-to-small"),
        ("lat_s2b", "bigsmall-small-to-big"),
        ("grey", "bigsmall-grey"),
        ("big_only", "big"),
        ("mttscan9", "mtts-can"),
        ("drml", "drml"),
        ("alexnet", "alexnet"),
        ("tb_mttscan72", "mtts-can-72"),
    ],
)
def test_every_family_is_known_by_its_tensors(shared: Path, family: str, name: str) -> None:
    families = json.loads((shared / "golden" / "state_dict_keys.json").read_text())
    theirs = {tensor: tuple(shape) for tensor, shape in families[family]}
    assert recognize(Path("fold1.pth"), theirs).config == preset(name)
    assert list(theirs) == list(shapes(name))


@pytest.mark.parametrize("network", _published(), ids=lambda network: network.config.architecture)
def test_every_published_network_is_known_from_its_tensors_and_a_word(network: Published) -> None:
    word = network.words[0] if network.words else "fold1"
    wanted = network.name if network.variant else None
    assert recognize(Path(f"BP4D_{word}_Clip3.pth"), network.shapes, wanted) == network


@pytest.mark.parametrize("name", sorted({n.name for n in _published()} & set(preset_names())))
def test_whoever_names_the_preset_gets_it_whatever_the_file_is_called(name: str) -> None:
    assert recognize(Path("weights.pth"), shapes(name), name).config == preset(name)


def test_a_preset_that_the_tensors_do_not_fit_is_refused() -> None:
    with pytest.raises(BundleError, match=r"is not a bigsmall-tsm: tensor 'big_conv1.weight' is missing"):
        recognize(Path("Small_Heart.pth"), shapes("small-pulse"), "bigsmall-tsm")
    with pytest.raises(BundleError, match=r"'x.pth' does not hold tensors of the preset drml"):
        recognize(Path("x.pth"), shapes("bigsmall"), "drml")
    with pytest.raises(BundleError, match="nobody published a checkpoint of the preset small-tcn; expected one of"):
        recognize(Path("x.pth"), shapes("bigsmall"), "small-tcn")


def test_what_was_assumed_is_said_with_what_else_it_may_be() -> None:
    file = Path("fold1.pth")
    joint = assumptions(recognize(file, shapes("bigsmall")))
    assert joint.startswith("taken as bigsmall (clips of 3 frames, shift wrap, a Big frame for every 3); for 25 frames")
    assert "also fit bigsmall-tsm, bigsmall-no-shift, bigsmall-every-frame, bigsmall-base: say so" in joint
    named = assumptions(recognize(file, shapes("bigsmall"), "bigsmall-base"), "bigsmall-base")
    assert "taken as bigsmall-base (clips of 3 frames, shift none, every frame in Big) as --preset says" in named
    small = assumptions(recognize(Path("Small_Heart.pth"), shapes("small-pulse")))
    assert "taken as small-pulse (clips of 3 frames, shift none) because of the file's name" in small
    assert "also fit small-respiration" in small
    assert "--preset" not in assumptions(recognize(file, shapes("drml")))


@pytest.mark.parametrize(
    ("file", "config"),
    [
        ("PURE_DeepPhys.pth", preset("deepphys-36")),
        ("UBFC-rPPG_TSCAN.pth", preset("ts-can-36")),
        ("MA-UBFC_ts-can.pth", preset("ts-can-36")),
    ],
)
def test_deepphys_and_ts_can_are_told_apart_by_the_file_s_name(file: str, config: object) -> None:
    assert recognize(Path(file), shapes("deepphys-36")).config == config


def test_the_toolbox_s_networks_know_their_pixels() -> None:
    for size, width in ((36, 3136), (72, 16384), (96, 30976), (128, 57600)):
        theirs = {**shapes("deepphys-36"), "final_dense_1.weight": (128, width)}
        assert recognize(Path("TSCAN.pth"), theirs).config.small_size == size


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("deepphys-36", "PURE.pth", "'DeepPhys' or 'TSCAN'"),
        ("deepphys-36", "PURE_TSCAN_not_DeepPhys.pth", "'DeepPhys' or 'TSCAN'"),
        ("deepphys", "DeepPhys.pth", "'Heart' or 'Resp'"),
    ],
)
def test_a_name_that_does_not_say_which_is_refused(name: str, file: str, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        recognize(Path(file), shapes(name))


def test_the_paper_s_deepphys_has_its_task_from_the_file_s_name() -> None:
    for file, task in (("DeepPhys_Heart.pth", PULSE), ("DeepPhys_Resp.pth", RESPIRATION)):
        assert recognize(Path(file), shapes("deepphys")).config == DeepPhysConfig(tasks=(task,))


def test_what_tensors_do_not_tell_is_as_released() -> None:
    joint = recognize(Path("joint.pth"), shapes("bigsmall-tsm")).config
    assert isinstance(joint, BigSmallConfig)
    assert (joint.shift, joint.big_stride) == ("wrap", 3)
    toolbox = recognize(Path("x.pth"), shapes("mtts-can-72")).config
    assert isinstance(toolbox, MttsCanConfig)
    assert (toolbox.clip_length, toolbox.pooled) == (10, True)


def test_another_size_is_refused_with_what_was_expected() -> None:
    theirs = {**shapes("deepphys-36"), "final_dense_1.weight": (128, 64)}
    with pytest.raises(BundleError, match=r"'final_dense_1.weight' has shape \(128, 64\), expected"):
        recognize(Path("DeepPhys.pth"), theirs)
