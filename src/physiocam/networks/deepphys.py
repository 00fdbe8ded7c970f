"""DeepPhys: a convolutional attention network for one waveform."""

from physiocam.networks.baseline_configs import DeepPhysConfig
from physiocam.networks.can import ConvolutionalAttention


class DeepPhys(ConvolutionalAttention):
    """Motion and appearance frame by frame.

    Parameters
    ----------
    config : DeepPhysConfig

    References
    ----------
    Chen and McDuff, "DeepPhys: Video-Based Physiological Measurement Using Convolutional Attention Networks", ECCV
    2018. The forms are those that the BigSmall authors (9 x 9) and the rPPG-Toolbox (36 x 36 and more) released.
    """

    def __init__(self, config: DeepPhysConfig) -> None:
        super().__init__(config, shift="none")
