import asyncio

import pytest

from carrete.adapters.postgres.engine import Database
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
    database = Database(database_url, 2, idle_s=0.1)

    async def stand_still() -> None:
        async with database.transaction() as tx:
            await tx.rows("SELECT 1")
            # longer than allowed: what a frozen process does
            await asyncio.sleep(0.5)
            await tx.rows("SELECT 1")

    with pytest.raises(TransientError):
        await stand_still()
    async with database.transaction() as tx:
        assert (await tx.rows("SELECT 1"))[0][0] == 1
    await database.close()
