"""Claims that meet: what one sees of another that is not committed yet (ADR 2)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from tests.contract.conftest import Stores

from carrete.adapters.postgres import claims
from carrete.adapters.postgres.engine import EVENT_LOCK, Database, Transaction
from carrete.domain.task import Claim, NewTask, TaskKind
from carrete.ports import Completion

LEASE = 20.0
OWNERS = 3


@pytest.fixture
def store_url(database_url: str) -> str:
    """Only PostgreSQL: claims in memory never meet."""
    return database_url


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Connections beside those of the stores."""
    database = Database(database_url, 4)
    yield database
    await database.close()


async def owners_with(stores: Stores, videos: int, count: int = OWNERS) -> list[UUID]:
    """Owners who have waiting videos, the first owner's first."""
    owners = [(await stores.account(f"user{n}")).id for n in range(count)]
    for owner in owners:
        for n in range(videos):
            await stores.queued(owner, f"{n}.mp4")
    return owners


@asynccontextmanager
async def held_open(
    stores: Stores, other: Database, owner: UUID, count: int = 1
) -> AsyncIterator[Sequence[asyncio.Future[Claim | None]]]:
    """Claims that have chosen tasks of ``owner`` and commit only when the block ends.

    The last act of a claim is its event, for which it needs the lock that is held here.
    """
    async with other.transaction() as tx:
        await tx.rows(
            "SELECT pg_advisory_xact_lock(:space, hashtext(:owner))",
            space=EVENT_LOCK,
            owner=str(owner),
        )
        claiming = [
            asyncio.ensure_future(stores.jobs.claim(f"held{n}", LEASE)) for n in range(count)
        ]
        async with asyncio.timeout(10):
            while await stopped_at(tx, EVENT_LOCK) < count:
                pass  # each look is a round trip
        yield claiming
    await asyncio.gather(*claiming)


async def stopped_at(tx: Transaction, space: int) -> int:
    """How many transactions wait for an advisory lock."""
    found = await tx.rows(
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = :space AND NOT granted",
        space=space,
    )
    return len(found)


async def claimed(stores: Stores) -> Claim:
    """A claim that nothing may keep waiting."""
    async with asyncio.timeout(10):
        claim = await stores.jobs.claim("w", LEASE)
    assert claim is not None
    return claim


async def test_who_claims_while_another_claim_is_open_serves_another_owner(
    stores: Stores, other: Database
) -> None:
    first, *rest = await owners_with(stores, videos=3)
    async with held_open(stores, other, first) as (held,):
        one, two = await claimed(stores), await claimed(stores)
    assert {one.task.owner_id, two.task.owner_id} == set(rest)
    mine = await held
    assert mine is not None
    assert mine.task.owner_id == first


async def test_many_who_claim_at_once_share_one_owners_tasks(
    stores: Stores, other: Database
) -> None:
    (owner,) = await owners_with(stores, videos=4, count=1)
    async with held_open(stores, other, owner, count=4) as held:
        pass
    taken = [claim.task for claim in [await one for one in held] if claim is not None]
    assert len({task.id for task in taken}) == 4


async def test_an_owners_task_behind_many_that_others_hold_is_found(
    stores: Stores, other: Database
) -> None:
    await owners_with(stores, videos=claims.DEPTHS[0] + 1, count=1)
    async with other.transaction() as tx:
        held = await tx.rows(
            "SELECT id FROM task ORDER BY created_at LIMIT :n FOR UPDATE", n=claims.DEPTHS[0]
        )
        assert (await claimed(stores)).task.id not in {row.id for row in held}


async def test_urgent_tasks_go_first_even_if_their_owner_is_being_served(
    stores: Stores, other: Database
) -> None:
    (patient,) = await owners_with(stores, videos=1, count=1)
    later = Completion(result={}, plan={}, total_weight=1, follow=[NewTask(TaskKind.ENCODE)])
    await stores.jobs.complete((await claimed(stores)).task, later)
    urgent = (await stores.account("urgent")).id
    for n in range(2):
        await stores.queued(urgent, f"{n}.mp4")
    async with held_open(stores, other, urgent), other.transaction() as tx:
        picked = await tx.row(claims.PICK, depth=claims.DEPTHS[0], passed=[])
    assert picked is not None
    assert picked.owner_id == urgent != patient


async def test_claims_at_once_serve_different_owners_round_after_round(stores: Stores) -> None:
    await owners_with(stores, videos=20)
    for _ in range(20):
        found = await asyncio.gather(*(stores.jobs.claim(f"w{n}", LEASE) for n in range(OWNERS)))
        taken = [claim.task for claim in found if claim is not None]
        assert len({task.owner_id for task in taken}) == OWNERS
        for task in taken:
            await stores.jobs.complete(task, Completion(result={}, plan={}, total_weight=1))


async def test_who_sees_an_owners_turn_too_late_looks_again(
    stores: Stores, other: Database
) -> None:
    first, second = await owners_with(stores, videos=2, count=2)
    async with other.transaction() as tx:
        picked = await tx.row(claims.PICK, depth=claims.DEPTHS[0], passed=[])
        assert picked is not None
        assert picked.owner_id == first
        # meanwhile another claim of this owner was committed
        async with other.transaction() as meanwhile:
            await meanwhile.rows(claims.SERVED, owner=first, seen=None)
        assert not await tx.rows(claims.SERVED, owner=first, seen=picked.served_at)
    assert (await claimed(stores)).task.owner_id == second


async def test_a_video_that_its_owner_holds_keeps_no_other_waiting(
    stores: Stores, other: Database
) -> None:
    (owner,) = await owners_with(stores, videos=2, count=1)
    async with other.transaction() as tx:
        held = await tx.row(
            "SELECT v.id FROM video v JOIN task t ON t.video_id = v.id"
            " ORDER BY t.created_at LIMIT 1 FOR UPDATE OF v"
        )
        assert held is not None
        assert (await claimed(stores)).task.video_id != held.id
        async with asyncio.timeout(10):
            assert await stores.jobs.claim("w", LEASE) is None
    claim = await claimed(stores)
    assert (claim.task.owner_id, claim.task.video_id) == (owner, held.id)
