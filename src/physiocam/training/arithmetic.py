"""How PyTorch computes during a run: TensorFloat-32, and the same bits every time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from physiocam.training.settings import TrainSettings


@contextmanager
def arithmetic_of(settings: TrainSettings) -> Iterator[None]:
    """Compute as the settings say, and as before afterwards.

    Without `tf32`, convolutions and matrix products of 32-bit numbers are those of 32 bits on a GPU too; PyTorch by
    itself takes TensorFloat-32 for convolutions. With `deterministic`, operations that add in an order of their own are
    replaced by others, or raise an error. The temporal shift is a gather whose gradient adds to each place at most
    once, so its order does not matter.

    Parameters
    ----------
    settings : TrainSettings
    """
    products = torch.get_float32_matmul_precision()
    convolutions = torch.backends.cudnn.allow_tf32
    fixed = torch.are_deterministic_algorithms_enabled()
    torch.set_float32_matmul_precision("high" if settings.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = settings.tf32
    if settings.deterministic:
        # Matrix products on an NVIDIA GPU need a fixed workspace; it is read when the first one is computed.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(fixed or settings.deterministic)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(products)
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.use_deterministic_algorithms(fixed)
