"""Frozen dataclasses to JSON and back, exactly: plans are kept in PostgreSQL as ``jsonb``.

Fractions become ``"num/den"`` strings, enums their values, tuples lists. Reading back gives a value
equal to the one that was written.
"""

from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Self, Union, cast, get_args, get_origin, get_type_hints

from carrete.domain.artifacts import JsonObject, JsonValue


class Jsonable:
    """Mixin that gives a frozen dataclass ``to_json`` and ``from_json``."""

    __slots__ = ()

    def to_json(self) -> JsonObject:
        """This value as plain JSON types."""
        return cast(JsonObject, _encode(self))

    @classmethod
    def from_json(cls, data: JsonObject) -> Self:
        """The value that ``to_json`` wrote; unknown keys are ignored, missing ones raise KeyError.

        A missing key whose field has a default takes that default, so that a newer version can
        read what an older one stored.
        """
        return cast(Self, _decode(cls, data))


def _encode(value: Any) -> JsonValue:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Enum):
        return cast(str, value.value)
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _encode(getattr(value, item.name)) for item in fields(value)}
    return cast(JsonValue, value)


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, data: Any) -> Any:  # noqa: PLR0911 - one for each kind of type
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if data is None:
            return None
        return _decode(next(arm for arm in get_args(kind) if arm is not NoneType), data)
    if origin is tuple:
        arms = get_args(kind)
        if arms[-1] is Ellipsis:
            return tuple(_decode(arms[0], item) for item in data)
        return tuple(_decode(arm, item) for arm, item in zip(arms, data, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        return _decode_dataclass(kind, data)
    if kind is Fraction or (isinstance(kind, type) and issubclass(kind, Enum)) or kind is float:
        return kind(data)
    return data


def _decode_dataclass(kind: type, data: dict[str, Any]) -> Any:
    hints = _hints(kind)
    present = {
        item.name: _decode(hints[item.name], data[item.name])
        for item in fields(cast(Any, kind))
        if item.name in data
    }
    return kind(**present)
