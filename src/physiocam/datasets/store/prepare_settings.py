"""Settings for preparing recordings."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from physiocam.datasets.labels import LABEL_SETTINGS, LabelSettings
from physiocam.datasets.recording import CropChoice
from physiocam.datasets.store.slow_frames import SlowSettings
from physiocam.errors import DatasetError
from physiocam.foundation.frame_sizes import SizeField
from physiocam.foundation.later_fields import LaterFields
from physiocam.inputs.crop import Preprocessing


class PrepareSettings(LaterFields):
    """Settings for preparing recordings; all recordings of a store have the same settings.

    Attributes
    ----------
    preprocessing : "default", "authors" or "toolbox"
        How differences at the end and dark pixels are treated. "default": as when measuring, one difference per frame
        and zero for the last. "authors": the last frame is dropped, and the last difference is zero and counts in the
        standard deviation, as in the code of the paper. "toolbox": frames are rounded to 8 bits before the differences
        are taken, and black stays black, as in rPPG-Toolbox.
    crop : CropChoice or "recording"
        Where the face is cut; "recording" leaves it to each recording. "whole" takes the whole frame, and looks for no
        face.
    crop_factor : float
        Side of a tracked face's square, as a multiple of the longer side of the face.
    big_size, small_size : int or (int, int)
        Side of the Big and Small frames in pixels, or height and width.
    channels : int
        Channels of the frames; 1 makes RGB frames grey.
    bits : 8 or 16
        Of the Big frames that are kept: 16 for recordings of more than 8 bits.
    slow : SlowSettings or None
        What is kept for slow networks; None keeps nothing. Only for faces in RGB.
    cuts : bool
        Whether hard cuts are looked for, as when measuring: no difference reaches across, and the face is found again.
        By default only with the preprocessing "default"; the others do as the code that they are named after. Never in
        the whole frame, where a sudden change may be what is measured.
    labels : LabelSettings
        How targets are made; by default the settings named like the preprocessing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    later = frozenset({"channels", "bits", "cuts"})

    preprocessing: Preprocessing = "default"
    crop: CropChoice | Literal["recording"] = "recording"
    crop_factor: PositiveFloat = 1.0
    big_size: SizeField = 144
    small_size: SizeField = 9
    channels: Annotated[int, Field(ge=1, le=8)] = 3
    bits: Literal[8, 16] = 8
    slow: SlowSettings | None = SlowSettings()
    cuts: bool = False
    labels: LabelSettings = LABEL_SETTINGS["default"]

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Use what belongs to the preprocessing and the frames."""
        if values.get("channels", 3) != 3 or values.get("crop") == "whole":
            # Slow networks see the shoulders below a face.
            values = {"slow": None, **values}
        preprocessing = values.get("preprocessing", "default")
        values = {"cuts": preprocessing == "default" and values.get("crop") != "whole", **values}
        usual = LABEL_SETTINGS.get(preprocessing)
        given = values.get("labels", {})
        if usual is None or not isinstance(given, dict):
            return values
        return {**values, "labels": {**usual.model_dump(), **given}}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.labels.differences != self.preprocessing:
            raise ValueError(f"labels.differences must be the same as preprocessing, {self.preprocessing!r}")
        if self.slow and (self.channels != 3 or self.crop == "whole"):
            raise ValueError("slow networks see squares around a face in RGB; leave slow out")
        if self.preprocessing == "toolbox" and self.bits == 16:
            raise ValueError("the preprocessing 'toolbox' rounds frames to 8 bits; leave bits out")
        return self

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Check settings given by a user.

        Raises
        ------
        DatasetError
            Naming the first setting that is unknown or wrong.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(part for part in map(str, first["loc"]) if part.isidentifier())
            wrong = f"setting {name}={first['input']!r}: " if name else ""
            known = ", ".join([*cls.model_fields, *(f"labels.{field}" for field in LabelSettings.model_fields)])
            raise DatasetError(f"{wrong}{first['msg']}; settings are {known}") from None
