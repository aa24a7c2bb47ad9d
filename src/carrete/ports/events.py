"""What happened, for those who watch."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from carrete.domain.video import Event


class EventLog(Protocol):
    """What happened, in order, for those who watch."""

    async def events(
        self, owner_id: UUID, after: int, limit: int, video_id: UUID | None = None
    ) -> list[Event]:
        """Stored events of an owner with an id above ``after``, in order."""
        ...

    async def last_event_id(self, owner_id: UUID) -> int:
        """The newest event's id, or 0."""
        ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """All owners' events as they are committed.

        The iterator ends with ``TransientError`` when the connection breaks; what was missed then
        is read with ``events``.
        """
        ...
