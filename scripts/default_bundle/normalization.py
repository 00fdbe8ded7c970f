"""Batch normalization that a network has while it learns, and that goes into its convolutions afterwards."""

from typing import cast

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# What a residual block adds at first, relative to what came in.
_ADDED = 0.2


def normalize(network: nn.Module) -> None:
    """Put a normalization after every convolution within a module; the name of a block's last one is `second`."""
    for name, part in list(network.named_children()):
        if isinstance(part, nn.Conv2d):
            after = nn.BatchNorm2d(part.out_channels)
            if name == "second":
                nn.init.constant_(after.weight, _ADDED)
            setattr(network, name, nn.Sequential(part, after))
        else:
            normalize(part)


@torch.no_grad()
def fold(network: nn.Module) -> None:
    """Undo `normalize`: the convolutions do what they and their normalizations did in evaluation mode."""
    for name, part in list(network.named_children()):
        if isinstance(part, nn.Sequential) and len(part) == 2 and isinstance(part[1], nn.BatchNorm2d):
            convolution, after = cast(nn.Conv2d, part[0]), part[1]
            setattr(network, name, fuse_conv_bn_eval(convolution.eval(), after.eval()))
        else:
            fold(part)
