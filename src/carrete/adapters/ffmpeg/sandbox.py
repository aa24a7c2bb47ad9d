"""Locks a child process in: limits always; with bubblewrap no network, files or environment.

Everything here returns argument lists; ``run`` starts them.
"""

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = (("SVT_LOG", "1"),)
"""All that a child sees of the environment, where credentials live: SVT-AV1 reports errors only."""

OPEN_FILES = 256
"""More than any child needs that reads one source."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a child may touch and use.

    Attributes:
        read: files and directories that it may read.
        write: directories that it may write to.
        memory_bytes: address space of the process.
        cpu_seconds: CPU time of the process, all threads together.
        file_bytes: size of the largest file that it may write.
        processes: processes and threads at a time, where bubblewrap works and we are not root.
        open_files: that the process may have open at a time.
    """

    read: tuple[Path, ...]
    write: tuple[Path, ...] = ()
    memory_bytes: int = 4 << 30
    cpu_seconds: int = 3600
    file_bytes: int = 1 << 40
    processes: int = 1024
    open_files: int = OPEN_FILES


@dataclass(frozen=True, slots=True)
class Jail:
    """The tools of this machine that lock a child in; ``None`` where one is missing.

    Attributes:
        bwrap: bubblewrap, when it works here (it needs user namespaces or root).
        prlimit: sets resource limits.
        setpriv: makes the kernel kill the child when its parent dies.
    """

    bwrap: str | None
    prlimit: str | None
    setpriv: str | None

    def wrap(self, argv: tuple[str, ...], grant: Grant) -> tuple[str, ...]:
        """``argv`` with everything in front that locks it in."""
        return (*self._with_parent(), *self._limits(grant), *self._walls(grant), *argv)

    def _with_parent(self) -> tuple[str, ...]:
        # A worker that is killed with SIGKILL can't stop its children: the kernel does it.
        return () if self.setpriv is None else (self.setpriv, "--pdeathsig", "KILL", "--")

    def _limits(self, grant: Grant) -> tuple[str, ...]:
        if self.prlimit is None:
            return ()
        return (
            self.prlimit,
            f"--as={grant.memory_bytes}",
            f"--cpu={grant.cpu_seconds}",
            f"--fsize={grant.file_bytes}",
            "--core=0",
            f"--nofile={grant.open_files}",
            "--",
        )

    def _walls(self, grant: Grant) -> tuple[str, ...]:
        if self.bwrap is None:
            return ()
        walls = [
            self.bwrap,
            "--unshare-all",  # no network, no other processes, no shared memory
            "--die-with-parent",  # the process inside ends with bwrap
            "--clearenv",
            *(word for pair in ENVIRONMENT for word in ("--setenv", *pair)),
            *("--cap-drop", "ALL"),
            *("--dev", "/dev"),
            *("--chdir", "/"),
        ]
        # The C library; names that a system does not have are left out.
        for path in ("/lib", "/lib64", "/usr/lib", "/usr/lib64"):
            walls += ["--ro-bind-try", path, path]
        for path in map(str, grant.read):
            walls += ["--ro-bind", path, path]
        for path in map(str, grant.write):
            walls += ["--bind", path, path]
        if self.prlimit is None:
            return (*walls, "--")
        # Inside: the kernel counts a user's processes in each user namespace by itself, so that
        # only this child's are counted. Outside, all that the worker's user runs would be.
        walls += ["--ro-bind", self.prlimit, self.prlimit, "--"]
        return (*walls, self.prlimit, f"--nproc={grant.processes}", "--")


def python_paths() -> tuple[Path, ...]:
    """What a Python child needs to see in order to start and import its libraries."""
    wanted = (
        Path("/usr"),
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(os.path.realpath(sys.executable)).parent.parent,
    )
    return tuple(dict.fromkeys(path for path in wanted if path.exists()))


async def find_jail(*, use_bwrap: bool = True) -> Jail:
    """The tools that work on this machine; bubblewrap is tried, since a container may forbid it."""
    bwrap = shutil.which("bwrap") if use_bwrap else None
    if bwrap is not None and not await _works(bwrap):
        bwrap = None
    return Jail(bwrap, shutil.which("prlimit"), shutil.which("setpriv"))


async def _works(bwrap: str) -> bool:
    walls = Jail(bwrap, None, None).wrap(("/usr/bin/true",), Grant(read=python_paths()))
    try:
        process = await asyncio.create_subprocess_exec(
            *walls,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(10):
            return await process.wait() == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
