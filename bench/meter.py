"""What a tree of processes uses: CPU time and memory, looked at twenty times a second.

``wait4`` does not tell: bubblewrap does not wait for the process inside, so its CPU time reaches
nobody. Of each process the last look counts, so that at most 50 ms of each are missed; what is
compared is measured the same way.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


@dataclass
class Usage:
    """What was used between start and end.

    Attributes:
        cpu_s: user and system time of all processes together, seconds.
        wall_s: seconds from start to end.
        peak_rss: most resident memory of all processes together, bytes; shared pages count in each.
        peak_root_rss: most resident memory of a single root, bytes.
    """

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_rss: int = 0
    peak_root_rss: int = 0


@dataclass
class _Tree:
    """The processes that were seen so far."""

    roots: tuple[int, ...]
    without_roots: bool
    usage: Usage = field(default_factory=Usage)
    first: dict[tuple[int, int], float] = field(default_factory=dict)
    last: dict[tuple[int, int], float] = field(default_factory=dict)

    def look(self, *, start: bool = False) -> None:
        """Take note of every process of the tree. At the start, what was used before."""
        total = 0
        for root in self.roots:
            for pid in _tree(root):
                with suppress(OSError, ValueError):
                    born, cpu, rss = _stat(pid)
                    total += rss
                    if pid == root:
                        self.usage.peak_root_rss = max(self.usage.peak_root_rss, rss)
                        if self.without_roots:
                            continue
                    if start:
                        self.first[pid, born] = cpu
                    self.last[pid, born] = cpu
        self.usage.peak_rss = max(self.usage.peak_rss, total)
        self.usage.cpu_s = sum(self.last.values()) - sum(self.first.values())


@asynccontextmanager
async def metered(roots: Iterable[int] = ()) -> AsyncIterator[Usage]:
    """Measure these processes and all below them while the block runs.

    Without ``roots`` it is this process's children, without itself.
    """
    chosen = tuple(roots)
    tree = _Tree(chosen or (os.getpid(),), without_roots=not chosen)
    tree.look(start=True)
    began = time.perf_counter()
    watching = asyncio.create_task(_watch(tree))
    try:
        yield tree.usage
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        tree.look()
        tree.usage.wall_s = time.perf_counter() - began


async def _watch(tree: _Tree) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        tree.look()


def _tree(root: int) -> list[int]:
    """A process and all below it; the kernel keeps the list of children of each thread."""
    found = [root]
    for pid in found:
        with suppress(OSError):
            for thread in (_PROC / str(pid) / "task").iterdir():
                with suppress(OSError):
                    found += map(int, (thread / "children").read_text().split())
    return found


def _stat(pid: int) -> tuple[int, float, int]:
    """When it was born (in ticks), its CPU seconds and its resident bytes."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (
        int(fields[19]),
        (int(fields[11]) + int(fields[12])) / _TICKS,
        int(fields[21]) * _PAGE,
    )
