"""Wait until nothing happens any more, for a bounded time: what still does is a finding."""

import asyncio

from chaos.audit.gather import depth, open_sqs
from chaos.world import World

QUIET_S = 240.0
LOOK_S = 0.5

BUSY = b"""
SELECT (SELECT count(*) FROM task WHERE state IN ('pending', 'running'))
     + (SELECT count(*) FROM task WHERE lease_until > now())
     + (SELECT count(*) FROM video WHERE state NOT IN ('ready', 'failed', 'canceled'))
     + (SELECT count(*) FROM artifact WHERE state <> 'live') AS n
"""


async def wait_until_quiet(world: World, within_s: float = QUIET_S) -> bool:
    """Whether rows, queue and watchers came to rest in time."""
    try:
        async with asyncio.timeout(within_s):
            while not await _is_quiet(world):
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        return False
    return True


async def _is_quiet(world: World) -> bool:
    async with world.database() as connection:
        row = await (await connection.execute(BUSY)).fetchone()
        newest = await (
            await connection.execute(b"SELECT owner_id, max(id) AS id FROM event GROUP BY 1")
        ).fetchall()
    if row is None or row["n"]:
        return False
    last = {item["owner_id"]: item["id"] for item in newest}
    for watch in world.ledger.watches:
        if watch.user in last and (not watch.seen or watch.seen[-1] != last[watch.user]):
            return False
    async with open_sqs(world) as sqs:
        return not await depth(sqs, world.queue_url())
