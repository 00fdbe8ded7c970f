"""DRML: action units from stills, with separate weights for each region of the face."""

import torch
from torch import Tensor, nn

from physiocam.networks.baseline_configs import DRML_CHANNELS, DRML_KERNELS, DRML_WIDTHS, DrmlConfig
from physiocam.networks.network import Network, given


class Drml(Network):
    """A region layer between convolutions, and three linear layers.

    Parameters
    ----------
    config : DrmlConfig

    References
    ----------
    Zhao, Chu and Zhang, "Deep Region and Multi-Label Learning for Facial Action Unit Detection", CVPR 2016, in the form
    that the BigSmall authors released.
    """

    def __init__(self, config: DrmlConfig) -> None:
        super().__init__()
        self.config: DrmlConfig = config
        width = DRML_CHANNELS[0]
        self.conv1 = nn.Conv2d(3, width, DRML_KERNELS[0])
        self.region = RegionLayer(width, config.cells, config.cell_size)
        self.pool = nn.MaxPool2d(2)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.conv2 = nn.Conv2d(DRML_CHANNELS[0], DRML_CHANNELS[1], DRML_KERNELS[1])
        self.conv3 = nn.Conv2d(DRML_CHANNELS[1], DRML_CHANNELS[2], DRML_KERNELS[2])
        self.conv4 = nn.Conv2d(DRML_CHANNELS[2], DRML_CHANNELS[3], DRML_KERNELS[3], stride=2)
        self.conv5 = nn.Conv2d(DRML_CHANNELS[3], DRML_CHANNELS[4], DRML_KERNELS[4])
        self.fc1 = nn.Linear(DRML_CHANNELS[4] * config.map_size**2, DRML_WIDTHS[0])
        self.fc2 = nn.Linear(DRML_WIDTHS[0], DRML_WIDTHS[1])
        self.heads = nn.ModuleDict({task.name: nn.Linear(DRML_WIDTHS[1], task.outputs) for task in config.tasks})

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame from Big frames only; see `Network.forward`."""
        x = self.maps(big, small).flatten(1)
        x = self.dropout(self.relu(self.fc1(x)))
        x = self.dropout(self.relu(self.fc2(x)))
        return {name: head(x).unflatten(0, (-1, self.config.clip_length)) for name, head in self.heads.items()}

    def maps(self, big: Tensor | None = None, small: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Feature maps, (B * N, 16, map_size, map_size); inputs as in `forward`."""
        # In the forward pass, the large kernels are faster by a sixth if a pixel's channels are contiguous.
        x = given(big, "big").flatten(0, 1).contiguous(memory_format=torch.channels_last)
        x = self.relu(self.region(self.conv1(x)))
        x = self.norm(self.pool(x))
        for convolution in (self.conv2, self.conv3, self.conv4, self.conv5):
            x = self.relu(convolution(x))
        features: Tensor = x
        return features


class RegionLayer(nn.Module):
    """Divides maps into a grid, and adds to each cell the output of its own convolution.

    The released code uses cells of a seventh of the side, so the last row and column hold the remainder: one pixel for
    maps of 134.

    Parameters
    ----------
    channels, cells, cell_size : int
    """

    def __init__(self, channels: int, cells: int, cell_size: int) -> None:
        super().__init__()
        self.cells, self.cell_size = cells, cell_size
        for row in range(cells):
            for column in range(cells):
                self.add_module(f"cell_{row}_{column}", _Cell(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (F, channels, H, W) to the same shape."""
        rows = []
        for row, strip in enumerate(torch.split(x, self.cell_size, dim=2)):
            parts = torch.split(strip, self.cell_size, dim=3)
            rows.append(
                torch.cat([getattr(self, f"cell_{row}_{column}")(part) for column, part in enumerate(parts)], dim=3)
            )
        return torch.cat(rows, dim=2)


class _Cell(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = x + self.conv(self.relu(self.norm(x)))
        return changed
