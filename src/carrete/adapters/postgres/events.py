"""The event log in PostgreSQL: stored rows, and notifications as they are committed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row
from sqlalchemy.engine import make_url

from carrete.adapters.canceled import end_if_canceled
from carrete.adapters.postgres.engine import CHANNEL, KEEP_ALIVE, Database
from carrete.domain.failures import TransientError
from carrete.domain.video import Event

_KEEPALIVE_S = 15.0
"""Seconds without a notification after which the connection is proven to be alive."""


class PostgresEvents:
    """Conforms to ``ports.EventLog``."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; listening takes a connection of its own."""
        self._db = database

    async def events(
        self, owner_id: UUID, after: int, limit: int, video_id: UUID | None = None
    ) -> list[Event]:
        """See the port."""
        only = " AND video_id = :video" if video_id else ""
        values: dict[str, Any] = {"video": video_id} if video_id else {}
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT id, owner_id, video_id, type, data, at FROM event"  # noqa: S608
                f" WHERE owner_id = :owner AND id > :after{only} ORDER BY id LIMIT :limit",
                owner=owner_id,
                after=after,
                limit=limit,
                **values,
            )
        return [_event(row) for row in found]

    async def last_event_id(self, owner_id: UUID) -> int:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT max(id) AS id FROM event WHERE owner_id = :owner", owner=owner_id
            )
        return int(row.id) if row is not None and row.id is not None else 0

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Event]]:
        """See the port."""
        url = make_url(self._db.engine.url).set(drivername="postgresql")
        try:
            connection = await psycopg.AsyncConnection.connect(
                url.render_as_string(hide_password=False),
                autocommit=True,
                connect_timeout=10,
                **KEEP_ALIVE,
            )
        except psycopg.Error as exc:
            end_if_canceled(exc)
            msg = f"the database is out of reach: {exc}"
            raise TransientError(msg) from exc
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            yield self._notifications(connection)
        finally:
            await connection.close()

    async def _notifications(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]]
    ) -> AsyncIterator[Event]:
        try:
            while True:
                heard = False
                async for notice in connection.notifies(timeout=_KEEPALIVE_S):
                    heard = True
                    event = await self._parse(notice.payload)
                    if event is not None:
                        yield event
                if not heard:
                    await asyncio.wait_for(connection.execute("SELECT 1"), timeout=10)
        except (psycopg.Error, TimeoutError) as exc:
            end_if_canceled(exc)
            msg = f"the database stopped notifying: {exc}"
            raise TransientError(msg) from exc

    async def _parse(self, payload: str) -> Event | None:
        value = json.loads(payload)
        if "f1" not in value:
            return Event(
                id=value["id"],
                owner_id=UUID(value["owner_id"]),
                video_id=UUID(value["video_id"]),
                type=value["type"],
                data=value["data"],
                at=datetime.fromisoformat(value["at"]),
            )
        # the event was too long for a notification, which then carries its id alone
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT id, owner_id, video_id, type, data, at FROM event WHERE id = :id",
                id=value["f1"],
            )
        return None if row is None else _event(row)


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.owner_id, row.video_id, row.type, row.data, row.at)
