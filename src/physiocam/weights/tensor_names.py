"""Tensor names of published networks, and our names."""

from physiocam.networks.baseline_configs import AlexNetConfig, CanConfig, DrmlConfig
from physiocam.networks.config import BigSmallConfig, NetworkConfig

# Our layer -> theirs. The BigSmall authors' release has one set of joint names; their single-task files name both
# linear layers of the only head out_fc1 and out_fc2.
_BIG = {f"big.conv{i}": f"big_conv{i}" for i in range(1, 7)}
_SMALL = {f"small.conv{i}": f"small_conv{i}" for i in range(1, 5)}
_JOINT_HEADS = {"au": "au_fc{}", "pulse": "bvp_fc{}", "respiration": "resp_fc{}"}
_SINGLE_HEAD = "out_fc{}"

# DeepPhys, TS-CAN and MTTS-CAN, from the same authors and from rPPG-Toolbox; the spelling is theirs.
_CAN = {
    **{f"motion.conv{i}": f"motion_conv{i}" for i in range(1, 5)},
    **{f"appearance.conv{i}": f"apperance_conv{i}" for i in range(1, 5)},
    **{f"attention{i}": f"apperance_att_conv{i}" for i in (1, 2)},
}
_CAN_HEADS = {"pulse": "final_dense_{}_y", "respiration": "final_dense_{}_r"}
_CAN_SINGLE_HEAD = "final_dense_{}"

# DRML and AlexNet of the BigSmall authors.
_DRML = {
    "conv1": "extractor.0",
    "norm": "extractor.4",
    **{f"conv{i}": f"extractor.{2 * i + 1}" for i in range(2, 6)},
    "fc1": "classifier.0",
    "fc2": "classifier.3",
    "heads.au": "classifier.6",
}
_ALEXNET = {
    **{f"conv{i}": f"features.{place}" for i, place in enumerate((0, 3, 6, 8, 10), start=1)},
    "fc1": "classifier.1",
    "fc2": "classifier.4",
    "heads.au": "classifier.6",
}


def their_names(config: NetworkConfig) -> dict[str, str]:
    """Our tensor names -> theirs, in the order of the state dict.

    Parameters
    ----------
    config : NetworkConfig
        Of a published network, with its published tasks.
    """
    layers = _layers(config)
    split = {name: name.rsplit(".", 1) for name in config.tensor_shapes()}
    return {name: f"{layers[layer]}.{part}" for name, (layer, part) in split.items()}


def _layers(config: NetworkConfig) -> dict[str, str]:
    names = [task.name for task in config.tasks]
    match config:
        case BigSmallConfig(branches="both"):
            return {**_BIG, **_SMALL, **_heads(_JOINT_HEADS)}
        case BigSmallConfig():
            return {**(_BIG if config.uses_big else _SMALL), **_heads({names[0]: _SINGLE_HEAD})}
        case CanConfig():
            return {**_CAN, **_heads(_CAN_HEADS if len(names) > 1 else {names[0]: _CAN_SINGLE_HEAD})}
        case DrmlConfig():
            return {**_DRML, **_cells(config.cells)}
        case _:
            assert isinstance(config, AlexNetConfig)
            return _ALEXNET


def _heads(patterns: dict[str, str]) -> dict[str, str]:
    return {f"heads.{task}.fc{i}": pattern.format(i) for task, pattern in patterns.items() for i in (1, 2)}


def _cells(count: int) -> dict[str, str]:
    """Layers of the region layer's cells; each of theirs is a sequence of normalization, ReLU and convolution."""
    return {
        f"region.cell_{row}_{column}.{part}": f"extractor.1.region_conv_{row}_{column}.{place}"
        for row in range(count)
        for column in range(count)
        for part, place in (("norm", 0), ("conv", 2))
    }
