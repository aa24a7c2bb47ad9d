"""Server-sent events, read as the WHATWG HTML standard says (section 9.2.6), without any I/O."""

from dataclasses import dataclass, field

MAX_EVENT = 1024 * 1024
"""Characters of one event's data; a longer one is no event of Carrete's."""


class SseError(ValueError):
    """The stream is no stream of events that Carrete sends."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a stream.

    Attributes:
        type: ``message`` when the stream names none.
        data: its lines, joined.
        id: the id that came with this very event.
    """

    type: str
    data: str
    id: str | None


@dataclass(slots=True)
class SseParser:
    """Takes the stream line by line, without line ends, and gives events when they are whole."""

    _type: str = ""
    _id: str | None = None
    _data: list[str] = field(default_factory=list)
    _length: int = 0

    def feed(self, line: str) -> SseEvent | None:
        """Take a line; the event that it ends, if it ends one.

        Raises:
            SseError: an event is longer than ``MAX_EVENT``.
        """
        if not line:
            return self._take()
        if line.startswith(":"):
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._length += len(value)
            if self._length > MAX_EVENT:
                raise SseError("an event is too long")
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _take(self) -> SseEvent | None:
        whole = SseEvent(self._type or "message", "\n".join(self._data), self._id)
        had_data = bool(self._data)
        self._type, self._id, self._data, self._length = "", None, [], 0
        return whole if had_data else None
