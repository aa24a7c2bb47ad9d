"""The faulty way to PostgreSQL does what it says, and nothing is taken for done that may not be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from chaos.wire import Wire, open_wire

from carrete.adapters.postgres.engine import Database
from carrete.domain.failures import UnavailableError


@dataclass
class Line:
    wire: Wire
    through: Database
    past: Database

    async def count(self) -> int:
        """Rows, asked past the wire."""
        async with self.past.transaction() as tx:
            return int((await tx.rows("SELECT count(*) FROM mark"))[0][0])

    async def add(self) -> None:
        """A row, through the wire."""
        async with self.through.transaction() as tx:
            await tx.rows("INSERT INTO mark VALUES (1)")


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with open_wire() as wire:
        directory = unquote(database_url.partition("host=")[2])
        name = database_url.partition("@/")[2].partition("?")[0]
        wire.socket = Path(directory, ".s.PGSQL.5432")
        through = Database(f"postgresql+psycopg://postgres@127.0.0.1:{wire.port}/{name}", 2)
        past = Database(database_url, 2)
        async with past.transaction() as tx:
            await tx.rows("CREATE TABLE mark (n int)")
        yield Line(wire, through, past)
        await asyncio.gather(through.close(), past.close())


async def test_a_good_wire_changes_nothing(line: Line) -> None:
    await line.add()
    assert await line.count() == 1


async def test_a_connection_that_was_cut_is_replaced(line: Line) -> None:
    await line.add()
    assert line.wire.cut() == 1
    while line.wire.links:
        await asyncio.sleep(0)
    await line.add()
    assert await line.count() == 2


async def test_who_is_refused_meets_an_outage_until_it_is_healed(line: Line) -> None:
    line.wire.refusing = True
    with pytest.raises(UnavailableError):
        await line.add()
    line.wire.heal()
    await line.add()
    assert await line.count() == 1


async def test_a_stalled_wire_holds_everything_and_loses_nothing(line: Line) -> None:
    await line.add()
    line.wire.stall()
    adding = asyncio.ensure_future(line.add())
    assert await line.count() == 1
    line.wire.heal()
    await adding
    assert await line.count() == 2


async def test_an_answer_that_was_lost_is_an_outage_although_it_was_done(line: Line) -> None:
    await line.add()
    connection = await line.through.engine.connect()
    await connection.exec_driver_sql("INSERT INTO mark VALUES (2)")
    line.wire.deaf = True
    committing = asyncio.ensure_future(connection.commit())
    async with asyncio.timeout(20):
        while await line.count() < 2:
            await asyncio.sleep(0.01)
    assert not committing.done()
    line.wire.heal()
    await asyncio.wait([committing])
    assert committing.exception() is not None
    await connection.close()
    await line.add()
    assert await line.count() == 3


async def test_who_is_canceled_while_the_database_breaks_off_ends_all_the_same(line: Line) -> None:
    """A heartbeat that took its cancellation for a passing fault kept a task running for ever."""
    async with line.past.transaction() as held:
        await held.rows("LOCK TABLE mark")
        adding = asyncio.ensure_future(line.add())
        async with asyncio.timeout(20):
            while not await held.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                pass  # each look is a round trip
        line.wire.stall()
        adding.cancel()
        for _ in range(10):
            # psycopg now asks the server to cancel the query, and waits for what that leads to
            await asyncio.sleep(0)
        line.wire.cut()
        line.wire.heal()
        await asyncio.wait([adding])
    assert adding.cancelled()
