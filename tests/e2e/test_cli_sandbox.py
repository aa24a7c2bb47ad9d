"""Commands that bring the whole system with them, and leave nothing of it behind."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
from tests.e2e.cli_process import LIMIT_S, Cli, finish

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """What sandboxes make is in here, so that what they leave behind would be seen."""
    with TemporaryDirectory(prefix="cli-") as made:
        directory = Path(made)
        # Started by root, PostgreSQL runs as nobody, who has no way into pytest's own directories.
        directory.chmod(0o711)
        yield directory


@pytest.fixture
def cli(tmp_path: Path, scratch: Path) -> Cli:
    return Cli(tmp_path, {"TMPDIR": str(scratch)})


def family(process: Process) -> list[psutil.Process]:
    """All that a process started and that still runs."""
    return psutil.Process(process.pid).children(recursive=True)


async def all_ended(started: list[psutil.Process]) -> None:
    """Wait for the end of all that was started."""
    async with asyncio.timeout(20):
        while [child for child in started if runs(child)]:
            await asyncio.to_thread(psutil.wait_procs, started, timeout=0.2)


def runs(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and that nobody has collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def nothing_left(cli: Cli, started: list[psutil.Process]) -> None:
    """Neither a process, nor a file, nor a record of an upload."""
    await all_ended(started)
    assert await asyncio.to_thread(os.listdir, cli.variables["TMPDIR"]) == []
    assert cli.records == []


async def test_files_are_processed_without_any_server(cli: Cli, clip: Path) -> None:
    process = await cli.start("process", clip, "-o", "out", "--json")
    done = await finish(process)
    assert done.code == 0, done.err
    (file,) = done.json["files"]
    assert done.json["sandbox"] is True
    assert (cli.home / file["output"]).stat().st_size == file["output_bytes"]
    await nothing_left(cli, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_system_runs_until_it_is_stopped(cli: Cli, number: signal.Signals) -> None:
    process = await cli.start("up", "--port", "0", "--localstack-port", "0", "--json")
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), LIMIT_S))
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{line['url']}/readyz")).status_code == 200
    started = family(process)
    assert set(line["processes"].values()) <= {child.pid for child in started}
    process.send_signal(number)
    done = await finish(process)
    assert done.code == 0
    await nothing_left(cli, started)


async def test_a_demo_can_be_stopped_at_any_moment(cli: Cli) -> None:
    process = await cli.start("demo")
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        while b"uploaded" not in await process.stderr.readline():
            assert process.returncode is None
    started = family(process)
    process.send_signal(signal.SIGINT)
    done = await finish(process)
    assert done.code == 130
    assert started
    await nothing_left(cli, started)


async def test_a_demo_that_is_killed_leaves_nothing_either(cli: Cli) -> None:
    process = await cli.start("demo")
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        while b"uploaded" not in await process.stderr.readline():
            assert process.returncode is None
    started = family(process)
    process.kill()
    await finish(process)
    await all_ended(started)
