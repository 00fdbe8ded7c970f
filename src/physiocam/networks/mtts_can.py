"""MTTS-CAN: a convolutional attention network with temporal shifts, for pulse and respiration."""

from physiocam.networks.baseline_configs import MttsCanConfig
from physiocam.networks.can import ConvolutionalAttention


class MttsCan(ConvolutionalAttention):
    """Motion with zero-filled temporal shifts, and appearance; one head per task. With one task it is TS-CAN.

    Parameters
    ----------
    config : MttsCanConfig

    References
    ----------
    Liu et al., "Multi-Task Temporal Shift Attention Networks for On-Device Contactless Vitals Measurement", NeurIPS
    2020. The forms are those that the BigSmall authors (9 x 9) and the rPPG-Toolbox (36 x 36 and more) released.
    """

    def __init__(self, config: MttsCanConfig) -> None:
        super().__init__(config, shift="zero")
