"""A running system with one user, which the audit can be tried on."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from chaos.audit import wait_until_quiet
from chaos.clips import JUNK, SMALL, make_clip
from chaos.ledger import Fate
from chaos.users import PlannedUpload, User, signed_in
from chaos.world import World, open_world

SEED = 5


@dataclass
class Scene:
    """A world at rest in which one clip is ready and one file was no video."""

    world: World
    user: User


@pytest.fixture(scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with (
        open_world(SEED, workers=1, small_disk=False) as world,
        signed_in(world, 0, SEED) as user,
    ):
        chance = random.Random(SEED)
        for number, kind in enumerate((SMALL, JUNK)):
            clip = await asyncio.to_thread(make_clip, kind, world.folder, f"clip-{number}", chance)
            plan = PlannedUpload(0, 0, kind, Fate.KEEP, by_command=False, wish_s=0)
            await user.send(plan, clip)
        assert await wait_until_quiet(world, 60)
        yield Scene(world, user)
