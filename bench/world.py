"""A running system to measure."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from carrete.bootstrap import Container, open_container
from carrete.client.api import CarreteClient
from carrete.client.models import SignIn
from carrete.config import load_settings
from carrete.local.stack import Stack, StackOptions

UNLIMITED = {
    f"CARRETE_{name}": "0"
    for name in (
        "RATE_PER_S",
        "QUOTA_STORED_BYTES",
        "QUOTA_VIDEOS_IN_FLIGHT",
        "QUOTA_MINUTES_PER_DAY",
    )
}
"""One account and one address send what many would."""


@dataclass(frozen=True)
class World:
    """The processes, somebody who is signed in, and a look behind the API."""

    stack: Stack
    client: CarreteClient
    me: SignIn
    container: Container


@asynccontextmanager
async def world(
    workers: int, *, localstack_port: int = 0, environment: Mapping[str, str] | None = None
) -> AsyncIterator[World]:
    """PostgreSQL, LocalStack, one API process and some workers, for as long as the block runs."""
    options = StackOptions(
        api_port=0,
        localstack_port=localstack_port,
        workers=workers,
        environment={**UNLIMITED, **(environment or {})},
    )
    async with Stack(options) as stack, CarreteClient(stack.api_url) as client:
        me = await client.register(f"{uuid4().hex}@example.org", "correct horse battery")
        client.use_token(me.token)
        env = stack.environment
        os.environ.update({name: env[name] for name in env if name.startswith("AWS_")})
        settings = load_settings(
            database_url=env["CARRETE_DATABASE_URL"],
            aws_endpoint_url=env["CARRETE_AWS_ENDPOINT_URL"],
            s3_bucket=env["CARRETE_S3_BUCKET"],
            sqs_queue_url=env["CARRETE_SQS_QUEUE_URL"],
            sqs_dlq_url=env["CARRETE_SQS_DLQ_URL"],
        )
        async with open_container(settings) as container:
            yield World(stack, client, me, container)
