from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import nn


@pytest.fixture
def fill() -> Callable[["nn.Module"], None]:
    """Gives a network the weights that the reference's answers were computed with: parameter j is drawn from seed j."""
    return _fill


def _fill(network: "nn.Module") -> None:
    import torch

    with torch.no_grad():
        for j, (name, parameter) in enumerate(network.named_parameters()):
            values = np.random.RandomState(j).standard_normal(parameter.numel()).astype(np.float32)
            if parameter.dim() > 1:
                values *= np.float32(np.sqrt(2) / np.sqrt(parameter[0].numel()))
            else:
                values *= np.float32(0.1)
                # The only weights of one dimension are those of batch normalization.
                values += np.float32(name.endswith("weight"))
            parameter.copy_(torch.from_numpy(values).reshape(parameter.shape))
        for name, buffer in network.named_buffers():
            steps = torch.arange(buffer.numel(), dtype=torch.float32)
            if name.endswith("running_mean"):
                buffer.copy_(0.1 * steps.sin())
            elif name.endswith("running_var"):
                buffer.copy_(1 + 0.3 * steps.cos())
