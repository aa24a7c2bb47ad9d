"""The embedded PostgreSQL and LocalStack serve, on loopback only, and leave nothing behind."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from aiobotocore.session import get_session
from psycopg.conninfo import make_conninfo
from tests.local.watching import alive, connected, listening, tree, until

from carrete.local.localstack import LocalStackServer, find_python, free_port
from carrete.local.postgres import PostgresServer
from carrete.local.process import SandboxError

HOLDER = """
import asyncio
from carrete.local.localstack import LocalStackServer
from carrete.local.postgres import PostgresServer

async def main():
    async with PostgresServer() as postgres, LocalStackServer(port=0) as localstack:
        print(postgres.pid, localstack.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

GONE_S = 15.0


@pytest.fixture
def private_tmp(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A temporary directory that only this test's servers use; it must be empty at its end."""
    # pytest makes its own when it is first asked for: before, not in here.
    tmp_path_factory.getbasetemp()
    path = Path(tempfile.mkdtemp(prefix="carrete-test-"))
    # Under root PostgreSQL runs as somebody else, who has to get through.
    path.chmod(0o711)
    monkeypatch.setattr("tempfile.tempdir", str(path))
    monkeypatch.setenv("TMPDIR", str(path))
    yield path
    path.rmdir()


async def test_postgres_serves_and_leaves_nothing(private_tmp: Path) -> None:
    async with PostgresServer() as server:
        assert server.pid is not None
        pids = tree(server.pid)
        connection = await psycopg.AsyncConnection.connect(
            host=str(server.directory), user="postgres"
        )
        async with connection:
            row = await (await connection.execute("SHOW server_version_num")).fetchone()
        assert row is not None
        assert int(row[0]) >= 180000
        assert listening(pids) == set()
    assert not any(alive(pid) for pid in pids)
    assert os.listdir(private_tmp) == []  # noqa: PTH208 - a name is all we ask


async def test_postgres_keeps_its_data_over_a_restart() -> None:
    async with PostgresServer() as server:
        where = make_conninfo(host=str(server.directory), user="postgres")
        async with await psycopg.AsyncConnection.connect(where) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        before = server.pid
        await server.restart()
        assert server.pid != before
        async with await psycopg.AsyncConnection.connect(where) as connection:
            row = await (await connection.execute("SELECT n FROM kept")).fetchone()
        assert row == (7,)


async def test_dsn_names_database_and_socket() -> None:
    async with PostgresServer() as server:
        dsn = server.dsn("some")
        assert dsn.startswith("postgresql+psycopg://postgres@/some?host=")
        assert "%2F" in dsn


async def test_localstack_serves_s3_and_sqs(localstack: LocalStackServer) -> None:
    session = get_session()
    url = localstack.endpoint_url
    async with session.create_client("s3", endpoint_url=url) as s3:
        await s3.create_bucket(
            Bucket="probe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        await s3.put_object(Bucket="probe", Key="k", Body=b"bytes")
        answer = await s3.get_object(Bucket="probe", Key="k")
        assert await answer["Body"].read() == b"bytes"
    async with session.create_client("sqs", endpoint_url=url) as sqs:
        url = (await sqs.create_queue(QueueName="probe"))["QueueUrl"]
        await sqs.send_message(QueueUrl=url, MessageBody="ding", MessageGroupId="user")
        got = await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)
        assert [message.get("Body") for message in got.get("Messages", [])] == ["ding"]
        # A name server must not be needed to reach it.
        assert url == f"{localstack.endpoint_url}/000000000000/probe"


async def test_localstack_listens_on_loopback_only(localstack: LocalStackServer) -> None:
    assert localstack.pid is not None
    addresses = listening(tree(localstack.pid))
    assert addresses
    assert all(ip_address(address).is_loopback for address in addresses)


async def test_localstack_leaves_nothing_and_calls_nobody(
    private_tmp: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("log") / "localstack.log"
    async with LocalStackServer(port=0, log=log) as server:
        assert server.pid is not None
        pid = server.pid
        assert all(ip_address(address).is_loopback for address in connected(tree(pid)))
    assert not alive(pid)
    # The one lookup that it tries at start, and is refused. Another is a new one to be switched
    # off.
    refused = {line for line in log.read_text().splitlines() if line.startswith("REFUSED")}
    assert refused <= {"REFUSED socket.gethostbyname s3.127.0.0.1"}


async def test_localstack_without_its_environment_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="make setup"):
        find_python(tmp_path / "python")


def test_free_port_skips_a_taken_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        assert free_port(port) > port


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_nothing_is_left_when_the_parent_is_killed(
    private_tmp: Path, number: signal.Signals
) -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert holder.stdout is not None
    async with asyncio.timeout(60):
        pids = [int(pid) for pid in (await holder.stdout.readline()).split()]
    children = set(tree(holder.pid)) - {holder.pid}
    assert set(pids) <= children
    # The whole group, as a closed terminal or a service manager would.
    os.killpg(holder.pid, number)
    await holder.wait()
    await asyncio.to_thread(until, lambda: not any(map(alive, children)), GONE_S)
    await asyncio.to_thread(until, lambda: not any(private_tmp.iterdir()), GONE_S)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser runs it as somebody else")
async def test_postgres_runs_from_a_copy_where_its_user_may_not_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("carrete.local.postgres._open_to_all", lambda _: False)
    async with PostgresServer() as server:
        assert (server.directory / "server").is_dir()
