"""``GET /videos`` beside a bare FastAPI route that runs the same SQL."""

import asyncio
import os
import sys

from bench.load import Load, drive
from bench.report import Report, Row, middle
from bench.world import World, world
from carrete.local.localstack import free_port

VIDEOS = 10_000
ROUNDS = 5
SECONDS = 4.0
CONNECTIONS = 8


async def run() -> Report:
    """One process of each, driven in turns by the same generator."""
    async with world(workers=0) as system:
        await _fill(system)
        port = free_port(0)
        bare = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.bare",
            str(port),
            str(system.me.account.id),
            env={**os.environ, **system.stack.environment},
        )
        try:
            ours, theirs = await _rounds(system, f"http://127.0.0.1:{port}/videos")
        finally:
            bare.terminate()
            await bare.wait()
    ratio = middle([load.per_second for load in ours]) / middle(
        [load.per_second for load in theirs]
    )
    return Report(
        "List of 100 of 10,000 videos",
        [
            Row(
                "requests a second, Carrete / bare route",
                ratio,
                "x",
                goal="≥ 0.7",
                detail=f"{middle([load.per_second for load in ours]):.0f} and"
                f" {middle([load.per_second for load in theirs]):.0f}, {CONNECTIONS} connections",
            ),
            Row(
                "p99 under that load",
                middle([load.p99_s for load in ours]) * 1000,
                "ms",
                detail=f"bare {middle([load.p99_s for load in theirs]) * 1000:.0f} ms",
            ),
        ],
    )


async def _rounds(system: World, bare: str) -> tuple[list[Load], list[Load]]:
    ours, theirs = [], []
    url = f"{system.stack.api_url}/api/videos?limit=100"
    for _ in range(ROUNDS):
        ours.append(await drive(url, system.me.token, CONNECTIONS, SECONDS))
        theirs.append(await drive(bare, "", CONNECTIONS, SECONDS))
    return ours, theirs


async def _fill(system: World) -> None:
    import psycopg  # noqa: PLC0415 - only here

    url = system.stack.environment["CARRETE_DATABASE_URL"].replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(
            "INSERT INTO video (id, owner_id, name, extension, content_type, size_bytes,"
            " part_size, profile, state, request_hash, duration_s, width, height, frame_rate,"
            " video_codec, audio_codec) SELECT uuidv7(), %s, 'film ' || n || '.mp4', '.mp4',"
            " 'video/mp4', 1000000 + n, 8388608, 'h264', 'ready', '', 60.5, 1920, 1080, 29.97,"
            " 'h264', 'aac' FROM generate_series(1, %s) n",
            (system.me.account.id, VIDEOS),
        )
        await connection.execute("ANALYZE video")
