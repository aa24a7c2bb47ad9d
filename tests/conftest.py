"""What every kind of test shares: the real stores, started once for each test process.

A test asks for ``database_url`` or ``aws`` and gets something that no other test touches.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from carrete.local.localstack import LocalStackServer, find_python
from carrete.local.postgres import PostgresServer
from carrete.local.process import SandboxError

TEMPLATE = "carrete_template"


@dataclass(frozen=True)
class Aws:
    """Where S3 and SQS answer, and what makes this test's names its own."""

    endpoint_url: str
    suffix: str

    @property
    def bucket(self) -> str:
        return f"carrete-{self.suffix}"

    def queue_url(self, name: str = "carrete") -> str:
        """URL of the queue ``{name}-{suffix}``, whether it exists or not."""
        return f"{self.endpoint_url}/000000000000/{name}-{self.suffix}"


@pytest.fixture(autouse=True, scope="session")
def aws_credentials() -> None:
    """Only LocalStack's: no test may reach an account that the machine knows."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "test"
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def missing(service: str, error: SandboxError) -> None:
    """Skip where a person works; fail where the result counts."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"{service}: {error}")
    pytest.skip(f"{service}: {error}")


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    """A PostgreSQL for this process, empty but for the migrated template."""
    server = PostgresServer()
    try:
        await server.start()
    except SandboxError as error:
        missing("PostgreSQL", error)
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture(scope="session")
async def template(postgres: PostgresServer) -> str:
    """Name of a migrated database, which each test's own is a copy of."""
    # Not at import: the tests of the servers themselves need none of it.
    from carrete import bootstrap  # noqa: PLC0415

    await administer(postgres, "CREATE DATABASE {}", TEMPLATE)
    await asyncio.to_thread(bootstrap.migrate, postgres.dsn(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_url(postgres: PostgresServer, template: str) -> AsyncIterator[str]:
    """URL of this test's own migrated database."""
    name = f"test_{uuid4().hex[:12]}"
    await administer(postgres, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield postgres.dsn(name)
    # FORCE: a test that failed may have left connections.
    await administer(postgres, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
async def localstack() -> AsyncIterator[LocalStackServer]:
    """S3 and SQS for this process."""
    try:
        find_python()
    except SandboxError as error:
        missing("LocalStack", error)
    async with LocalStackServer(port=0) as server:
        yield server


@pytest.fixture
def aws(localstack: LocalStackServer) -> Aws:
    """Where S3 and SQS answer, and a suffix for the names of this test's bucket and queues."""
    return Aws(localstack.endpoint_url, uuid4().hex[:12])


async def administer(server: PostgresServer, statement: str, *names: str) -> None:
    """Run a statement about databases, whose names stand for its ``{}``."""
    connection = await psycopg.AsyncConnection.connect(
        host=str(server.directory), user="postgres", dbname="postgres", autocommit=True
    )
    async with connection:
        await connection.execute(
            sql.SQL(statement).format(*(sql.Identifier(name) for name in names))
        )
