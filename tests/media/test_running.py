"""Children end when they must, and their ends are told apart."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import Grant, find_jail
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.failures import TransientError
from carrete.domain.media import FfmpegError
from carrete.domain.plan import make_plan

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]
ENDLESS = (
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=640x360:rate=25",
    "-c:v",
    "libx264",
    "-f",
    "null",
    "-",
)
HEAD = ("-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "0.1")


@pytest.fixture(params=[True, False], ids=["bubblewrap", "limits only"])
async def runner(request: pytest.FixtureRequest) -> Runner:
    jail = await find_jail(use_bwrap=request.param)
    if request.param and jail.bwrap is None:
        pytest.skip("bubblewrap is missing or may not make namespaces here")
    return Runner(jail, stall_seconds=2)


def children() -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE and "ffmpeg" in one.name()
    ]


async def test_cancelling_ends_the_whole_process_group_first(ffmpeg: Path, runner: Runner) -> None:
    moving = asyncio.Event()
    command = Command((str(ffmpeg), *HEAD, *ENDLESS), Grant(read=(ffmpeg,)), total=1e9)
    task = asyncio.create_task(runner.encode(command, lambda _: moving.set()))
    await asyncio.wait_for(moving.wait(), 20)
    assert children()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


async def test_a_child_that_stands_still_is_killed(ffmpeg: Path, runner: Runner) -> None:
    command = Command(("/usr/bin/sleep", "60"), Grant(read=(Path("/usr/bin/sleep"),)))
    with pytest.raises(TransientError, match="no progress"):
        await runner.encode(command, lambda _: None)


async def test_a_killed_child_is_a_passing_fault(ffmpeg: Path, runner: Runner) -> None:
    def kill(_: float) -> None:
        for one in children():
            one.send_signal(signal.SIGKILL)

    command = Command((str(ffmpeg), *HEAD, *ENDLESS), Grant(read=(ffmpeg,)), total=1e9)
    with pytest.raises(TransientError, match="SIGKILL"):
        await runner.encode(command, kill)


async def test_a_failure_keeps_the_command_its_exit_code_and_its_last_words(
    ffmpeg: Path, runner: Runner
) -> None:
    command = Command(
        (str(ffmpeg), *HEAD, "-f", "lavfi", "-i", "nosuchfilter", "-f", "null", "-"),
        Grant(read=(ffmpeg,)),
    )
    with pytest.raises((FfmpegError,)) as caught:
        await runner.encode(command, lambda _: None)
    assert "nosuchfilter" in caught.value.stderr
    assert caught.value.argv == command.argv
    assert caught.value.exit_code > 0


async def test_limits_hold(ffmpeg: Path, runner: Runner, tmp_path: Path) -> None:
    out = tmp_path / "big.mkv"
    command = Command(
        (
            str(ffmpeg),
            *HEAD,
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=25",
            "-c:v",
            "rawvideo",
            str(out),
        ),
        Grant(read=(ffmpeg,), write=(tmp_path,), file_bytes=5 << 20),
        total=1e9,
    )
    with pytest.raises((FfmpegError, TransientError)):
        await runner.encode(command, lambda _: None)
    assert out.stat().st_size <= 5 << 20


async def test_a_child_can_start_only_so_many_processes() -> None:
    jail = await find_jail()
    if jail.bwrap is None or jail.prlimit is None:
        pytest.skip("bubblewrap or prlimit is missing, or not allowed here")
    forks = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait"
    grant = Grant(read=(Path("/usr"), Path("/bin")), processes=6)
    argv = jail.wrap(("/bin/sh", "-c", forks), grant)
    if os.geteuid() == 0:  # the kernel counts no processes of root's
        argv = ("/usr/bin/setpriv", "--reuid", "65534", "--clear-groups", "--", *argv)
    process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, stderr = await process.communicate()
    assert process.returncode != 0
    assert b"fork" in stderr.lower()


async def test_inside_bubblewrap_there_is_no_network_no_environment_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jail = await find_jail()
    if jail.bwrap is None:
        pytest.skip("bubblewrap is missing or may not make namespaces here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    script = (
        "import os, socket, json\n"
        "r = {'env': sorted(os.environ), 'etc': os.path.exists('/etc/passwd')}\n"
        "try:\n socket.create_connection(('127.0.0.1', 1), 1)\n"
        "except OSError as e: r['net'] = e.errno\n"
        f"r['tmp'] = os.path.exists({str(tmp_path)!r})\n"
        "try:\n open('/usr/x', 'w')\nexcept OSError as e: r['write'] = e.errno\n"
        "print(json.dumps(r))"
    )
    from carrete.adapters.ffmpeg.sandbox import python_paths  # noqa: PLC0415

    runner = Runner(jail, stall_seconds=5)
    out = await runner.output(
        Command((sys.executable, "-I", "-c", script), Grant(read=python_paths())), timeout=20
    )
    seen = __import__("json").loads(out)
    assert set(seen["env"]) <= {"SVT_LOG", "PWD", "LC_CTYPE"}
    assert not seen["etc"]
    assert not seen["tmp"]
    assert seen["write"] == 30  # read-only file system


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_worker_that_is_killed_leaves_no_ffmpeg_behind(
    *, sandbox: bool, ffmpeg: Path, tmp_path: Path
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from carrete.adapters.ffmpeg.run import Command, Runner\n"
        "from carrete.adapters.ffmpeg.sandbox import Grant, find_jail\n"
        "async def main():\n"
        f"    runner = Runner(await find_jail(use_bwrap={sandbox}), stall_seconds=60)\n"
        f"    grant = Grant(read=(Path({str(ffmpeg)!r}),))\n"
        f"    command = Command({(str(ffmpeg), *HEAD, *ENDLESS)!r}, grant, total=1e9)\n"
        "    await runner.encode(command, lambda f: print('moving', flush=True))\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), 30) == b"moving\n"
    below = psutil.Process(worker.pid).children(recursive=True)
    assert any("ffmpeg" in one.name() for one in below)
    worker.kill()
    await worker.wait()
    _, left = await asyncio.to_thread(psutil.wait_procs, below, 10)
    assert not left


async def test_progress_rises_to_the_whole(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("cfr30_long")
    plan = make_plan(await transcoder.probe(source))
    seen: list[float] = []
    await transcoder.encode_chunk(source, plan, plan.chunks[0], tmp_path, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
