"""S3 and SQS on this machine: LocalStack from an environment of its own, on loopback only."""

import asyncio
import os
import socket
from contextlib import AsyncExitStack, closing, suppress
from itertools import count
from pathlib import Path
from shutil import copyfile
from types import TracebackType
from typing import Self

import httpx

from carrete.local import localstack_main
from carrete.local.janitor import Janitor
from carrete.local.process import Command, ManagedProcess, SandboxError

START_S = 90.0
"""Seconds until it must be ready (4 s the first time on a quiet machine, then 1 s)."""

SERVICES = ("s3", "sqs")

USUAL_PORT = 4566

PORTS_TRIED = 100

CACHE = Path("var", "lib", "localstack", "cache")
"""Where LocalStack keeps what it computes, under its root."""


class LocalStackServer:
    """A private LocalStack with S3 and SQS, empty at each start. An async context manager.

    It reads no credentials and enforces no permissions. What a stopped server leaves: nothing, but
    a cached catalogue of services in its own environment, which makes the next start three times
    faster.
    """

    def __init__(
        self,
        *,
        port: int = USUAL_PORT,
        python: Path | None = None,
        log: Path | None = None,
        janitor: Janitor | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            port: where to listen, or the next free one; 0 for any free one.
            python: interpreter of LocalStack's environment; the checkout's when not given.
            log: file for its output; in a temporary directory when not given.
            janitor: whose list it goes on; one of its own when not given.
        """
        self._wanted = port
        self._python = python
        self._log = log
        self._janitor = janitor
        self._port: int | None = None
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
    def endpoint_url(self) -> str:
        """Where S3 and SQS answer."""
        if self._port is None:
            raise RuntimeError("LocalStack was not started")
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """Pid of the server."""
        return self._process.pid if self._process else None

    @property
    def process(self) -> ManagedProcess:
        """The server's process, to wait for or to kill."""
        if self._process is None:
            raise RuntimeError("LocalStack was not started")
        return self._process

    async def start(self) -> None:
        """Start it; returns when S3 and SQS answer.

        Raises:
            SandboxError: its environment is missing, or it failed; then with the end of its log.
        """
        python = find_python(self._python)
        async with AsyncExitStack() as stack:
            janitor = self._janitor
            if janitor is None:
                janitor = await stack.enter_async_context(Janitor())
            root = await janitor.make_directory("carrete-aws-")
            stack.push_async_callback(janitor.remove_directory, root)
            await asyncio.to_thread(_copy_catalogue, _cache_of(python), root / CACHE)
            self._port = free_port(self._wanted)
            command = Command(
                name="localstack",
                # -I: the launcher's own directory must not be searched for `localstack`; -u: its
                # output is in the log at once.
                argv=(str(python), "-I", "-u", localstack_main.__file__),
                log=self._log or root / "log",
                environment=_environment(root, self._port),
                directory=root,
                # It keeps nothing, so there is nothing to wait for.
                grace=3.0,
            )
            process = await stack.enter_async_context(ManagedProcess(command, janitor))
            self._process = process
            await process.wait_ready(self._serves, within=START_S)
            await asyncio.to_thread(_copy_catalogue, root / CACHE, _cache_of(python))
            self._exit = stack.pop_all()

    async def stop(self) -> None:
        """End it and remove all it holds. Stopping what does not run does nothing."""
        await self._exit.aclose()

    async def _serves(self) -> bool:
        # trust_env: a proxy of the environment must not be asked for a server on loopback.
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                answer = await client.get(f"{self.endpoint_url}/_localstack/health")
            except httpx.TransportError:
                return False
        states = answer.json().get("services", {}) if answer.is_success else {}
        return all(states.get(service) in {"available", "running"} for service in SERVICES)


def find_python(python: Path | None = None) -> Path:
    """Interpreter of LocalStack's environment.

    Args:
        python: the one to use; the checkout's ``.venv-localstack`` when not given.

    Raises:
        SandboxError: there is none.
    """
    checkout = Path(__file__).parents[3]
    found = python or checkout / ".venv-localstack" / "bin" / "python"
    if not os.access(found, os.X_OK):
        raise SandboxError(f"LocalStack's environment is missing ({found}): run `make setup`")
    return found


def free_port(wanted: int) -> int:
    """A port on loopback that nothing listens on: ``wanted`` or the next; any for 0.

    Another program may take it before we do; then the start fails and says so.

    Raises:
        SandboxError: the ``PORTS_TRIED`` ports from ``wanted`` on are all taken.
    """
    for port in range(wanted, wanted + (PORTS_TRIED if wanted else 1)):
        with closing(socket.socket()) as probe, suppress(OSError):
            # As servers do it: a port whose last connections are only waiting to be forgotten is
            # free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            chosen: int = probe.getsockname()[1]
            return chosen
    raise SandboxError(f"No free port between {wanted} and {wanted + PORTS_TRIED - 1}")


def _environment(root: Path, port: int) -> dict[str, str]:
    """Its whole environment: nothing of ours, so that no AWS_* or proxy setting reaches it."""
    return {
        "PATH": os.defpath,
        # Everything that it writes goes under here, in a container too.
        "HOME": str(root),
        "LOCALSTACK_VOLUME_DIR": str(root),
        "FILESYSTEM_ROOT": str(root),
        "OVERRIDE_IN_DOCKER": "0",
        "SERVICES": ",".join(SERVICES),
        "EAGER_SERVICE_LOADING": "1",
        # Queue URLs that name this machine by its number: the usual ones need a name server.
        "SQS_ENDPOINT_STRATEGY": "off",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        # No usage statistics, no certificate from the network, no DNS server of its own, no
        # account.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "ACTIVATE_PRO": "0",
    }


def _cache_of(python: Path) -> Path:
    """Where the catalogue of services stays between starts: in the environment it belongs to."""
    return python.parent.parent / "cache"


def _copy_catalogue(source: Path, target: Path) -> None:
    """Copy LocalStack's catalogue of services (2 s of work to compute), if there is one."""
    for file in source.glob("service-catalog-*"):
        if (target / file.name).exists():
            continue
        # A cache is no reason to fail, in a read-only environment for instance.
        with suppress(OSError):
            target.mkdir(parents=True, exist_ok=True)
            # Written aside and renamed, so that nobody reads half of it.
            partial = target / f".{os.getpid()}-{next(_serial)}"
            copyfile(file, partial)
            partial.replace(target / file.name)


_serial = count()
