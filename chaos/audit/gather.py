"""Collect the facts, each from where it is true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
from aiobotocore.session import get_session

from carrete.local.stack import API
from chaos.audit.base import Facts, Row
from chaos.world import World

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.literals import QueueAttributeNameType

TABLES = {
    "videos": "SELECT * FROM video ORDER BY id",
    "jobs": "SELECT * FROM job ORDER BY id",
    "tasks": "SELECT *, lease_until > now() AS leased FROM task ORDER BY id",
    "artifacts": "SELECT * FROM artifact ORDER BY key",
    "events": "SELECT id, owner_id, video_id, type, data, at FROM event ORDER BY id",
}

DEPTHS: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


async def gather(world: World) -> Facts:
    """Look at everything once."""
    rows: dict[str, list[Row]] = {}
    async with world.database() as connection:
        for name, query in TABLES.items():
            cursor = await connection.execute(query.encode())
            rows[name] = list(await cursor.fetchall())
    async with open_s3(world) as s3:
        objects = await list_objects(s3, world.bucket)
        uploads = await list_uploads(s3, world.bucket)
    async with open_sqs(world) as sqs:
        messages = {
            "queue": await depth(sqs, world.queue_url()),
            "dead letters": await depth(sqs, world.queue_url(dead=True)),
        }
    return Facts(
        videos=rows["videos"],
        jobs=rows["jobs"],
        tasks=rows["tasks"],
        artifacts=rows["artifacts"],
        events=rows["events"],
        objects=objects,
        uploads=uploads,
        messages=messages,
        files=await asyncio.to_thread(left_files, world),
        processes=await asyncio.to_thread(stray_processes, world),
    )


@asynccontextmanager
async def open_s3(world: World) -> AsyncIterator["S3Client"]:
    """A client of our own to the store itself."""
    async with get_session().create_client("s3", **_client(world)) as client:
        yield client


@asynccontextmanager
async def open_sqs(world: World) -> AsyncIterator["SQSClient"]:
    """A client of our own to the queues themselves."""
    async with get_session().create_client("sqs", **_client(world)) as client:
        yield client


def _client(world: World) -> dict[str, Any]:
    env = world.environment
    return {
        "endpoint_url": world.aws_url,
        "region_name": env["AWS_DEFAULT_REGION"],
        "aws_access_key_id": env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"],
    }


async def list_objects(s3: "S3Client", bucket: str) -> dict[str, int]:
    """Every object with its size."""
    found: dict[str, int] = {}
    async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        found |= {item["Key"]: item["Size"] for item in page.get("Contents", [])}
    return found


async def list_uploads(s3: "S3Client", bucket: str) -> list[str]:
    """The key of every open multipart upload."""
    found: list[str] = []
    async for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        found += [item["Key"] for item in page.get("Uploads", [])]
    return found


async def depth(sqs: "SQSClient", url: str) -> int:
    """Messages of a queue, in whatever state."""
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*DEPTHS])
    counts = [int(answer["Attributes"][name]) for name in DEPTHS]
    return sum(counts)


def left_files(world: World) -> list[str]:
    """What is left in the scratch directory: of tasks that are over, or of workers that are gone.

    Blocking. Originals that a running worker keeps for the next task are no waste.
    """
    alive = {str(pid) for pid in world.stack.processes.values()}
    left = [str(path.relative_to(world.scratch)) for path in world.scratch.glob("*/attempts/*")]
    left += [
        home.name
        for home in world.scratch.iterdir()
        if home.is_dir() and home.name.rsplit("-", 2)[1] not in alive
    ]
    return sorted(left)


def stray_processes(world: World) -> list[str]:
    """Processes that work in the scratch directory, or below a worker that has nothing to do.

    Blocking.
    """
    own = world.stack.processes
    strays = set()
    for name in (API, *world.stack.worker_names):
        with suppress(KeyError, psutil.NoSuchProcess):
            strays |= set(psutil.Process(own[name]).children(recursive=True))
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in own.values() and any(
                str(world.scratch) in word for word in process.cmdline()
            ):
                strays.add(process)
    found = []
    for process in strays:
        with suppress(psutil.Error):
            found.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
    return sorted(found)
