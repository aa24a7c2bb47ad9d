"""The one place that starts a process: progress in, limits on, an end for certain.

Cancelling the task that runs a command kills the command's whole process group and waits for its
end before the cancellation goes on.
"""

import asyncio
import contextlib
import os
import shlex
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from carrete import tracing
from carrete.adapters.ffmpeg.sandbox import ENVIRONMENT, Grant, Jail
from carrete.domain.failures import FailureCode, InvalidInputError, TransientError
from carrete.domain.media import FfmpegError

TAIL_LINES = 40
MAX_LINE = 1 << 16
MAX_OUTPUT = 64 << 20
KILLED_BY_SHELL = 128

_INPUT_FAULTS = (
    "Invalid data found when processing input",
    "moov atom not found",
    "Decode error rate",
    "Could not find codec parameters",
    "Nothing was written into output file",
    "Error while decoding",
    "Error submitting packet to decoder",
)
_UNSUPPORTED = ("no decoder found", "Decoder not found", "not implemented. Update your FFmpeg")
_TRACED = {"frame", "fps", "speed", "out_time_us", "total_size"}
"""Keys of ffmpeg's progress that a trace shows: how much was made, and how fast."""

_PASSING = ("No space left on device", "Input/output error", "Disk quota exceeded")


@dataclass(frozen=True, slots=True)
class Command:
    """A child process to run.

    Attributes:
        argv: program and arguments, never a shell.
        grant: what it may touch and use.
        total: what counts as all of it, in the unit of ``unit``.
        unit: the key of ffmpeg's ``-progress`` output that counts up to ``total``.
    """

    argv: tuple[str, ...]
    grant: Grant
    total: float = 0
    unit: str = "frame"

    def __str__(self) -> str:
        """The command as one can paste it into a shell."""
        return shlex.join(self.argv)


@dataclass(slots=True)
class Outcome:
    """What a finished command left.

    Attributes:
        complaints: lines that it wrote to standard error.
        tail: the last of them.
        counts: the last value of each progress key.
    """

    complaints: int = 0
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    counts: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs commands inside a jail."""

    def __init__(self, jail: Jail, *, stall_seconds: float) -> None:
        """Keep what every command is run with.

        Args:
            jail: locks each child in.
            stall_seconds: a command whose progress stands still for so long is killed.
        """
        self._jail = jail
        self._stall_seconds = stall_seconds

    async def encode(self, command: Command, on_progress: Callable[[float], None]) -> Outcome:
        """Run an ffmpeg that reports its progress on standard output.

        Raises:
            InvalidInputError: what it read is damaged or can't be decoded.
            TransientError: it was killed, stalled, or the disk is full.
            FfmpegError: it failed in any other way.
        """
        outcome = Outcome()
        async with self._started(command, outcome) as process:
            errors = asyncio.create_task(_collect(process, outcome))
            try:
                await self._follow(process, command, outcome, on_progress)
                code = await process.wait()
                await errors
            finally:
                errors.cancel()
        check_exit(command, code, outcome)
        return outcome

    async def output(self, command: Command, *, timeout: float) -> bytes:  # noqa: ASYNC109
        """What a short command printed.

        Raises:
            TransientError: it was killed.
            TimeoutError: it took longer than ``timeout`` seconds.
            FfmpegError: it failed in any other way.
        """
        outcome = Outcome()
        async with self._started(command, outcome) as process, asyncio.timeout(timeout):
            errors = asyncio.create_task(_collect(process, outcome))
            try:
                assert process.stdout is not None
                data = await process.stdout.read(MAX_OUTPUT)
                chunks = [data]
                while data:
                    data = await process.stdout.read(MAX_OUTPUT)
                    chunks.append(data)
                code = await process.wait()
                await errors
            finally:
                errors.cancel()
        check_exit(command, code, outcome)
        return b"".join(chunks)

    @contextlib.asynccontextmanager
    async def _started(
        self, command: Command, outcome: Outcome
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        program = Path(command.argv[0]).name
        with tracing.span(program, process__executable__name=program) as span:
            async with self._process(command) as process:
                span.set_attribute("process.pid", process.pid)
                yield process
            for name in _TRACED & outcome.counts.keys():
                span.set_attribute(f"ffmpeg.{name}", outcome.counts[name])
            span.set_attribute("process.exit.code", process.returncode or 0)

    @contextlib.asynccontextmanager
    async def _process(self, command: Command) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *self._jail.wrap(command.argv, command.grant),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # its own process group, so that all of it can be killed
            env=dict(ENVIRONMENT),
            limit=MAX_LINE,
        )
        try:
            yield process
        finally:
            await _end(process)

    async def _follow(
        self,
        process: asyncio.subprocess.Process,
        command: Command,
        outcome: Outcome,
        on_progress: Callable[[float], None],
    ) -> None:
        """Read progress until the end of output; stand-still for too long is an error."""
        assert process.stdout is not None
        loop = asyncio.get_running_loop()
        mark, since = "", loop.time()
        while True:
            try:
                # Not wait_for: in Python 3.11 it swallows a cancellation that comes with a line.
                async with asyncio.timeout_at(since + self._stall_seconds):
                    line = await process.stdout.readline()
            except TimeoutError:
                raise TransientError(f"no progress for {self._stall_seconds:g} s") from None
            if not line:
                return
            key, _, value = line.decode(errors="replace").strip().partition("=")
            outcome.counts[key] = value
            if key in ("frame", "out_time_us", "total_size") and f"{key}{value}" != mark:
                now = outcome.counts
                moved = "".join(now.get(k, "") for k in ("frame", "out_time_us", "total_size"))
                if moved != mark:
                    mark, since = moved, loop.time()
            if key == command.unit and command.total > 0 and value.lstrip("-").isdigit():
                on_progress(min(1.0, max(0.0, int(value) / command.total)))


async def _collect(process: asyncio.subprocess.Process, outcome: Outcome) -> None:
    """Keep the end of standard error and count its lines, without letting it fill a pipe."""
    assert process.stderr is not None
    rest = b""
    while data := await process.stderr.read(MAX_LINE):
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-MAX_LINE:]
        outcome.complaints += len(lines)
        outcome.tail.extend(line.decode(errors="replace")[:500] for line in lines if line.strip())
    if rest.strip():
        outcome.complaints += 1
        outcome.tail.append(rest.decode(errors="replace")[:500])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process group and wait until it is gone, even when cancelled meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    waiting = asyncio.ensure_future(process.wait())
    canceled: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError as exc:
            canceled = exc
    if canceled is not None:
        raise canceled


def check_exit(command: Command, code: int, outcome: Outcome) -> None:
    """Turn the end of a command into the error that it stands for, if any."""
    if code == 0:
        return
    text = "\n".join(outcome.tail)
    # A wrapper reports a child that a signal ended as 128 plus the signal.
    number = -code if code < 0 else code - KILLED_BY_SHELL
    if number in {signal.SIGXCPU, signal.SIGXFSZ}:
        raise FfmpegError(command.argv, code, f"{text}\nresource limit reached")
    if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        raise TransientError(f"killed by {signal.Signals(number).name}")
    if any(phrase in text for phrase in _PASSING):
        raise TransientError(text.splitlines()[-1])
    if any(phrase in text for phrase in _UNSUPPORTED):
        raise InvalidInputError(FailureCode.UNSUPPORTED, text[-500:])
    if any(phrase in text for phrase in _INPUT_FAULTS):
        raise InvalidInputError(FailureCode.DAMAGED_FILE, text[-500:])
    raise FfmpegError(command.argv, code, text)
