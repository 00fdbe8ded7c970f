"""Settings for preparing recordings."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError, model_validator

from physiocam.datasets.labels import LABEL_SETTINGS, LabelSettings
from physiocam.datasets.recording import CropChoice
from physiocam.datasets.store.slow_frames import SlowSettings
from physiocam.errors import DatasetError
from physiocam.inputs.crop import Preprocessing


class PrepareSettings(BaseModel):
    """Settings for preparing recordings; all recordings of a store have the same settings.

    Attributes
    ----------
    preprocessing : "default", "authors" or "toolbox"
        How differences at the end and dark pixels are treated. "default": as when measuring, one difference per frame
        and zero for the last. "authors": the last frame is dropped, and the last difference is zero and counts in the
        standard deviation, as in the code of the paper. "toolbox": frames are rounded to 8 bits before the differences
        are taken, and black stays black, as in rPPG-Toolbox.
    crop : CropChoice or "recording"
        Where the face is cut; "recording" leaves it to each recording.
    crop_factor : float
        Side of a tracked face's square, as a multiple of the longer side of the face.
    big_size, small_size : int
        Side of the Big and Small frames in pixels.
    slow : SlowSettings or None
        What is kept for slow networks; None keeps nothing.
    labels : LabelSettings
        How targets are made; by default the settings named like the preprocessing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preprocessing: Preprocessing = "default"
    crop: CropChoice | Literal["recording"] = "recording"
    crop_factor: PositiveFloat = 1.0
    big_size: PositiveInt = 144
    small_size: PositiveInt = 9
    slow: SlowSettings | None = SlowSettings()
    labels: LabelSettings = LABEL_SETTINGS["default"]

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Use the labels that belong to the preprocessing."""
        usual = LABEL_SETTINGS.get(values.get("preprocessing", "default"))
        given = values.get("labels", {})
        if usual is None or not isinstance(given, dict):
            return values
        return {**values, "labels": {**usual.model_dump(), **given}}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.labels.differences != self.preprocessing:
            raise ValueError(f"labels.differences must be the same as preprocessing, {self.preprocessing!r}")
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
