"""Models whose records stay the same when they get another field."""

from typing import Any, ClassVar

from pydantic import BaseModel, SerializerFunctionWrapHandler, model_serializer


class LaterFields(BaseModel):
    """A model that leaves fields of later versions out of its records while they have their defaults.

    Records of earlier versions have no such fields: runs, stores and digests made with them stay valid.

    Attributes
    ----------
    later : frozenset of str
        The names of these fields.

    Examples
    --------
    >>> class Lamp(LaterFields):
    ...     later = frozenset({"colour"})
    ...     watts: int
    ...     colour: str = "white"
    >>> Lamp(watts=5).model_dump(), Lamp(watts=5, colour="red").model_dump()
    ({'watts': 5}, {'watts': 5, 'colour': 'red'})
    """

    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        usual = {name for name in self.later if getattr(self, name) == fields[name].default}
        return {name: value for name, value in serialize(self).items() if name not in usual}
