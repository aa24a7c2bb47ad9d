from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from tests.conftest import Aws
from tests.integration.api.serving import Client, Service, serve, settings_for

from carrete.local.localstack import LocalStackServer
from carrete.local.postgres import PostgresServer


@pytest.fixture(scope="session")
async def service(
    postgres: PostgresServer, template: str, localstack: LocalStackServer
) -> AsyncIterator[Service]:
    """One API for all tests that keep to their own accounts."""
    name = f"api_{uuid4().hex[:12]}"
    connection = await psycopg.AsyncConnection.connect(
        host=str(postgres.directory), user="postgres", dbname="postgres", autocommit=True
    )
    async with connection:
        await connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    aws = Aws(localstack.endpoint_url, uuid4().hex[:12])
    # Every test registers from this one address.
    settings = settings_for(postgres.dsn(name), aws, signin_limit=1000)
    async with serve(settings) as running:
        yield running


@pytest.fixture
async def ana(service: Service) -> Client:
    return await service.account("ana")


@pytest.fixture
async def own_service(database_url: str, aws: Aws) -> AsyncIterator[Service]:
    """An API of the test's own, for those that look at the whole queue or end the server."""
    async with serve(settings_for(database_url, aws)) as running:
        yield running
