"""Small steps on local files, blocking for no longer than a system call or two.

A thread for each would cost more than it does; nothing here reads or writes media.
"""

from pathlib import Path


def real(path: Path) -> Path:
    """The path without symbolic links, as the sandbox mounts it."""
    return path.resolve()


def size(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def exists(path: Path) -> bool:
    """Whether there is such a file."""
    return path.exists()


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small text file."""
    path.write_text(text, encoding="utf-8")


def read_text(path: Path) -> str:
    """What a small text file says."""
    return path.read_text(encoding="utf-8")


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name at once: others may be reading the one that had it."""
    part.replace(path)
