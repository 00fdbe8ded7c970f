"""Faces made of one half and its mirror image, and networks that read the sides of a face from them."""

import pytest

torch = pytest.importorskip("torch")

from pydantic import ValidationError  # noqa: E402

from physiocam.networks.expression_cnn import ExpressionCnn  # noqa: E402
from physiocam.networks.expression_config import ExpressionCnnConfig  # noqa: E402
from physiocam.networks.face_halves import from_halves  # noqa: E402
from physiocam.networks.tasks import Task  # noqa: E402

SIDED = Task(name="intensity", kind="level", labels=("AU12_R", "AU10", "AU12", "AU12_L"))


def test_each_half_becomes_a_face_that_is_its_own_mirror_image() -> None:
    frames = torch.rand(2, 3, 20, 20)
    for half in from_halves(frames, torch.tensor([[0.1, 0.2], [-0.2, -0.1]])):
        torch.testing.assert_close(half, half.flip(-1))


def test_the_left_is_on_the_right_of_the_picture() -> None:
    frames = torch.zeros(1, 1, 20, 20)
    frames[..., 12:] = 1.0
    left, right = from_halves(frames, torch.zeros(1, 2))
    assert left[..., 12:].min() == 1.0
    assert left[..., :8].min() == 1.0
    assert right.max() == 0.0


def test_a_leaning_axis_is_set_upright_in_the_middle() -> None:
    # A bright line that crosses the middle row at 0.2 and leans to the right by 0.3 radians.
    places = (torch.arange(60) + 0.5) / 30 - 1
    down, across = torch.meshgrid(places, places, indexing="ij")
    line = torch.exp(-(((across - 0.2 + down * torch.tan(torch.tensor(0.3))) / 0.1) ** 2))[None, None]
    for half in from_halves(line, torch.tensor([[0.2, 0.3]])):
        assert set(half[0, 0, 15:45].argmax(1).tolist()) <= {29, 30}


def test_beyond_the_picture_its_edge_goes_on() -> None:
    frames = torch.arange(8.0).expand(1, 1, 8, 8)
    # The axis lies a quarter to the right: the left half is one quarter of the picture, and as much beyond it.
    left, right = from_halves(frames, torch.tensor([[0.5, 0.0]]))
    assert left[0, 0, 0].tolist() == [7.0, 7.0, 7.0, 6.0, 6.0, 7.0, 7.0, 7.0]
    assert right[0, 0, 0].tolist() == [2.0, 3.0, 4.0, 5.0, 5.0, 4.0, 3.0, 2.0]


def test_sides_change_places_in_a_mirror() -> None:
    torch.manual_seed(0)
    network = ExpressionCnn(ExpressionCnnConfig(tasks=(SIDED,), big_size=32)).eval()
    frames = torch.randn(3, 1, 3, 32, 32)
    with torch.inference_mode():
        seen, mirrored = network(frames)["intensity"], network(frames.flip(-1))["intensity"]
        whole = network.heads["intensity"](network.features(frames[:, 0]))
    torch.testing.assert_close(mirrored[..., 0], seen[..., 3])
    torch.testing.assert_close(mirrored[..., 3], seen[..., 0])
    assert not torch.allclose(seen[..., 0], seen[..., 3], atol=1e-3)
    torch.testing.assert_close(seen[:, 0, 1:3], whole)


def test_a_side_needs_its_unit() -> None:
    alone = Task(name="intensity", kind="level", labels=("AU10", "AU12_L"))
    with pytest.raises(ValidationError, match="the label 'AU12_L'; expected 'AU12' among them"):
        ExpressionCnnConfig(tasks=(alone,))
