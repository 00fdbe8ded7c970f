"""The temporal shift: what moves where, in every layout, and how many bytes it costs."""

from typing import Any, Literal

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from physiocam.networks.temporal_shift import TemporalShift  # noqa: E402

Mode = Literal["wrap", "zero"]


def shifted_by_definition(x: Tensor, mode: Mode) -> Tensor:
    """Frame by frame and channel by channel; x is (B, N, C, H, W)."""
    n, channels = x.shape[1:3]
    y: Tensor = torch.zeros_like(x)
    for t in range(n):
        for c in range(channels):
            source = t + (1 if c < channels // 3 else -1 if c < 2 * (channels // 3) else 0)
            if mode == "wrap" or 0 <= source < n:
                y[:, t, c] = x[:, source % n, c]
    return y


@settings(max_examples=60, deadline=None)
@given(
    clips=st.integers(1, 3),
    n=st.integers(1, 7),
    channels=st.integers(1, 13),
    mode=st.sampled_from(["wrap", "zero"]),
    channels_last=st.booleans(),
)
def test_every_plane_comes_from_where_it_should(
    clips: int, n: int, channels: int, mode: Mode, channels_last: bool
) -> None:
    x = torch.randn(clips, n, channels, 3, 2)
    frames = x.flatten(0, 1)
    if channels_last:
        frames = frames.to(memory_format=torch.channels_last)
    before = frames.clone()
    shifted = TemporalShift(n, channels, mode)(frames)
    assert torch.equal(shifted, shifted_by_definition(x, mode).flatten(0, 1))
    assert torch.equal(frames, before)


def test_a_clip_of_one_frame_wraps_into_itself() -> None:
    x = torch.randn(2, 6, 4, 4)
    assert torch.equal(TemporalShift(1, 6, "wrap")(x), x)
    assert not TemporalShift(1, 6, "zero")(x)[:, :4].any()


def test_nothing_moves_without_a_shift() -> None:
    x = torch.randn(6, 4, 2, 2)
    assert TemporalShift(3, 4, "none")(x) is x


def test_zeros_are_zeros_whatever_was_there() -> None:
    x = torch.full((3, 3, 2, 2), torch.nan)
    assert (TemporalShift(3, 3, "zero")(x) == 0).sum() == 2 * 4


@pytest.mark.parametrize("mode", ["wrap", "zero"])
def test_gradients_go_back_where_the_values_came_from(mode: Mode) -> None:
    x = torch.randn(6, 7, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(TemporalShift(3, 7, mode), x)
    assert torch.autograd.gradgradcheck(TemporalShift(3, 7, mode), x)


def test_it_adds_nothing_to_a_state_dict() -> None:
    assert not TemporalShift(3, 32, "wrap").state_dict()


class BytesWritten(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what operations write into memory of their own, views excepted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.written = 0
        self.operations: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        known = {arg.untyped_storage().data_ptr() for arg in args if isinstance(arg, Tensor)}
        if isinstance(output, Tensor) and output.untyped_storage().data_ptr() not in known:
            self.written += output.nbytes
            self.operations.append(str(func))
        return output


def test_each_number_is_written_once() -> None:
    x = torch.randn(30, 32, 9, 9)
    shift = TemporalShift(3, 32, "wrap")
    with BytesWritten() as seen, torch.inference_mode():
        shift(x)
    assert seen.operations == ["aten.index_select.default"]
    assert seen.written == x.nbytes


def test_the_gradient_is_added_once_to_zeros() -> None:
    x = torch.randn(30, 32, 9, 9, requires_grad=True)
    shifted = TemporalShift(3, 32, "wrap")(x)
    gradient = torch.randn_like(x)
    with BytesWritten() as seen:
        shifted.backward(gradient)
    # Only while somebody counts is the addition not in place.
    assert seen.operations == ["aten.new_zeros.default", "aten.index_add.default"]
    assert seen.written == 2 * x.nbytes


@pytest.mark.parametrize("mode", ["wrap", "zero"])
def test_its_onnx_graph_is_one_gather(mode: Mode) -> None:
    pytest.importorskip("onnxscript")
    program = torch.onnx.export(
        TemporalShift(3, 32, mode).eval(),
        (torch.randn(6, 32, 4, 4),),
        dynamo=True,
        dynamic_shapes={"x": {0: 3 * torch.export.Dim("clips")}},
        verbose=False,
    )
    operators = [node.op_type for node in program.model_proto.graph.node]
    assert operators.count("Gather") == 1
    assert not {"Concat", "Slice", "Split", "ScatterND"} & set(operators)


@pytest.mark.parametrize("mode", ["wrap", "zero"])
def test_it_compiles_in_one_piece(mode: Mode) -> None:
    shift = TemporalShift(3, 7, mode)
    x = torch.randn(6, 7, 4, 4)
    assert torch.equal(torch.compile(shift, fullgraph=True, backend="aot_eager")(x), shift(x))
