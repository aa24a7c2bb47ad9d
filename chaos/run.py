"""One run: users at work, faults by the plan, peace, the audit."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from carrete.bootstrap import open_container
from carrete.config import load_settings
from carrete.usecases.collect_garbage import GarbageReport, collect_garbage
from chaos.audit import Breakage, check, gather, play, wait_until_quiet
from chaos.faults import BY_NAME, durations
from chaos.recovery import Recovery, recoveries
from chaos.schedule import Planned, plan_run
from chaos.settings import LONGEST_FREEZE_S
from chaos.users import User, act, plan_uploads, signed_in
from chaos.world import World, open_world

UPLOADS_PER_S = 0.5
"""Uploads for each second of a run; what two cores can process beside the faults."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen of a run.

    Attributes:
        seconds: while things go wrong; the work that is left and the audit come on top.
        only: kinds of faults, by the beginning of their names; all without any.
    """

    seed: int
    seconds: float = 60.0
    users: int = 4
    workers: int = 3
    uploads: int | None = None
    only: tuple[str, ...] = ()
    log_dir: Path | None = None


@dataclass
class Result:
    """What a run saw.

    Attributes:
        struck: how often each kind of fault hit something.
        missed: how often it found nothing to hit.
        quiet: everything came to rest in time.
        ends: how many acknowledged uploads ended in which state.
        garbage: what no row pointed at and only ``carrete gc`` found.
    """

    options: Options
    struck: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)
    quiet: bool = False
    ends: dict[str, int] = field(default_factory=dict)
    videos_played: int = 0
    events_seen: int = 0
    resumed: int = 0
    garbage: GarbageReport = field(default_factory=GarbageReport)
    recovered: list[Recovery] = field(default_factory=list)
    breakages: list[Breakage] = field(default_factory=list)


Say = Callable[[str], None]


async def run(options: Options, say: Say) -> Result:
    """Do all of it; never longer than the sum of its bounds."""
    kinds = durations()
    if options.only:
        kinds = {name: kinds[name] for name in kinds if name.startswith(options.only)}
    plan = plan_run(options.seed, options.seconds, kinds)
    count = options.uploads or max(6, round(options.seconds * UPLOADS_PER_S))
    uploads = plan_uploads(options.seed, options.seconds, options.users, count)
    result = Result(options)
    async with open_world(options.seed, workers=options.workers, log_dir=options.log_dir) as world:
        supervising = asyncio.ensure_future(world.stack.supervise())
        try:
            async with AsyncExitStack() as stack:
                users = [
                    await stack.enter_async_context(signed_in(world, number, options.seed))
                    for number in range(options.users)
                ]
                working = asyncio.ensure_future(act(world, users, uploads))
                await follow(world, plan, result, say)
                await asyncio.wait({working})
                if working.exception() is not None:
                    say(f"the users did not come to an end: {working.exception()!r}")
                await judge(world, users, result, say)
        finally:
            supervising.cancel()
            await asyncio.wait({supervising})
    result.breakages += leftovers(world)
    return result


async def follow(world: World, plan: tuple[Planned, ...], result: Result, say: Say) -> None:
    """Let go wrong what is planned, when it is planned, and heal it."""
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def one(planned: Planned) -> None:
        await asyncio.sleep(max(0.0, start + planned.at_s - loop.time()))
        fault = BY_NAME[planned.fault](planned.pick, planned.lasts_s)
        hit = await fault.strike(world)
        counts = result.struck if hit else result.missed
        counts[planned.fault] = counts.get(planned.fault, 0) + 1
        say(f"{planned} → {hit or 'nothing there'} (at {loop.time() - start:.1f} s)")
        try:
            await asyncio.sleep(planned.lasts_s)
        finally:
            await fault.heal(world)

    async with asyncio.TaskGroup() as group:
        for planned in plan:
            group.create_task(one(planned))
    # Whatever a fault of one kind healed while another of the same kind lasted.
    world.wire.heal()
    world.gateway.spells.clear()


async def judge(world: World, users: list[User], result: Result, say: Say) -> None:
    """Wait for rest and hold everything against what was promised."""
    say("peace; waiting until everything is at rest")
    result.quiet = await wait_until_quiet(world)
    result.garbage = await sweep(world)
    facts = await gather(world)
    ledger = world.ledger
    result.breakages += check(facts, ledger)
    states = {row["id"]: str(row["state"]) for row in facts.videos}
    for promise in ledger.acknowledged():
        end = states.get(promise.video_id, "deleted") if promise.video_id else "unknown"
        result.ends[end] = result.ends.get(end, 0) + 1
    say(f"playing {result.ends.get('ready', 0)} videos")
    by_id = {user.id: user for user in users}
    for promise in ledger.acknowledged():
        if promise.video_id in states:
            result.breakages += await play(by_id[promise.user], promise)
            result.videos_played += 1
    result.events_seen = sum(len(watch.seen) for watch in ledger.watches)
    result.resumed = sum(watch.resumed for watch in ledger.watches)
    result.recovered = list(recoveries(ledger.losses, facts.events))


async def sweep(world: World) -> GarbageReport:
    """What ``carrete gc`` does, of everything, however young."""
    env = world.environment
    settings = load_settings(
        database_url=env["CARRETE_DATABASE_URL"],
        aws_endpoint_url=world.aws_url,
        s3_bucket=world.bucket,
        sqs_queue_url=world.queue_url(),
        sqs_dlq_url=world.queue_url(dead=True),
    )
    async with open_container(settings) as container:
        return await collect_garbage(
            container.maintenance,
            container.objects,
            min_age_s=0,
            sweep_grace_s=LONGEST_FREEZE_S,
            dry_run=False,
        )


def leftovers(world: World) -> list[Breakage]:
    """What the whole tree left when it had stopped."""
    found = [
        Breakage("process left", f"{name} with pid {pid}")
        for name, pid in world.stack.processes.items()
    ]
    if world.folder.exists():
        found.append(Breakage("file left", str(world.folder)))
    return found
