"""Become another program that dies with the process that started it.

Run by path, before anything is imported (``python -I -S child.py …``): it changes what only the
child itself can change (user, parent-death signal) and then *becomes* the program, under the same
pid. It takes the place of ``preexec_fn``, which is not safe in a process that has threads.

The parent-death signal is sent when the *thread* that started the child ends, so start children
from a thread that lives as long as they should: the event loop's.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(death_signal: int, parent: int) -> None:
    """Ask the kernel to send ``death_signal`` to this process when its parent ends.

    Args:
        death_signal: number of the signal.
        parent: pid that the parent had when it started this process.

    Raises:
        OSError: the kernel refused.
    """
    if sys.platform != "linux":
        return  # macOS has no such thing; the janitor still cleans up there.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have gone before the call; then no signal will ever come.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def drop_to(user: int, group: int) -> None:
    """Give up the superuser for good."""
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def main(arguments: list[str]) -> None:
    """Take ``PARENT SIGNAL USER GROUP PROGRAM ARGUMENT…`` and become the program.

    ``USER`` and ``GROUP`` are ids, or -1 to stay who we are.
    """
    parent, death_signal, user, group = (int(word) for word in arguments[:4])
    if user >= 0:
        drop_to(user, group)
    # After the change of user, which clears it.
    die_with_parent(death_signal, parent)
    argv = arguments[4:]
    try:
        os.execvpe(argv[0], argv, os.environ)  # noqa: S606 - the point of this module
    except OSError as exc:
        sys.exit(f"{argv[0]}: {exc.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
