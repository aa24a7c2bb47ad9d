"""What this process started and made, on a list that outlives it."""

import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Self

from carrete.local import sweeper


class Janitor:
    """Keeps the list of started process groups and made directories in a process of its own.

    If this process ends without stopping what it started (even by SIGKILL), that process does it:
    see ``sweeper``. An async context manager; leaving it sweeps at once whatever is still on the
    list.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", sweeper.__file__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            # Its own session: a signal to our whole process group must not reach it.
            start_new_session=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()
        await process.wait()

    @property
    def pid(self) -> int | None:
        """Pid of the process that keeps the list."""
        return self._process.pid if self._process else None

    async def started(self, group: int) -> None:
        """Put a process group on the list."""
        await self._order(f"+group {group}")

    async def stopped(self, group: int) -> None:
        """Take a process group off the list."""
        await self._order(f"-group {group}")

    async def make_directory(self, prefix: str, parent: Path | None = None) -> Path:
        """Make a temporary directory that will be gone when this process is.

        Args:
            prefix: start of its name.
            parent: where to make it; the system's temporary directory when not given.
        """
        path = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=prefix, dir=parent))
        await self._order(f"+dir {path}")
        return path

    async def remove_directory(self, path: Path) -> None:
        """Remove a directory that ``make_directory`` made, with all that is in it."""
        await asyncio.to_thread(rmtree, path, ignore_errors=True)
        # What could not be removed now stays on the list, for the sweeper's second try.
        if not await asyncio.to_thread(path.exists):
            await self._order(f"-dir {path}")

    async def _order(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the janitor is used outside its context")
        self._process.stdin.write(f"{line}\n".encode())
        # A sweeper that somebody killed takes no orders; what we stop ourselves needs none.
        with suppress(BrokenPipeError, ConnectionResetError):
            await self._process.stdin.drain()
