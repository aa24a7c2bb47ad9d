"""PostgreSQL's own pg_dump and pg_restore, and what the dumped rows point at."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from carrete.domain.artifacts import original_key
from carrete.domain.failures import TransientError
from carrete.ports import DumpError, KeptObject

_TAIL_CHARS = 2000

_ORIGINALS = """
SELECT owner_id, id, extension, size_bytes, content_type FROM video
WHERE state NOT IN ('uploading', 'deleting') ORDER BY id
"""

_RESULTS = """
SELECT a.key, a.size_bytes, a.content_type FROM artifact a JOIN video v ON v.id = a.video_id
WHERE a.state = 'live' AND v.state <> 'deleting' ORDER BY a.key
"""


class PostgresDumps:
    """Conforms to ``ports.DumpStore``."""

    def __init__(self, url: str, programs: Path) -> None:
        """Use a database.

        Args:
            url: ``postgresql+psycopg://…``.
            programs: directory of ``pg_dump`` and ``pg_restore``, no older than the server.
        """
        self._environment = _environment(url)
        self._programs = programs

    async def dump(self, target: Path) -> Sequence[KeptObject]:
        """See the port."""
        async with self._connection() as connection:
            # pg_dump reads the very snapshot that the keys are read from
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await connection.execute("SET idle_in_transaction_session_timeout = 0")
            row = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
            assert row is not None
            originals = await (await connection.execute(_ORIGINALS)).fetchall()
            results = await (await connection.execute(_RESULTS)).fetchall()
            await self._run(
                "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                f"--snapshot={row[0]}", f"--file={target}",
            )  # fmt: skip
        return [
            *(
                KeptObject(original_key(o, v, ext), size, kind)
                for o, v, ext, size, kind in originals
            ),
            *(KeptObject(*found) for found in results),
        ]

    async def require_empty(self) -> None:
        """See the port."""
        async with self._connection() as connection:
            found = await connection.execute(
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
            )
            row = await found.fetchone()
        if row is None or row[0]:
            msg = "the database is not empty; restore into a new one"
            raise DumpError(msg)

    async def restore(self, source: Path) -> None:
        """See the port."""
        await self.require_empty()
        await self._run(
            "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
            "--no-privileges", f"--dbname={self._environment['PGDATABASE']}", str(source),
        )  # fmt: skip

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        given = {_PARAMETERS[name]: value for name, value in self._environment.items()}
        where = make_conninfo(connect_timeout=10, **given)
        try:
            async with await psycopg.AsyncConnection.connect(where) as connection:
                yield connection
        except psycopg.OperationalError as exc:
            msg = f"the database: {exc}"
            raise TransientError(msg) from exc

    async def _run(self, program: str, *arguments: str) -> None:
        path = self._programs / program
        if not path.is_file():
            msg = f"there is no {path}; install PostgreSQL's client programs"
            raise DumpError(msg)
        process = await asyncio.create_subprocess_exec(
            path,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            # never as arguments, which every process of the machine can read
            env={"PATH": os.defpath, **self._environment},
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            msg = f"{program} failed: {said.decode(errors='replace')[-_TAIL_CHARS:].strip()}"
            raise DumpError(msg)


_PARAMETERS = {
    "PGHOST": "host",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGDATABASE": "dbname",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
}
"""libpq's variables, and what the same are called in a connection string."""


def _environment(url: str) -> dict[str, str]:
    """A SQLAlchemy URL as libpq's variables."""
    parts = make_url(url)
    query = {name: str(value) for name, value in parts.query.items()}
    given = {
        "PGHOST": parts.host or query.get("host"),
        "PGPORT": str(parts.port) if parts.port else query.get("port"),
        "PGUSER": parts.username,
        "PGPASSWORD": str(parts.password) if parts.password is not None else None,
        "PGDATABASE": parts.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    return {name: value for name, value in given.items() if value is not None}
