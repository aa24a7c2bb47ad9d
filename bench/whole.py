"""The whole result of one video beside what plain ffmpeg commands take for it: CPU and wall time.

Ladder, downloadable MP4, poster and storyboard. The sides take turns in one run.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench import by_hand, footage
from bench.meter import Usage, metered
from bench.report import Report, Row, middle
from bench.world import World, world
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.client.events import wait_until_settled
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.artifacts import MadeFile
from carrete.domain.plan import Chunk, Plan, make_plan
from carrete.domain.video import VideoState
from carrete.usecases.tasks.encode import early_renditions

SECONDS = int(os.environ.get("CARRETE_BENCH_SECONDS", "60"))
"""Length of the video; 600 for the second goal, for which only its two sides are made."""
SHORT_S = 60
ROUNDS = int(os.environ.get("CARRETE_BENCH_ROUNDS", "3" if SECONDS <= SHORT_S else "1"))
HAND_GOAL = "≤ 1.10" if SECONDS <= SHORT_S else "≤ 1.05"
EACH_GOAL = "≤ 0.50"
SPREAD = {"CARRETE_WORKER_SLOTS": "2", "CARRETE_WORKER_THREADS": "1"}
"""A worker that encodes two chunks at once with a thread for each, as suits two cores."""


T = TypeVar("T")
SIDES = ("system", "all", "spread", "calls", "hand", "each", "mediacms")


@dataclass
class Side:
    """What one way of making the result took, in each round."""

    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)

    def add(self, *usages: Usage) -> None:
        """Count the steps of one round together."""
        self.cpu_s.append(sum(usage.cpu_s for usage in usages))
        self.wall_s.append(sum(usage.wall_s for usage in usages))
        self.rss.append(max(usage.peak_rss for usage in usages))


async def run() -> Report:
    """Make the same result in several ways, in turns."""
    source = await asyncio.to_thread(footage.full_hd, SECONDS)
    transcoder = FfmpegTranscoder(Path(footage.ffmpeg()), threads=0)
    plan = make_plan(await transcoder.probe(source), allow_copy=True)
    sides = {name: Side() for name in SIDES}
    async with (
        world(workers=1) as system,
        world(workers=1, environment=SPREAD) as spread,
    ):
        for _ in range(ROUNDS):
            sides["hand"].add(await _scratch(lambda out: _hand(plan, source, out)))
            await _system(spread, source, sides["spread"], Side())
            if SECONDS > SHORT_S:
                continue
            await _system(system, source, sides["system"], sides["all"])
            sides["calls"].add(await _scratch(lambda out: _calls(transcoder, source, out)))
            for name, commands in (
                ("each", by_hand.one_for_each_thing),
                ("mediacms", by_hand.as_mediacms),
            ):
                with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
                    sides[name].add(*await _run(commands(plan, source, Path(folder))))
    return _report(sides)


def _report(sides: dict[str, Side]) -> Report:
    one_each, mediacms = "one ffmpeg for each thing", "the commands that MediaCMS runs"
    pairs = (
        ("system", "hand", "Carrete / best single command", HAND_GOAL),
        ("all", "hand", "Carrete and its stores / best single command", ""),
        ("spread", "hand", "Carrete, two slots of one thread / best single command", HAND_GOAL),
        ("calls", "hand", "its ffmpeg steps alone / best single command", ""),
        ("system", "each", f"Carrete / {one_each}", EACH_GOAL),
        ("spread", "each", f"Carrete, two slots of one thread / {one_each}", EACH_GOAL),
        ("calls", "each", f"its ffmpeg steps alone / {one_each}", EACH_GOAL),
        ("system", "mediacms", f"Carrete / {mediacms}", EACH_GOAL),
        ("spread", "mediacms", f"Carrete, two slots of one thread / {mediacms}", EACH_GOAL),
    )
    rows = []
    for ours, theirs, name, goal in pairs:
        if not (sides[ours].cpu_s and sides[theirs].cpu_s):
            continue
        for what in ("cpu_s", "wall_s"):
            mine, other = (middle(getattr(sides[side], what)) for side in (ours, theirs))
            detail = f"{mine:.1f} and {other:.1f} s"
            rows.append(Row(f"{what[:-2]}: {name}", mine / other, "x", goal, detail))
    rows += [
        Row(f"memory of the worker, {name}", middle(sides[side].rss) / 1e6, "MB")
        for side, name in (("system", "one slot"), ("spread", "two slots of one thread"))
        if sides[side].rss
    ]
    return Report(f"The whole result of {SECONDS} s of 1080p, median of {ROUNDS}", rows)


async def _scratch(work: Callable[[Path], Awaitable[T]]) -> T:
    with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
        return await work(Path(folder))


async def _command(arguments: tuple[str, ...]) -> Usage:
    """What one ffmpeg takes."""
    async with metered() as usage:
        process = await asyncio.create_subprocess_exec(footage.ffmpeg(), *arguments)
        if await process.wait():
            raise RuntimeError(f"ffmpeg failed: {arguments}")
    return usage


async def _hand(plan: Plan, source: Path, out: Path) -> Usage:
    return await _command(by_hand.all_at_once(plan, source, out))


async def _run(commands: dict[str, tuple[str, ...]]) -> list[Usage]:
    return [await _command(command) for command in commands.values()]


async def _system(system: World, source: Path, side: Side, everything: Side) -> None:
    """From the complete upload to ready: the worker, and all processes of the system."""
    with tempfile.TemporaryDirectory() as book:
        request, kept = UploadRequest(source), UploadBook(Path(book))
        processes = system.stack.processes
        created = upload_file(system.client, system.me.account.id, request, book=kept)
        async with (
            metered([processes["worker-1"]]) as worker,
            metered([pid for name, pid in processes.items() if name != "worker-1"]) as others,
        ):
            outcome = await created
            video = await wait_until_settled(system.client, outcome.video.id)
    if video.state is not VideoState.READY or video.finished_at is None or not video.uploaded_at:
        raise RuntimeError(f"the video failed: {video}")
    wall = (video.finished_at - video.uploaded_at).total_seconds()
    side.add(Usage(worker.cpu_s, wall, worker.peak_rss))
    everything.add(Usage(worker.cpu_s + others.cpu_s, wall))
    await system.client.remove(video.id)


async def _calls(transcoder: FfmpegTranscoder, source: Path, out: Path) -> Usage:
    """The same calls that the tasks make, one after the other, without the system around them."""
    async with metered() as usage:
        info = await transcoder.probe(source)
        plan = make_plan(info, allow_copy=True)
        top: list[Path] = []
        sound: list[Path] = []
        for chunk in plan.chunks:
            folder = out / str(chunk.index)
            folder.mkdir()
            sound += [one.path for one in await transcoder.copy_sound(source, plan, chunk, folder)]
            top += await _encode(transcoder, source, plan, chunk, folder)
        if plan.audio is not None and not plan.audio.copy:
            whole = await transcoder.encode_audio(source, plan, out, _ignore)
            sound = [one.path for one in whole]
        made = await transcoder.assemble(plan, top, sound, out, _ignore)
        await transcoder.verify(plan, made[0].path)
        await transcoder.stills(plan, made[0].path, out)
    return usage


async def _encode(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, chunk: Chunk, out: Path
) -> list[Path]:
    """One chunk as the task makes it: of the first one, what players start with by itself."""
    early = early_renditions(plan) if chunk.index == 0 else ()
    later = [one.name for one in plan.renditions if one.name not in early]
    made: list[MadeFile] = []
    for only in (early, later):
        if only:
            made += await transcoder.encode_chunk(source, plan, chunk, out, _ignore, only=only)
    return [one.path for one in made if one.rendition == plan.top.name]


def _ignore(_: float) -> None:
    """Takes progress that nobody watches."""
