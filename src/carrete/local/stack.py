"""The whole system on one machine: both stores, the API and the workers as one supervised tree."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from carrete.local.janitor import Janitor
from carrete.local.localstack import LocalStackServer, free_port
from carrete.local.postgres import PostgresServer
from carrete.local.process import Command, ManagedProcess

API_START_S = 60.0
"""Seconds until the API must answer."""

PREPARE_S = 120.0
"""Seconds that migrations, bucket and queues may take."""

WORKER_GRACE_S = 20.0
"""Seconds that a worker gets to give its task back (its own limit is CARRETE_STOP_GRACE_S)."""

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
"""Seconds before a crashed child is started again: doubled with each crash, up to the second."""

STEADY_S = 60.0
"""Seconds after which a child counts as running well, and its next crash as the first."""

API = "api"


@dataclass(frozen=True)
class StackOptions:
    """What may be chosen of a stack.

    Attributes:
        api_port: where the API listens, or the next free port; 0 for any free one.
        localstack_port: the same for S3 and SQS.
        workers: how many worker processes.
        log_dir: where each child's log goes; in the temporary directory, and gone with it, when not
            given.
        data_dir: where the temporary directory is made, which holds what workers work on: a disk
            with room for the videos. The system's temporary directory when not given.
        environment: further variables for the API and the workers.
        reroute: takes the whole environment of the API and the workers, once the stores answer, and
            gives the one to use: for what stands between them and the stores.
    """

    api_port: int = 8080
    localstack_port: int = 4566
    workers: int = 2
    log_dir: Path | None = None
    data_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    reroute: Callable[[Mapping[str, str]], Mapping[str, str]] = dict


class Stack:
    """PostgreSQL, LocalStack, the API and workers.

    An async context manager; enter it in the main thread.

    Entered, everything answers. Left, or killed, nothing is there any more: no process, no
    directory.
    """

    def __init__(self, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.environment: dict[str, str] = {}
        """The whole environment of the API and the workers, once entered."""
        self._exit = AsyncExitStack()
        self._parts: dict[str, ManagedProcess] = {}
        self._stores: dict[str, ManagedProcess] = {}
        self._postgres: PostgresServer | None = None
        self._changing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.environment['CARRETE_API_PORT']}"

    @property
    def processes(self) -> dict[str, int]:
        """Name and pid of everything that runs."""
        everything = self._stores | self._parts
        return {
            name: process.pid
            for name, process in everything.items()
            if process.running and process.pid is not None
        }

    @property
    def worker_names(self) -> list[str]:
        """Names of the workers."""
        return [name for name in self._parts if name != API]

    def process(self, name: str) -> ManagedProcess:
        """The child of a name: ``postgres``, ``localstack``, ``api``, ``worker-1`` and so on."""
        return (self._stores | self._parts)[name]

    async def kill(self, name: str) -> None:
        """Kill a child and its children with SIGKILL; ``supervise`` starts it again."""
        async with self._changing:
            await self.process(name).kill()

    async def restart(self, name: str) -> None:
        """Stop the API or a worker in good order and start it again; the API answers on return."""
        async with self._changing:
            process = self._parts[name]
            await process.stop()
            await process.start()
        if name == API:
            await process.wait_ready(self._answers, within=API_START_S)

    async def revive(self, name: str) -> None:
        """Start the API or a worker again if it has ended, without waiting until it is ready."""
        async with self._changing:
            process = self._parts[name]
            if not process.running:
                await process.start()

    async def restart_database(self) -> None:
        """Stop PostgreSQL, which cuts every connection, and start it again on the same data."""
        async with self._changing:
            if self._postgres is None:
                raise RuntimeError("the stack was not started")
            await self._postgres.restart()

    async def supervise(self) -> None:
        """Start the API and the workers again when they crash; runs until it is cancelled.

        Raises:
            SandboxError: PostgreSQL or LocalStack ended. What they held is gone, so that is the
                end.
        """
        keepers = [self._keep(process) for process in self._parts.values()]
        watchers = [self._watch(process) for process in self._stores.values()]
        await _together(*keepers, *watchers)

    async def _keep(self, process: ManagedProcess) -> None:
        loop, backoff = asyncio.get_running_loop(), FIRST_BACKOFF_S
        while True:
            since = loop.time()
            await process.wait()
            if loop.time() - since > STEADY_S:
                backoff = FIRST_BACKOFF_S
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, LONGEST_BACKOFF_S)
            async with self._changing:
                if not process.running:
                    await process.start()

    async def _watch(self, process: ManagedProcess) -> None:
        while True:
            status = await process.wait()
            # Whoever restarts it holds the lock until it serves again.
            async with self._changing:
                if not process.running:
                    raise await process.failure(f"ended with {status}")

    async def _start(self, stack: AsyncExitStack) -> None:
        janitor = await stack.enter_async_context(Janitor())
        root = await janitor.make_directory("carrete-", self.options.data_dir)
        stack.push_async_callback(janitor.remove_directory, root)
        logs = self.options.log_dir or root / "logs"
        await asyncio.to_thread(_make_directories, logs, root / "scratch")
        postgres = PostgresServer(log=logs / "postgres.log", janitor=janitor)
        localstack = LocalStackServer(
            port=self.options.localstack_port, log=logs / "localstack.log", janitor=janitor
        )
        await _together(stack.enter_async_context(postgres), stack.enter_async_context(localstack))
        self._postgres = postgres
        self._stores = {"postgres": postgres.process, "localstack": localstack.process}
        own = _environment(
            self.options,
            database_url=postgres.dsn(),
            endpoint_url=localstack.endpoint_url,
            scratch=root / "scratch",
        )
        self.environment = dict(self.options.reroute(own))
        await self._prepare(logs, janitor)
        stack.push_async_callback(self._stop_parts)
        await self._start_parts(logs, janitor)

    async def _prepare(self, logs: Path, janitor: Janitor) -> None:
        """Make tables, bucket and queues, in a process that has their environment."""
        command = self._carrete("prepare", logs, "carrete.local.prepare")
        async with ManagedProcess(command, janitor) as process:
            try:
                status = await asyncio.wait_for(process.wait(), PREPARE_S)
            except TimeoutError as exc:
                raise await process.failure(f"took more than {PREPARE_S:g} s") from exc
            if status != 0:
                raise await process.failure(f"ended with {status}")

    async def _start_parts(self, logs: Path, janitor: Janitor) -> None:
        workers = [f"worker-{number}" for number in range(1, self.options.workers + 1)]
        commands = [self._carrete(API, logs, "carrete", "api")]
        commands += [self._carrete(name, logs, "carrete", "worker") for name in workers]
        self._parts = {command.name: ManagedProcess(command, janitor) for command in commands}
        for process in self._parts.values():
            await process.start()
        await self._parts[API].wait_ready(self._answers, within=API_START_S)

    async def _stop_parts(self) -> None:
        async with self._changing:
            await _together(*(process.stop() for process in self._parts.values()))

    def _carrete(self, name: str, logs: Path, module: str, *arguments: str) -> Command:
        return Command(
            name=name,
            argv=(sys.executable, "-m", module, *arguments),
            log=logs / f"{name}.log",
            environment=self.environment,
            grace=WORKER_GRACE_S,
        )

    async def _answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                return (await client.get(f"{self.api_url}/readyz")).is_success
            except httpx.TransportError:
                return False


async def _together(*parts: Coroutine[Any, Any, object]) -> None:
    """Run all at once; when one fails, cancel and await the others and raise its error alone."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _environment(
    options: StackOptions, *, database_url: str, endpoint_url: str, scratch: Path
) -> dict[str, str]:
    """Our own environment without any AWS account's, and with the stores'."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    queues = f"{endpoint_url}/000000000000"
    return {
        **inherited,
        "CARRETE_DATABASE_URL": database_url,
        "CARRETE_AWS_ENDPOINT_URL": endpoint_url,
        "CARRETE_S3_BUCKET": "carrete",
        "CARRETE_SQS_QUEUE_URL": f"{queues}/carrete",
        "CARRETE_SQS_DLQ_URL": f"{queues}/carrete-dlq",
        "CARRETE_API_HOST": "127.0.0.1",
        "CARRETE_API_PORT": str(free_port(options.api_port)),
        "CARRETE_SCRATCH_DIR": str(scratch),
        # LocalStack takes any; these keep the instance metadata service from being asked.
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **options.environment,
    }


def _make_directories(*paths: Path) -> None:
    for path in paths:
        path.mkdir(parents=True, exist_ok=True)
