"""The running system with everything that can be done to it."""

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

import psycopg
from psycopg.rows import dict_row

from carrete.local.stack import Stack, StackOptions
from chaos.gateway import Gateway, open_gateway
from chaos.ledger import Ledger
from chaos.settings import ENVIRONMENT, SCRATCH_BYTES
from chaos.wire import Wire, open_wire


@dataclass
class World:
    """What faults are done to, and what the audit looks at.

    Attributes:
        dsn: the database, past the wire.
        aws_url: S3 and SQS, past the gateway.
        scratch: the scratch directory of the workers.
        scratch_is_small: it is a disk of its own, which can be filled.
        uploads: pids of the clients that run now.
    """

    stack: Stack
    wire: Wire
    gateway: Gateway
    dsn: str
    aws_url: str
    folder: Path
    scratch: Path
    scratch_is_small: bool
    ledger: Ledger = field(default_factory=Ledger)
    uploads: set[int] = field(default_factory=set)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[psycopg.AsyncConnection[dict[str, object]]]:
        """A connection of our own to the truth."""
        connection = await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, row_factory=dict_row
        )
        async with connection:
            yield connection

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the API and the workers."""
        return self.stack.environment

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.environment["CARRETE_S3_BUCKET"]

    def queue_url(self, *, dead: bool = False) -> str:
        """URL of a queue, past the gateway."""
        name = "CARRETE_SQS_DLQ_URL" if dead else "CARRETE_SQS_QUEUE_URL"
        return self.environment[name].replace(self.gateway.url, self.aws_url)


@dataclass
class _Reroute:
    """Puts the wire and the gateway between the processes and the stores."""

    wire: Wire
    gateway: Gateway
    dsn: str = ""
    aws_url: str = ""

    def __call__(self, own: Mapping[str, str]) -> Mapping[str, str]:
        database = own["CARRETE_DATABASE_URL"]
        directory = unquote(database.partition("host=")[2])
        self.dsn = f"postgresql://postgres@/postgres?host={quote(directory, safe='')}"
        self.aws_url = own["CARRETE_AWS_ENDPOINT_URL"]
        self.wire.socket = Path(directory, ".s.PGSQL.5432")
        self.gateway.upstream = self.aws_url
        changed = {
            name: value.replace(self.aws_url, self.gateway.url)
            for name, value in own.items()
            if name.startswith("CARRETE_")
        }
        changed["CARRETE_DATABASE_URL"] = (
            f"postgresql+psycopg://postgres@127.0.0.1:{self.wire.port}/postgres"
        )
        return {**own, **changed}


@asynccontextmanager
async def open_world(
    seed: int, *, workers: int, log_dir: Path | None = None, small_disk: bool = True
) -> AsyncIterator[World]:
    """The system behind a wire and a gateway; everything is gone at the end.

    The small disk is mounted for everybody to see, so that only a process with mounts of its own
    should want one.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carrete-chaos-")))
        scratch = folder / "scratch"
        scratch.mkdir()
        small = small_disk and mount_small_disk(scratch)
        if small:
            stack.callback(unmount, scratch)
        wire = await stack.enter_async_context(open_wire())
        gateway = await stack.enter_async_context(open_gateway(seed))
        reroute = _Reroute(wire, gateway)
        options = StackOptions(
            api_port=0,
            localstack_port=0,
            workers=workers,
            log_dir=log_dir or folder / "logs",
            environment={**ENVIRONMENT, "CARRETE_SCRATCH_DIR": str(scratch)},
            reroute=reroute,
        )
        running = await stack.enter_async_context(Stack(options))
        world = World(
            stack=running,
            wire=wire,
            gateway=gateway,
            dsn=reroute.dsn,
            aws_url=reroute.aws_url,
            folder=folder,
            scratch=scratch,
            scratch_is_small=small,
        )
        yield world


def mount_small_disk(directory: Path) -> bool:
    """Mount a small disk in memory, which the superuser can. Blocking."""
    if os.geteuid() != 0:
        return False
    options = f"size={SCRATCH_BYTES},mode=0777"
    argv = ("mount", "-t", "tmpfs", "-o", options, "carrete-chaos", str(directory))
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def unmount(directory: Path) -> None:
    """Give the memory back. Blocking."""
    subprocess.run(("umount", "--lazy", str(directory)), check=True)
