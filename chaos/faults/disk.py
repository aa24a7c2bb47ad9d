"""A scratch disk without room."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from chaos.faults.base import Fault
from chaos.schedule import Duration
from chaos.world import World

PIECE = 1 << 20


class FillDisk(Fault):
    """Something else fills the scratch disk to the last byte."""

    name = "disk.full"
    lasts = Duration(0.5, 4.0)

    def __init__(self, pick: int, lasts_s: float) -> None:
        super().__init__(pick, lasts_s)
        self.file: Path | None = None

    async def strike(self, world: World) -> str:
        if not world.scratch_is_small:
            return ""
        # Hidden and no directory: nothing of a worker.
        self.file = world.scratch / f".filler-{self.pick}"
        await asyncio.to_thread(fill, self.file)
        return "scratch disk"

    async def heal(self, world: World) -> None:
        if self.file is not None:
            await asyncio.to_thread(self.file.unlink, missing_ok=True)


def fill(path: Path) -> None:
    """Write until there is no room. Blocking; never called on a disk that is not ours."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        with suppress(OSError):
            while True:
                os.write(descriptor, bytes(PIECE))
        with suppress(OSError):
            while True:
                os.write(descriptor, bytes(1))
    finally:
        os.close(descriptor)
