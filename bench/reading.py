"""What a job reads from S3, and what disk and memory a worker takes for an hour of video."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench import footage
from bench.meter import metered
from bench.playable import until_playable
from bench.proxy import counting
from bench.report import Report, Row, told
from bench.scaling import process
from bench.world import World, world
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.artifacts import MadeFile
from carrete.domain.plan import make_plan
from carrete.local.localstack import free_port

SOURCES = {"encoded": "hd", "copied": "copyable"}
SECONDS = 60
SMALL_S = 10
LONG = os.environ.get("CARRETE_BENCH_LONG", "1") == "1"
"""Whether an hour of video is looked at too."""
LONG_S = 3600
WATCH_S = 60.0
LOOK_S = 0.1
MB = 1e6
BLOCK = 512


@dataclass
class Disk:
    """Most bytes that a directory took, holes of sparse files not counted."""

    peak: int = 0


async def run() -> Report:
    """Count through a proxy; then watch a worker on a long video; then the steps of its end."""
    rows: list[Row] = []
    for how, kind in SOURCES.items():
        source = await asyncio.to_thread(footage.source, kind, SECONDS)
        rows += [await _read(how, source, workers) for workers in (2, 4, 1)]
    small = await asyncio.to_thread(footage.source, "hd", SMALL_S)
    rows += [await _read("of a small file", small, workers) for workers in (1, 2)]
    if not LONG:
        return Report("Bytes read", rows)
    rows += await _long_start()
    rows += await _long_end()
    return Report("Bytes read, disk and memory", rows)


async def _read(how: str, source: Path, workers: int) -> Row:
    """Bytes of the original that all tasks of one job read."""
    port = free_port(0)
    size = await asyncio.to_thread(size_of, source)
    async with counting(port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        async with world(
            workers=workers, localstack_port=port, environment={"CARRETE_AWS_ENDPOINT_URL": url}
        ) as system:
            await process(system, source)
    original = proxy.bytes_of("/original")
    rest = sum(proxy.read.values()) - original
    return told(
        Row(
            f"read of the original / its size, top rendition {how}, {workers} worker(s)",
            original / size,
            "x",
            goal="≤ 1.3",
            detail=f"{original / MB:.1f} of {size / MB:.1f} MB; parts to join: {rest / MB:.1f} MB",
        )
    )


async def _long_start() -> list[Row]:
    """One worker on an hour of 1080p: the first minute of its work."""
    source = await asyncio.to_thread(footage.full_hd, LONG_S)
    async with world(workers=1) as system:
        scratch = Path(system.stack.environment["CARRETE_SCRATCH_DIR"])
        with tempfile.TemporaryDirectory() as book:
            outcome = await upload_file(
                system.client,
                system.me.account.id,
                UploadRequest(source),
                book=UploadBook(Path(book)),
            )
        worker = system.stack.processes["worker-1"]
        async with metered([worker]) as usage, watched(scratch) as disk:
            await until_playable(system, outcome.video)
            await asyncio.sleep(WATCH_S)
        done = await _chunks_done(system, outcome.video.id)
        await system.client.cancel(outcome.video.id)
    size = await asyncio.to_thread(size_of, source)
    detail = f"{size / MB:.0f} MB source, first {WATCH_S:.0f} s, {done}"
    return [
        Row("scratch disk while encoding, peak", disk.peak / MB, "MB", detail=detail),
        Row("memory of the worker and its children, peak", usage.peak_rss / MB, "MB"),
        Row("memory of the worker process alone, peak", usage.peak_root_rss / MB, "MB"),
    ]


async def _chunks_done(system: World, video: UUID) -> str:
    job = await system.client.job(video)
    done = sum(task.finished_at is not None for task in job.tasks)
    return f"{done} of {len(job.tasks)} tasks done"


async def _long_end() -> list[Row]:
    """The steps of ``finish`` on an hour of 1080p whose picture was copied."""
    source = await asyncio.to_thread(footage.full_hd, LONG_S, copyable=True)
    transcoder = FfmpegTranscoder(Path(footage.ffmpeg()), threads=0)
    plan = make_plan(await transcoder.probe(source), allow_copy=True)
    with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
        out = Path(folder)
        kept = [plan.top.name]
        top: list[MadeFile] = []
        sound: list[MadeFile] = []
        for chunk in plan.chunks:
            top += await transcoder.encode_chunk(source, plan, chunk, out, _ignore, only=kept)
            sound += await transcoder.copy_sound(source, plan, chunk, out)
        async with metered() as usage, watched(out) as disk:
            pieces = ([one.path for one in top], [one.path for one in sound])
            [made] = await transcoder.assemble(plan, *pieces, out, _ignore)
            await transcoder.verify(plan, made.path)
            await transcoder.stills(plan, made.path, out)
        size = await asyncio.to_thread(size_of, made.path)
    return [
        Row(
            "scratch disk while joining an hour, peak",
            disk.peak / MB,
            "MB",
            detail=f"result of {size / MB:.0f} MB, in {usage.wall_s:.1f} s",
        ),
        Row("memory while joining an hour, peak", usage.peak_rss / MB, "MB"),
    ]


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Disk]:
    """The most that a directory takes while the block runs."""
    disk = Disk()

    async def watch() -> None:
        while True:
            disk.peak = max(disk.peak, await asyncio.to_thread(_taken, folder))
            await asyncio.sleep(LOOK_S)

    watching = asyncio.create_task(watch())
    try:
        yield disk
    finally:
        watching.cancel()
        await asyncio.wait({watching})


def size_of(path: Path) -> int:
    """Bytes of a file. Blocking."""
    return path.stat().st_size


def _taken(folder: Path) -> int:
    """Bytes on disk of all files below a directory. Blocking."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # it went meanwhile
            total += path.lstat().st_blocks * BLOCK
    return total


def _ignore(_: float) -> None:
    """Takes progress that nobody watches."""
