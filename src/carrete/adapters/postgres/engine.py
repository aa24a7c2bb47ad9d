"""Connections and transactions: where PostgreSQL's errors are translated and events are written."""

import json
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row, event, text
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from carrete.adapters.canceled import end_if_canceled
from carrete.domain.artifacts import JsonObject
from carrete.domain.failures import UnavailableError

CHANNEL = "carrete_event"
MAX_NOTIFY = 7900
"""Bytes: PostgreSQL takes notifications of less than 8000 bytes (NOTIFY, PostgreSQL manual)."""

# The first number of the two-number advisory locks: keeps Carrete's locks apart from each other.
EVENT_LOCK = 0x0CA1
LEADER_LOCK = 0x0CA2
TURN_LOCK = 0x0CA4

# Classes of SQLSTATE that pass by themselves: connection, rollback (deadlock, serialization),
# resources, operator intervention (shutdown), system error.
_PASSING = {"08", "40", "53", "57", "58"}

IDLE_S = 15.0
"""Seconds until PostgreSQL ends a transaction whose process does nothing, at most: a frozen worker
would otherwise keep its locks, the leader's among them, for as long as it is frozen."""

IDLE_SHARE = 0.75
"""Of a lease: who froze as the leader must have lost the lock when its task's lease ends."""


def idle_s(lease_s: float) -> float:
    """Seconds that a transaction may stand still, where leases last for ``lease_s``."""
    return min(IDLE_S, lease_s * IDLE_SHARE)


KEEP_ALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Seconds, and the last one in milliseconds: a server that vanished without a goodbye (a failover,
a network that is split) is noticed in 25 s at most; by the kernel's own values it takes hours."""


@dataclass
class Transaction:
    """One transaction. Events that are noted in it are written as its last act.

    The last act takes a lock per owner, held to the end, so that an owner's events are committed
    in the order of their ids: whoever has read up to an id has missed nothing before it.
    """

    connection: AsyncConnection
    notes: list[tuple[UUID, UUID, str, JsonObject]] = field(default_factory=list)

    async def rows(self, sql: str, **values: Any) -> list[Row[Any]]:
        """Run a statement and return its rows."""
        result = await self.connection.execute(text(sql), values)
        return list(result.all()) if result.returns_rows else []

    async def row(self, sql: str, **values: Any) -> Row[Any] | None:
        """Run a statement and return its first row, if any."""
        found = await self.rows(sql, **values)
        return found[0] if found else None

    def note(self, owner_id: UUID, video_id: UUID, event: str, /, **data: Any) -> None:
        """Write an event when the transaction commits."""
        self.notes.append((owner_id, video_id, event, data))

    async def flush(self) -> None:
        """Write the noted events and announce them."""
        for owner in sorted({note[0] for note in self.notes}):
            await self.rows(
                "SELECT pg_advisory_xact_lock(:space, hashtext(:owner))",
                space=EVENT_LOCK,
                owner=str(owner),
            )
        for owner, video, kind, data in self.notes:
            await self.rows(_INSERT_EVENT, owner=owner, video=video, type=kind, data=dump(data))


_INSERT_EVENT = f"""
WITH e AS (
    INSERT INTO event (owner_id, video_id, type, data)
    VALUES (:owner, :video, :type, CAST(:data AS jsonb))
    RETURNING id, owner_id, video_id, type, data, at
)
SELECT pg_notify('{CHANNEL}', CASE WHEN octet_length(row_to_json(e)::text) < {MAX_NOTIFY}
    THEN row_to_json(e)::text
    ELSE row_to_json(ROW(e.id))::text END)
FROM e
"""  # noqa: S608 - constants of this module only


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, pool: int, idle_s: float = IDLE_S) -> None:
        """Prepare the pool; nothing is connected yet.

        Args:
            url: ``postgresql+psycopg://…``.
            pool: most connections held at once.
            idle_s: seconds that a transaction may stand still.
        """
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=15,
            # an error's text goes to the log, and statements have tokens and hashes in them
            hide_parameters=True,
            connect_args={
                "connect_timeout": 10,
                "application_name": "carrete",
                **KEEP_ALIVE,
                "options": f"-c idle_in_transaction_session_timeout={round(idle_s * 1000)}",
            },
        )

        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that is committed at the end, or rolled back when an error leaves it.

        Raises:
            UnavailableError: the database can't be reached or asks to try again.
        """
        with translated():
            async with self.engine.begin() as connection:
                tx = Transaction(connection)
                yield tx
                await tx.flush()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool replace a connection that the server has closed, without asking the server.

    Nothing comes unasked on an idle connection but its end; a ping would cost every transaction a
    round trip.
    """
    descriptor = connection.driver_connection.fileno()
    readable, _, _ = select.select([descriptor], [], [], 0)
    if readable:
        raise DisconnectionError("the server closed the connection")


class translated:  # noqa: N801 - reads as a statement
    """Turns PostgreSQL's passing errors into ``UnavailableError``; others are bugs and stay."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise the translated error from the original one."""
        if isinstance(error, (SQLAlchemyError, psycopg.Error)):
            end_if_canceled(error)
        if isinstance(error, (PoolTimeoutError, InterfaceError)):
            msg = f"the database is out of reach: {error}"
            raise UnavailableError(msg) from error
        if isinstance(error, DBAPIError):
            state = getattr(error.orig, "sqlstate", None)
            passing = state is None and isinstance(error, OperationalError)
            if passing or error.connection_invalidated or (state or "")[:2] in _PASSING:
                msg = f"the database could not answer: {error.orig}"
                raise UnavailableError(msg) from error


def dump(value: Mapping[str, Any]) -> str:
    """JSON text for a ``jsonb`` parameter."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
