"""Cursors: places in a list as opaque text. Nothing in them is secret or trusted."""

import base64
import json
from collections.abc import Callable
from uuid import UUID

from carrete.domain.failures import CarreteError
from carrete.domain.library import Position

MAX_CURSOR = 4096
"""Characters: a name of 1024 bytes, twice as long where JSON escapes it, by a third in base64."""


class InvalidCursorError(CarreteError):
    """The cursor is not one of this list in this order."""


def write_cursor(order: str, position: Position) -> str:
    """A place in the list that has this order."""
    place = [order, position.value, position.id.hex]
    text = json.dumps(place, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(order: str, cursor: str | None, takes: Callable[[object], bool]) -> Position | None:
    """The place that ``write_cursor`` wrote; nothing for no cursor.

    Args:
        order: of the list.
        cursor: whatever the client sent.
        takes: whether the order can have such a value.

    Raises:
        InvalidCursorError: it was not written for a list of this order.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, value, hexed = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if name == order and takes(value):
            return Position(value, UUID(hex=hexed))
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as exc:
        raise InvalidCursorError("the cursor is not one") from exc
    raise InvalidCursorError("the cursor belongs to a list of another order")
