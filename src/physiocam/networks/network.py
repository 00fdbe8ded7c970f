"""The common interface of all networks."""

from abc import abstractmethod

from torch import Tensor, nn

from physiocam.networks.config import NetworkConfig


class Network(nn.Module):
    """A network from Big and Small frames to tasks.

    Attributes
    ----------
    config : NetworkConfig
        Defines its inputs, their sizes, and its tasks.
    """

    config: NetworkConfig

    @abstractmethod
    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame.

        Parameters
        ----------
        big : float32 Tensor of shape (B, K, input_channels, *big_shape), optional
            Standardized frames, one for every M-th frame of the clip; needed where `config.uses_big`.
        small : float32 Tensor of shape (B, N, input_channels, *small_shape), optional
            Normalized differences; needed where `config.uses_small`.

        Returns
        -------
        dict of str to Tensor
            Task name to (B, N, C); binary tasks as logits.

        Raises
        ------
        ValueError
            If an input that the network needs is not given.
        """


def given(frames: Tensor | None, name: str) -> Tensor:
    """Return frames that a network needs.

    Raises
    ------
    ValueError
        If they are None; `name` is "big" or "small".
    """
    if frames is None:
        raise ValueError(f"{name} is None; this network takes {name} frames (B, frames, channels, height, width)")
    return frames
