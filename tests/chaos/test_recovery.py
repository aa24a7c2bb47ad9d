"""What a lost worker held runs elsewhere soon, by the database's own clock."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from chaos.audit import gather
from chaos.clips import LONG, make_clip
from chaos.faults.processes import FreezeWorker, KillWorker
from chaos.ledger import Fate, Loss
from chaos.recovery import Recovery, recoveries
from chaos.settings import LONGEST_FREEZE_S
from chaos.users import PlannedUpload, User, signed_in
from chaos.world import World, open_world

from carrete.local.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SEED = 3
WORKERS = 2
LIMIT_S = 5.0
"""Seconds after the end of the lease by which the task must run again, with a worker free."""

RUNNING = b"""
SELECT worker FROM task WHERE kind = 'encode' AND state = 'running' AND progress > 0
AND (SELECT count(*) FROM task WHERE state = 'running') < %s
"""


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    async with open_world(SEED, workers=WORKERS, small_disk=False) as world:
        yield world


@pytest.fixture(scope="module")
async def user(world: World) -> AsyncIterator[User]:
    async with signed_in(world, 0, SEED) as user:
        yield user


async def upload(user: User, folder: Path, seed: int) -> None:
    clip = await asyncio.to_thread(make_clip, LONG, folder, f"long-{seed}", Random(seed))
    await user.send(PlannedUpload(0, 0, LONG, Fate.KEEP, by_command=False, wish_s=0), clip)


async def busy_worker(world: World) -> str:
    """A worker that encodes while another has nothing to do."""
    async with asyncio.timeout(60), world.database() as connection:
        while True:
            cursor = await connection.execute(RUNNING, [WORKERS])
            if (row := await cursor.fetchone()) is not None:
                pid = int(str(row["worker"]).split("-")[-2])
                return name_of(world.stack, pid)
            await asyncio.sleep(0.02)


def name_of(stack: Stack, pid: int) -> str:
    return next(name for name, number in stack.processes.items() if number == pid)


async def recovered(world: World, losses: list[Loss]) -> list[Recovery]:
    """What became of losses, once each has run again."""
    async with asyncio.timeout(60):
        while True:
            found = list(recoveries(losses, (await gather(world)).events))
            if len(found) == len(losses):
                return found
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("fault", [KillWorker, FreezeWorker])
async def test_a_lost_chunk_runs_elsewhere_within_its_lease_and_five_seconds(
    world: World, user: User, tmp_path: Path, fault: type[KillWorker | FreezeWorker]
) -> None:
    await upload(user, tmp_path, len(world.ledger.promises))
    victim = await busy_worker(world)
    names = sorted(world.stack.processes.keys() & set(world.stack.worker_names))
    strike = fault(names.index(victim), LONGEST_FREEZE_S)
    before = len(world.ledger.losses)
    await strike.strike(world)
    try:
        losses = world.ledger.losses[before:]
        # One chunk at most: a worker of one slot holds one task.
        assert len(losses) == 1
        (one,) = await recovered(world, losses)
    finally:
        await strike.heal(world)
    assert one.after_lease_s <= LIMIT_S
    video = user.world.ledger.promises[-1].video_id
    assert video is not None
    async with asyncio.timeout(100):
        while (await user.client.video(video)).state != "ready":
            await asyncio.sleep(0.2)
    again = [
        row
        for row in (await gather(world)).events
        if row["video_id"] == video and row["type"] == "task.lost"
    ]
    assert len(again) == 1
