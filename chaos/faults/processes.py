"""Processes that die, are told to stop, or stand still."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

import psutil

from carrete.local.stack import API
from chaos.faults.base import Fault
from chaos.recovery import held_by
from chaos.schedule import Duration
from chaos.settings import LEASE_S, LONGEST_FREEZE_S
from chaos.world import World

DOWN = Duration(0.1, 2.0)
"""A process that died is started again, after what a supervisor or a new machine takes."""

HUNT_S = 10.0
"""Seconds in which something to hit must turn up."""

FREEZE = Duration(LEASE_S + 1, LONGEST_FREEZE_S)
"""Longer than a lease: who wakes up is a zombie."""


def pick_of(names: Sequence[str], number: int) -> str:
    """One of some names."""
    return sorted(names)[number % len(names)]


def running_tree(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []


class _Worker(Fault):
    victim = ""

    async def choose(self, world: World) -> str:
        """A worker that has something to lose, if there is one."""
        pids = world.stack.processes
        names = [name for name in world.stack.worker_names if name in pids]
        busy = [name for name in names if await held_by(world, self.name, pids[name])]
        self.victim = pick_of(busy or names, self.pick) if names else ""
        return self.victim

    async def heal(self, world: World) -> None:
        if self.victim:
            await world.stack.revive(self.victim)


class KillWorker(_Worker):
    """SIGKILL to a worker; its ffmpeg goes with it."""

    name = "worker.kill"
    lasts = DOWN

    async def strike(self, world: World) -> str:
        if await self.choose(world):
            pid = world.stack.processes[self.victim]
            await world.stack.kill(self.victim)
            world.ledger.losses += await held_by(world, self.name, pid)
        return self.victim


class TerminateWorker(_Worker):
    """SIGTERM to a worker, which drains."""

    name = "worker.term"
    lasts = DOWN

    async def strike(self, world: World) -> str:
        if await self.choose(world):
            world.stack.process(self.victim).signal(signal.SIGTERM)
        return self.victim


class KillAllWorkers(Fault):
    """SIGKILL to all workers at once."""

    name = "workers.kill"
    lasts = DOWN

    async def strike(self, world: World) -> str:
        for name, pid in world.stack.processes.items():
            if name in world.stack.worker_names:
                await world.stack.kill(name)
                world.ledger.losses += await held_by(world, self.name, pid)
        return f"{len(world.stack.worker_names)} workers"

    async def heal(self, world: World) -> None:
        for name in world.stack.worker_names:
            await world.stack.revive(name)


class FreezeWorker(_Worker):
    """SIGSTOP to a worker and all that it started, longer than its lease."""

    name = "worker.freeze"
    lasts = FREEZE
    with_children = True

    def __init__(self, pick: int, lasts_s: float) -> None:
        super().__init__(pick, lasts_s)
        self.frozen: list[psutil.Process] = []

    async def strike(self, world: World) -> str:
        if await self.choose(world):
            pid = world.stack.processes[self.victim]
            tree = running_tree(pid)
            self.frozen = tree if self.with_children else tree[:1]
            suspend(self.frozen)
            world.ledger.losses += await held_by(world, self.name, pid)
        return self.victim

    async def heal(self, world: World) -> None:
        resume(self.frozen)


class FreezeWorkerAlone(FreezeWorker):
    """SIGSTOP to a worker while its ffmpeg goes on."""

    name = "worker.freeze-alone"
    with_children = False


class KillApi(Fault):
    """SIGKILL to the API."""

    name = "api.kill"
    lasts = DOWN

    async def strike(self, world: World) -> str:
        await world.stack.kill(API)
        return API

    async def heal(self, world: World) -> None:
        await world.stack.revive(API)


class TerminateApi(Fault):
    """SIGTERM to the API."""

    name = "api.term"
    lasts = DOWN

    async def strike(self, world: World) -> str:
        world.stack.process(API).signal(signal.SIGTERM)
        return API

    async def heal(self, world: World) -> None:
        await world.stack.revive(API)


class FreezeApi(Fault):
    """SIGSTOP to the API."""

    name = "api.freeze"
    lasts = Duration(1.0, 6.0)

    def __init__(self, pick: int, lasts_s: float) -> None:
        super().__init__(pick, lasts_s)
        self.frozen: list[psutil.Process] = []

    async def strike(self, world: World) -> str:
        pid = world.stack.processes.get(API)
        self.frozen = running_tree(pid) if pid else []
        suspend(self.frozen)
        return API if self.frozen else ""

    async def heal(self, world: World) -> None:
        resume(self.frozen)


class KillFfmpeg(Fault):
    """SIGKILL to the next ffmpeg that runs."""

    name = "ffmpeg.kill"

    async def strike(self, world: World) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(HUNT_S):
                while not (found := running_ffmpeg(world)):
                    await asyncio.sleep(HUNT_S / 100)
                victim = found[self.pick % len(found)]
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
                return f"one of {len(found)}"
        return ""


def running_ffmpeg(world: World) -> list[psutil.Process]:
    """Every ffmpeg below a worker."""
    found = []
    for worker in world.stack.worker_names:
        pid = world.stack.processes.get(worker)
        for process in running_tree(pid)[1:] if pid else []:
            with suppress(psutil.NoSuchProcess):
                if process.name().startswith("ffmpeg"):
                    found.append(process)
    return found


class KillClient(Fault):
    """SIGKILL to a client in the middle of an upload; its user runs it again."""

    name = "client.kill"

    async def strike(self, world: World) -> str:
        pids = sorted(world.uploads)
        if not pids:
            return ""
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pids[self.pick % len(pids)]).kill()
        return f"one of {len(pids)}"


class RestartPostgres(Fault):
    """PostgreSQL is stopped, which cuts every connection, and started again."""

    name = "postgres.restart"

    async def strike(self, world: World) -> str:
        await world.stack.restart_database()
        return "postgres"


def suspend(processes: Sequence[psutil.Process]) -> None:
    """Stop processes, the first one first, so that it can't start others meanwhile."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()


def resume(processes: Sequence[psutil.Process]) -> None:
    """Let processes go on that still are the ones that were stopped."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


PROCESSES: tuple[type[Fault], ...] = (
    KillWorker,
    TerminateWorker,
    KillAllWorkers,
    FreezeWorker,
    FreezeWorkerAlone,
    KillApi,
    TerminateApi,
    FreezeApi,
    KillFfmpeg,
    KillClient,
    RestartPostgres,
)
