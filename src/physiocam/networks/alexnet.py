"""AlexNet: action units from stills."""

from torch import Tensor, nn

from physiocam.networks.baseline_configs import ALEXNET_LAYERS, ALEXNET_WIDTH, AlexNetConfig
from physiocam.networks.network import Network, given


class AlexNet(Network):
    """Five convolutions, three of them pooled, and three linear layers.

    Parameters
    ----------
    config : AlexNetConfig

    References
    ----------
    Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv 1404.5997, with the first
    linear layer as wide as the maps of the paper's 144 x 144 frames.
    """

    def __init__(self, config: AlexNetConfig) -> None:
        super().__init__()
        self.config: AlexNetConfig = config
        strides, paddings = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1)
        convolutions = [
            nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding)
            for (inputs, outputs, kernel), stride, padding in zip(ALEXNET_LAYERS, strides, paddings, strict=True)
        ]
        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5 = convolutions
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.fc1 = nn.Linear(ALEXNET_LAYERS[-1][1] * config.map_size**2, ALEXNET_WIDTH)
        self.fc2 = nn.Linear(ALEXNET_WIDTH, ALEXNET_WIDTH)
        self.heads = nn.ModuleDict({task.name: nn.Linear(ALEXNET_WIDTH, task.outputs) for task in config.tasks})

    def forward(self, big: Tensor | None = None, small: Tensor | None = None) -> dict[str, Tensor]:
        """Predict every task for every frame from Big frames only; see `Network.forward`."""
        x = self.maps(big, small).flatten(1)
        x = self.relu(self.fc1(self.dropout(x)))
        x = self.relu(self.fc2(self.dropout(x)))
        return {name: head(x).unflatten(0, (-1, self.config.clip_length)) for name, head in self.heads.items()}

    def maps(self, big: Tensor | None = None, small: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Feature maps, (B * N, 256, map_size, map_size); inputs as in `forward`."""
        x = self.pool(self.relu(self.conv1(given(big, "big").flatten(0, 1))))
        x = self.pool(self.relu(self.conv2(x)))
        for convolution in (self.conv3, self.conv4, self.conv5):
            x = self.relu(convolution(x))
        features: Tensor = self.pool(x)
        return features
