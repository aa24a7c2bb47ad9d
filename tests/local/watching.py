"""Looking at processes that are not our children: there is nothing to await, only to look again."""

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil


def until(condition: Callable[[], bool], within: float) -> None:
    """Look until a condition holds, ``within`` seconds at most; blocks: call it in a thread."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "the condition never came to hold"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def tree(pid: int) -> list[int]:
    """A process and everything below it."""
    root = psutil.Process(pid)
    return [pid, *(child.pid for child in root.children(recursive=True))]


def listening(pids: Iterable[int]) -> set[str]:
    """Addresses on which processes listen or receive."""
    return {
        connection.laddr.ip
        for connection in _connections(pids)
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }


def connected(pids: Iterable[int]) -> set[str]:
    """Addresses with which processes are connected."""
    return {
        connection.raddr.ip
        for connection in _connections(pids)
        if connection.status in {psutil.CONN_ESTABLISHED, psutil.CONN_SYN_SENT}
    }


def _connections(pids: Iterable[int]) -> list["psutil._ntuples.pconn"]:
    found = []
    for pid in pids:
        # One of the server's own may have ended since we looked.
        with suppress(psutil.NoSuchProcess):
            found += psutil.Process(pid).net_connections("inet")
    return found
