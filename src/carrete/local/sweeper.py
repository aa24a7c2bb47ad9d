"""Clean up behind a process that was killed and could not.

Run by path (``python -I -S sweeper.py``), in a session of its own. Its standard input is a pipe
from the process it watches over, which writes one order a line:

    +group 123     a process group was started       -group 123   it has been stopped
    +dir /tmp/x    a directory was made              -dir /tmp/x  it has been removed

When the pipe closes, for whatever reason, everything that was started and not stopped is ended, and
everything that was made and not removed is removed. Standard library only: it starts in 20 ms.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

GRACE_S = 2.0
"""Seconds that children get to end by their parent-death signal before they are killed."""


def read_orders(lines: Iterable[str]) -> tuple[set[int], set[Path]]:
    """Follow the orders until the pipe closes; what is left is what has to go."""
    groups: set[int] = set()
    directories: set[Path] = set()
    for line in lines:
        order, _, value = line.rstrip("\n").partition(" ")
        if order == "+group":
            groups.add(int(value))
        elif order == "-group":
            groups.discard(int(value))
        elif order == "+dir":
            directories.add(Path(value))
        elif order == "-dir":
            directories.discard(Path(value))
    return groups, directories


def signal_group(group: int, number: int) -> bool:
    """Send a signal (0: none, only look) to a process group; false when it has nobody left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def end_groups(groups: set[int]) -> None:
    """Wait for the groups to end by themselves for ``GRACE_S``, then kill what is left."""
    deadline = time.monotonic() + GRACE_S
    left = groups
    while left and time.monotonic() < deadline:
        left = {group for group in left if signal_group(group, 0)}
        time.sleep(0.02)
    for group in left:
        signal_group(group, signal.SIGKILL)


def remove(directories: set[Path]) -> None:
    """Remove directories; again while a dying process still writes into one, for two seconds."""
    deadline = time.monotonic() + GRACE_S
    for directory in directories:
        while directory.exists():
            shutil.rmtree(directory, ignore_errors=True)
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)


def main() -> None:
    """Watch standard input, then clean up."""
    # Ctrl-C and a service manager's SIGTERM are for the process that we clean up behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, directories = read_orders(sys.stdin)
    end_groups(groups)
    remove(directories)


if __name__ == "__main__":
    main()
