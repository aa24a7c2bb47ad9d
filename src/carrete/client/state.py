"""What a client remembers of an unfinished upload, so that a new process can go on with it.

One file for each (server, account, local path), written aside and renamed, readable by its owner
alone. Beside it lies a lock that the uploading process holds; the kernel drops it when that process
ends, however it ends.
"""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from carrete.client.errors import UploadBusyError

KEPT_S = 30 * 86400
"""Records of uploads that nobody went on with for this long go; servers keep uploads a week."""


class FileIdentity(BaseModel):
    """Which bytes a local file holds, as far as one can tell without reading them.

    Attributes:
        path: absolute, links resolved.
        size: bytes.
        mtime_ns: time of the last change, nanoseconds since the epoch.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The identity of a file now."""
        facts = path.stat()
        return cls(path=str(path.resolve()), size=facts.st_size, mtime_ns=facts.st_mtime_ns)


class UploadRecord(BaseModel):
    """An upload that was begun.

    Attributes:
        key: the ``Idempotency-Key`` that names it on the server. Written down before it is first
            used, so that a crash right after leaves no video that nobody knows of.
        video_id: known once the server has answered.
    """

    model_config = ConfigDict(frozen=True)

    server: str
    account_id: UUID
    file: FileIdentity
    key: str
    name: str
    content_type: str | None = None
    profile: str | None = None
    video_id: UUID | None = None


def new_key(server: str, account_id: UUID, file: FileIdentity) -> str:
    """A new ``Idempotency-Key`` for these bytes.

    The random part lets the same file be uploaded again once it is done; until then the record
    keeps the key.
    """
    parts = (server, str(account_id), file.path, str(file.size), str(file.mtime_ns))
    named = hashlib.sha256("\n".join((*parts, secrets.token_hex(16))).encode()).hexdigest()
    return f"upload-{named[:48]}"


class UploadEntry:
    """The place of one record. Only its holder may use it."""

    def __init__(self, path: Path | None) -> None:
        """Keep records at ``path``, or in this process alone when there is none."""
        self._path = path
        self.record = None if path is None else _read(path)

    def save(self, record: UploadRecord) -> None:
        """Replace the record in one step."""
        self.record = record
        if self._path is not None:
            write_private(self._path, record.model_dump_json(indent=1))

    def forget(self) -> None:
        """The upload is done or given up."""
        self.record = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class UploadBook:
    """All records of a directory."""

    def __init__(self, directory: Path | None) -> None:
        """Keep records in ``directory``; without one nothing outlives the process."""
        self._directory = directory

    @contextmanager
    def entry(self, server: str, account_id: UUID, path: Path) -> Iterator[UploadEntry]:
        """Hold the record of a file, alone among all processes.

        Raises:
            UploadBusyError: another process holds it.
        """
        if self._directory is None:
            yield UploadEntry(None)
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune(self._directory)
        named = "\n".join((server, str(account_id), str(path.resolve())))
        stem = hashlib.sha256(named.encode()).hexdigest()[:32]
        with _held(self._directory / f"{stem}.lock", path):
            yield UploadEntry(self._directory / f"{stem}.json")

    @staticmethod
    def _prune(directory: Path) -> None:
        oldest = time.time() - KEPT_S
        for record in directory.glob("*.json"):
            with suppress(FileNotFoundError):
                if record.stat().st_mtime < oldest:
                    record.unlink()


@contextmanager
def _held(lock: Path, path: Path) -> Iterator[None]:
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(descriptor)
            raise UploadBusyError(path) from exc
        # The one who held it before may have removed the file between our open and our lock.
        if _same_file(descriptor, lock):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _read(path: Path) -> UploadRecord | None:
    try:
        return UploadRecord.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        # A record of another version, or damaged: the upload starts anew.
        return None


def write_private(path: Path, text: str) -> None:
    """Replace a file's text in one step; only its owner can read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
