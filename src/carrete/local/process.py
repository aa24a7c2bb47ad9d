"""One child process: started with a log, waited for, stopped for certain."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from carrete.domain.failures import CarreteError
from carrete.local import child
from carrete.local.janitor import Janitor

POLL_S = 0.05
"""Seconds between two looks at a readiness condition."""

TAIL_LINES = 40
"""Lines of a log that an error shows."""


class SandboxError(CarreteError):
    """A part of the local stack did not start or ended; the message shows the end of its log."""


@dataclass(frozen=True)
class Identity:
    """Numeric user and group that a child runs as."""

    user: int
    group: int


@dataclass(frozen=True)
class Command:
    """How to start, stop and find again one child.

    Attributes:
        name: what people call it, in messages and in ``Stack.processes``.
        argv: program and arguments; never a shell.
        log: file that its output is appended to.
        environment: its *whole* environment.
        directory: where it runs; here when not given.
        identity: who it runs as; the same user when not given. Takes the superuser.
        stop_signal: what asks it to end in good order.
        death_signal: what it gets when this process ends without stopping it.
        grace: seconds between ``stop_signal`` and SIGKILL.
    """

    name: str
    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    directory: Path | None = None
    identity: Identity | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0


class ManagedProcess:
    """A child in a process group of its own, which dies with this process.

    The group keeps Ctrl-C in a terminal away from it: the one who started it stops it, in order.
    Start it from the main thread (see ``child``). An async context manager: entering starts,
    leaving stops.
    """

    def __init__(self, command: Command, janitor: Janitor) -> None:
        self.command = command
        self._janitor = janitor
        self._process: asyncio.subprocess.Process | None = None
        self._group: int | None = None

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
    def name(self) -> str:
        """What people call it."""
        return self.command.name

    @property
    def pid(self) -> int | None:
        """Pid of the last start; the number of its process group too."""
        return self._process.pid if self._process else None

    @property
    def returncode(self) -> int | None:
        """Exit status, negative for a signal; ``None`` while it runs or was never started."""
        return self._process.returncode if self._process else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, again if it has ended.

        Raises:
            RuntimeError: it runs.
        """
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        await self.kill()  # What the children of the last start may have left.
        command, identity = self.command, self.command.identity or Identity(-1, -1)
        launch = (sys.executable, "-I", "-S", child.__file__, os.getpid())
        how = (int(command.death_signal), identity.user, identity.group)
        with ExitStack() as stack:
            log = stack.enter_context(_open_log(command.log))
            self._process = await asyncio.create_subprocess_exec(
                *(str(word) for word in (*launch, *how, *command.argv)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(command.environment),
                cwd=command.directory,
                start_new_session=True,
            )
        self._group = self._process.pid
        await self._janitor.started(self._group)

    async def wait(self) -> int:
        """Wait until it ends; its exit status.

        Raises:
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self._process.wait()

    async def wait_ready(self, condition: Callable[[], Awaitable[bool]], *, within: float) -> None:
        """Wait until ``condition`` holds.

        Args:
            condition: looks once, without waiting long.
            within: seconds.

        Raises:
            SandboxError: it ended before, or the time is up.
        """
        try:
            async with asyncio.timeout(within):
                while not await condition():
                    # The pause between two looks is a wait for the end of the process.
                    with contextlib.suppress(TimeoutError):
                        status = await asyncio.wait_for(self.wait(), POLL_S)
                        raise await self.failure(f"ended with {status} before it was ready")
        except TimeoutError as exc:
            raise await self.failure(f"was not ready within {within:g} s") from exc

    async def failure(self, what: str) -> SandboxError:
        """The error that says what happened to this child and shows the end of its log."""
        tail = await asyncio.to_thread(read_tail, self.command.log)
        return SandboxError(f"{self.name} {what}. The end of {self.command.log}:\n{tail}")

    async def stop(self, stop_signal: signal.Signals | None = None) -> int | None:
        """Ask it to end, wait ``grace`` seconds, kill it and all of its group; its exit status.

        Only the child itself is asked, since it is the one who ends its own children in good order.
        Stopping what does not run does nothing.
        """
        process = self._process
        if process is None:
            return None
        if process.returncode is None:
            self.signal(stop_signal or self.command.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.command.grace)
        return await self.kill()

    async def kill(self) -> int | None:
        """Kill it and all of its group with SIGKILL and wait for it; its exit status."""
        if self._process is None:
            return None
        # Once a start only: the number of a group that is gone may come to belong to somebody else.
        group, self._group = self._group, None
        if group is not None:
            # Also when the child has ended: its own children may not have.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            await self._janitor.stopped(group)
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child alone; nothing happens when it has ended."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


def read_tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log; a remark when there is none."""
    try:
        with path.open(errors="replace") as file:
            return "".join(deque(file, maxlen=lines)) or "(it is empty)"
    except FileNotFoundError:
        return "(there is none)"


def _open_log(path: Path) -> BinaryIO:
    return path.open("ab")
