"""One child: its readiness, its end, its log, and what happens to its own children."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.local.watching import alive, until

from carrete.local.janitor import Janitor
from carrete.local.process import Command, ManagedProcess, SandboxError, read_tail
from carrete.local.sweeper import read_orders

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up")
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
async def janitor() -> AsyncIterator[Janitor]:
    async with Janitor() as it:
        yield it


def python(tmp_path: Path, code: str, grace: float = 5.0) -> Command:
    return Command(
        name="child",
        argv=(sys.executable, "-u", "-c", code),
        log=tmp_path / "child.log",
        environment={"PATH": os.defpath},
        grace=grace,
    )


def has_written(command: Command) -> bool:
    return command.log.exists() and command.log.read_text() != ""


async def ready(process: ManagedProcess) -> None:
    async def written() -> bool:
        return has_written(process.command)

    await process.wait_ready(written, within=10)


async def test_a_child_that_obeys_ends_by_the_stop_signal(tmp_path: Path, janitor: Janitor) -> None:
    command = python(tmp_path, "import time; print('up'); time.sleep(60)")
    async with ManagedProcess(command, janitor) as process:
        await ready(process)
    assert process.returncode == -signal.SIGTERM


async def test_a_child_that_ignores_the_stop_signal_is_killed_after_its_grace(
    tmp_path: Path, janitor: Janitor
) -> None:
    async with ManagedProcess(python(tmp_path, STUBBORN, grace=0.2), janitor) as process:
        await ready(process)
    assert process.returncode == -signal.SIGKILL


async def test_stopping_ends_the_children_of_the_child(tmp_path: Path, janitor: Janitor) -> None:
    async with ManagedProcess(python(tmp_path, PARENT), janitor) as process:
        await ready(process)
        grandchild = int(read_tail(process.command.log))
    await asyncio.to_thread(until, lambda: not alive(grandchild), 5)


async def test_a_child_that_ends_before_it_is_ready_shows_the_end_of_its_log(
    tmp_path: Path, janitor: Janitor
) -> None:
    async def never() -> bool:
        return False

    async with ManagedProcess(python(tmp_path, "raise SystemExit('no disk')"), janitor) as process:
        with pytest.raises(SandboxError, match=r"(?s)ended with 1 .*no disk"):
            await process.wait_ready(never, within=10)


async def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path, janitor: Janitor) -> None:
    async def never() -> bool:
        return False

    async with ManagedProcess(python(tmp_path, STUBBORN, grace=0.1), janitor) as process:
        with pytest.raises(SandboxError, match=r"not ready within 0\.3 s"):
            await process.wait_ready(never, within=0.3)


async def test_a_stopped_child_can_be_started_again(tmp_path: Path, janitor: Janitor) -> None:
    process = ManagedProcess(python(tmp_path, "import time; print('up'); time.sleep(60)"), janitor)
    await process.start()
    first = process.pid
    await process.kill()
    await process.start()
    assert process.running
    assert process.pid != first
    await process.stop()
    assert not process.running


async def test_a_program_that_is_not_there_is_named(tmp_path: Path, janitor: Janitor) -> None:
    command = Command("ghost", ("/nonexistent/ghost",), tmp_path / "log", {})
    async with ManagedProcess(command, janitor) as process:
        assert await process.wait() == 1
    assert "No such file" in read_tail(command.log)


async def test_leaving_the_janitor_sweeps_what_is_still_on_its_list(tmp_path: Path) -> None:
    async with Janitor() as janitor:
        left = await janitor.make_directory("left-", tmp_path)
        process = ManagedProcess(python(tmp_path, PARENT), janitor)
        await process.start()
    assert await process.wait() == -signal.SIGKILL
    assert not left.exists()


def test_orders_leave_what_was_not_taken_back() -> None:
    lines = ["+group 1\n", "+dir /a b\n", "+group 2\n", "-group 1\n", "+dir /c\n", "-dir /c\n"]
    assert read_orders(lines) == ({2}, {Path("/a b")})
