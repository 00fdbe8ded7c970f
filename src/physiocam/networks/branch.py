"""What the branches of BigSmall have in common."""

from torch import Tensor, nn


class Branch(nn.Module):
    """Frames to feature maps, in two parts; lateral connections leave and enter between them."""

    def forward(self, x: Tensor) -> Tensor:
        """Map frames to features."""
        return self.late(self.early(x))

    def early(self, x: Tensor) -> Tensor:
        """Map frames to the features that a lateral connection carries."""
        raise NotImplementedError

    def late(self, x: Tensor) -> Tensor:
        """The rest of the branch, from the output of `early`, with the other branch's features if they are sent."""
        raise NotImplementedError
