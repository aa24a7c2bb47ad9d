import asyncio

import pytest

from carrete.adapters.postgres.engine import IDLE_S, Database, idle_s
from carrete.adapters.postgres.maintenance import PostgresMaintenance
from carrete.domain.failures import TransientError


async def test_a_frozen_leader_loses_its_lock(database_url: str) -> None:
    frozen, other = Database(database_url, 2, idle_s=0.3), Database(database_url, 2)
    release = asyncio.Event()

    async def freeze() -> None:
        async with PostgresMaintenance(frozen).lead() as leading:
            assert leading
            leads.set()
            await release.wait()

    leads = asyncio.Event()
    freezing = asyncio.ensure_future(freeze())
    await leads.wait()
    async with asyncio.timeout(20):
        while True:
            async with PostgresMaintenance(other).lead() as leading:
                if leading:
                    break
    release.set()
    await asyncio.wait([freezing])
    await asyncio.gather(frozen.close(), other.close())


async def test_a_transaction_that_stood_still_is_a_passing_fault(database_url: str) -> None:
    database, other = Database(database_url, 2, idle_s=0.1), Database(database_url, 2)

    async def ended(pid: int) -> bool:
        async with other.transaction() as tx:
            return await tx.row("SELECT 1 FROM pg_stat_activity WHERE pid = :pid", pid=pid) is None

    async def stand_still() -> None:
        async with database.transaction() as tx:
            pid = (await tx.rows("SELECT pg_backend_pid()"))[0][0]
            async with asyncio.timeout(20):
                while not await ended(pid):
                    pass  # each look is a round trip
            await tx.rows("SELECT 1")

    with pytest.raises(TransientError):
        await stand_still()
    async with database.transaction() as tx:
        assert (await tx.rows("SELECT 1"))[0][0] == 1
    await asyncio.gather(database.close(), other.close())


def test_who_froze_as_the_leader_loses_the_lock_before_a_lease_ends() -> None:
    assert idle_s(4) == 3
    assert all(idle_s(lease_s) < lease_s for lease_s in (1, 4, 20, 3600))
    assert idle_s(20) == idle_s(3600) == IDLE_S


async def test_a_server_that_vanished_is_noticed(database_url: str) -> None:
    database = Database(database_url, 1)
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        known = raw.driver_connection.info.get_parameters()
    assert (known["keepalives_idle"], known["tcp_user_timeout"]) == ("10", "15000")
    await database.close()
