"""Keep a copy of everything in a directory, and make a new system out of one.

A directory holds ``database.dump``, ``objects/<key>`` for every original and result that the
dump's rows point at, and ``manifest.json``, which is written last: a backup without one was
broken off, and is not restored.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from carrete.domain.failures import CarreteError
from carrete.ports import DumpStore, KeptObject, NotFoundError, ObjectStore, ProgressSink

T = TypeVar("T")

FORM = 1
AT_ONCE = 4
"""Objects that are copied at the same time."""

READ_BYTES = 1 << 20


class BackupError(CarreteError):
    """The directory can't be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup or a restoration copied.

    Attributes:
        objects: how many originals and results.
        bytes: their size together.
        gone: keys that were deleted between the dump and their turn, by their owners.
    """

    objects: int
    bytes: int
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    size: int
    content_type: str
    sha256: str


async def back_up(
    directory: Path, *, dumps: DumpStore, objects: ObjectStore, on_progress: ProgressSink
) -> BackupReport:
    """Copy the database as of one moment, and every object that it points at.

    The system may run meanwhile: what comes later is not in the copy.

    Args:
        directory: where to; it must not exist, or be empty.
        dumps: the database.
        objects: the bucket.
        on_progress: told the fraction of the objects that is copied.

    Raises:
        BackupError: the directory is not empty, or an object has another size than its row says.
        DumpError: the database could not be dumped.
    """
    await asyncio.to_thread(_make_empty, directory)
    kept = await dumps.dump(directory / "database.dump")
    done = 0

    async def copy(item: KeptObject) -> _Entry | None:
        nonlocal done
        path = _place(directory, item.key)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            await objects.download(item.key, path, lambda _: None)
        except NotFoundError:
            return None
        size, sha256 = await asyncio.to_thread(_measure, path)
        if size != item.size:
            msg = f"{item.key} has {size} bytes instead of {item.size}"
            raise BackupError(msg)
        done += 1
        on_progress(done / len(kept))
        return _Entry(item.key, size, item.content_type, sha256)

    found = await _each(kept, copy)
    entries = [entry for entry in found if entry is not None]
    gone = tuple(item.key for item, entry in zip(kept, found, strict=True) if entry is None)
    database = await asyncio.to_thread(_measure, directory / "database.dump")
    manifest = {
        "form": FORM,
        "database": database[1],
        "objects": [asdict(entry) for entry in entries],
    }
    await asyncio.to_thread(_write_last, directory, manifest)
    return BackupReport(len(entries), sum(entry.size for entry in entries), gone)


async def restore(
    directory: Path, *, dumps: DumpStore, objects: ObjectStore, on_progress: ProgressSink
) -> BackupReport:
    """Fill an empty database and a bucket from a backup.

    Everything is checked against the manifest first. The objects come before the rows that point
    at them, so that it can be broken off and begun again.

    Raises:
        BackupError: the backup is not whole, or a file is not what it was.
        DumpError: the database is not empty, or the dump can't be read.
    """
    manifest = await asyncio.to_thread(_read_manifest, directory)
    entries = [_Entry(**item) for item in manifest["objects"]]
    await dumps.require_empty()

    async def check(entry: _Entry) -> None:
        await _require_same(_place(directory, entry.key), entry.sha256)

    await _require_same(directory / "database.dump", manifest["database"])
    await _each(entries, check)
    done = 0

    async def store(entry: _Entry) -> None:
        nonlocal done
        await objects.put_file(entry.key, _place(directory, entry.key), entry.content_type)
        done += 1
        on_progress(done / len(entries))

    await _each(entries, store)
    await dumps.restore(directory / "database.dump")
    return BackupReport(len(entries), sum(entry.size for entry in entries))


async def _each(items: Sequence[Any], act: Callable[[Any], Awaitable[T]]) -> list[T]:
    """Act on each item, a few at a time; the first error ends it all."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Any) -> T:
        async with gate:
            return await act(item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _require_same(path: Path, sha256: str) -> None:
    try:
        _, found = await asyncio.to_thread(_measure, path)
    except FileNotFoundError:
        msg = f"the backup lacks {path.name}: {path}"
        raise BackupError(msg) from None
    if found != sha256:
        msg = f"{path} is not what it was when the backup was made"
        raise BackupError(msg)


def _place(directory: Path, key: str) -> Path:
    """Where an object's copy is.

    Raises:
        BackupError: the key leads out of the directory.
    """
    root = (directory / "objects").absolute()
    path = root / key
    if ".." in path.parts or not path.is_relative_to(root):
        msg = f"a key that can't be a file's name: {key}"
        raise BackupError(msg)
    return path


def _make_empty(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    # what is in it is nobody else's business
    directory.chmod(0o700)
    if _any(directory.iterdir()):
        msg = f"{directory} is not empty; name a new directory"
        raise BackupError(msg)


def _any(items: Iterable[Path]) -> bool:
    return next(iter(items), None) is not None


def _measure(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
            size += len(data)
    return size, digest.hexdigest()


def _write_last(directory: Path, manifest: dict[str, Any]) -> None:
    part = directory / "manifest.json.part"
    part.write_text(json.dumps(manifest, indent=1))
    part.replace(directory / "manifest.json")


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        msg = f"{directory} holds no whole backup: there is no manifest.json"
        raise BackupError(msg) from None
    except ValueError as exc:
        msg = f"{path} can't be read: {exc}"
        raise BackupError(msg) from exc
    if manifest.get("form") != FORM:
        msg = f"{path} is of form {manifest.get('form')}; this version reads form {FORM}"
        raise BackupError(msg)
    return manifest
