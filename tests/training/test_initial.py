"""The weights that a run starts from."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

from torch import Tensor, nn  # noqa: E402

from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig  # noqa: E402
from physiocam.networks.network import Network  # noqa: E402
from physiocam.networks.registry import build, preset  # noqa: E402
from physiocam.training.initial import initial_network  # noqa: E402
from physiocam.training.settings import TrainSettings  # noqa: E402
from physiocam.weights.bundle import load_bundle  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402
from physiocam.weights.pytorch import load_networks  # noqa: E402

SMALL = BigSmallConfig(branches="small", small_size=2, tasks=(PULSE, RESPIRATION))


def initial(**changes: Any) -> Network:
    torch.manual_seed(3)
    return initial_network(TrainSettings(store=Path("s"), output=Path("o"), **{"network": SMALL, **changes}))


def plain(config: Any = SMALL) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return build(config).state_dict()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, traced_once: None) -> Path:
    """A small branch that answers the pulse."""
    torch.manual_seed(9)
    network = build(SMALL.model_copy(update={"tasks": (PULSE,)}))
    folder = tmp_path_factory.mktemp("bundles") / "pulse"
    export_bundle({"small": network}, folder, name="pulse", about=BundleAbout("d", "l"), fs=25.0)
    return folder


def test_by_default_weights_and_dropout_are_the_papers() -> None:
    network = initial(network="bigsmall")
    expected = plain(preset("bigsmall"))
    assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} == {0.25, 0.5}


def test_with_hes_weights_a_picture_arrives_at_the_heads() -> None:
    torch.manual_seed(0)
    config = BigSmallConfig(branches="big", shift="none", big_size=64, small_size=4, tasks=(AU,), clip_length=1)
    pictures = torch.randn(16, 1, 3, 64, 64).cumsum(3).cumsum(4)
    pictures = (pictures - pictures.mean()) / pictures.std()
    spreads = {}
    for way in ("pytorch", "he"):
        network: Any = initial(network=config, initialization=way).eval()
        with torch.inference_mode():
            spreads[way] = network.maps(pictures).std(dim=0).mean().item()
    assert spreads["he"] > 20 * spreads["pytorch"]
    # Layers that answer a task begin as they always do.
    he = initial(initialization="he").state_dict()
    bound = 1 / he["heads.pulse.fc2.weight"].shape[1] ** 0.5
    assert he["heads.pulse.fc2.weight"].abs().max() <= bound
    assert he["heads.pulse.fc1.weight"].abs().max() > 1 / he["heads.pulse.fc1.weight"].shape[1] ** 0.5


@pytest.mark.parametrize("name", ["bigsmall", "drml", "alexnet", "mtts-can", "deepphys-36"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_dropout_is_that_of_every_layer(name: str, dropout: float) -> None:
    layers = [layer for layer in initial(network=name, dropout=dropout).modules() if isinstance(layer, nn.Dropout)]
    assert layers
    assert {layer.p for layer in layers} == {dropout}


def test_a_bundle_gives_its_weights_and_new_tasks_start_fresh(bundle: Path) -> None:
    taken = load_networks(load_bundle(bundle))["small"].state_dict()
    found = initial(initial_bundle=str(bundle)).state_dict()
    expected = plain()
    for name, tensor in found.items():
        assert torch.equal(tensor, (expected if name.startswith("heads.respiration.") else taken)[name]), name
    other = PULSE.model_copy(update={"labels": ("left", "right")})
    renamed = initial(initial_bundle=str(bundle), network=SMALL.model_copy(update={"tasks": (other,)})).state_dict()
    assert renamed["heads.pulse.fc2.weight"].shape == (2, 128)
    assert torch.equal(renamed["small.conv1.weight"], taken["small.conv1.weight"])


def test_the_default_bundle_is_a_start() -> None:
    network = initial(network="bigsmall", initial_bundle="default")
    (taken,) = (net for net in load_networks(load_bundle("default")).values() if type(net) is type(network))
    own = network.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in taken.state_dict().items())


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (SMALL.model_copy(update={"small_size": 3}), r"\(128, 256\) for heads.pulse.fc1.weight.*with its sizes"),
        (preset("big"), "nothing for big.conv1.weight"),
    ],
    ids=["other size", "other branch"],
)
def test_a_bundle_that_does_not_fit_is_refused(bundle: Path, network: Any, words: str) -> None:
    with pytest.raises(PhysiocamError, match=words):
        initial(initial_bundle=str(bundle), network=network)


def test_a_bundle_that_is_not_there_is_named() -> None:
    with pytest.raises(PhysiocamError, match="no-such"):
        initial(initial_bundle="no-such")
