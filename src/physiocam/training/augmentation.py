"""Settings of augmentation: how clips are changed at random while a network is trained."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Share = Annotated[float, Field(ge=0, le=1)]


class Augmentation(BaseModel):
    """Changes of clips, drawn again for each clip in each epoch. All are off by default, as in the paper.

    Labels follow: a flip exchanges left and right outputs and turns the head the other way, another speed changes the
    rates of waveforms.

    Attributes
    ----------
    flip : float
        Share of the clips in which left and right are exchanged.
    crop : float
        The largest share of the side that is cut away, at random places.
    colour : float
        The largest relative change of each channel's brightness, and of the contrast between dark and light (gamma).
    noise : float
        The largest standard deviation of sensor noise in a Big frame, in grey levels of 255.
    codec : float
        Share of the clips that are encoded as H.264 and decoded again, in a quality from good to poor.
    speed : float
        The largest relative change of speed: 0.25 is from 1.25 times as slow to 1.25 times as fast.

    Examples
    --------
    >>> Augmentation(flip=0.5, noise=2.0).is_on, Augmentation().is_on
    (True, False)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    flip: _Share = 0.0
    crop: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    colour: _Share = 0.0
    noise: Annotated[float, Field(ge=0, le=64)] = 0.0
    codec: _Share = 0.0
    speed: _Share = 0.0

    @property
    def is_on(self) -> bool:
        """Whether any clip is changed."""
        return any(value > 0 for value in self.model_dump().values())
