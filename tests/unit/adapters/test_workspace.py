import asyncio
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from carrete.adapters.memory import MemoryObjects
from carrete.adapters.mirror import Mirror
from carrete.adapters.workspace import ScratchWorkspace
from carrete.domain.boxes import find_header
from carrete.domain.failures import (
    FailureCode,
    InvalidInputError,
    TransientError,
    UnavailableError,
)
from carrete.domain.ids import new_id
from carrete.domain.media import ByteRange
from carrete.domain.task import Claim, Priority, Task, TaskKind, TaskState


def box(kind: bytes, body: bytes, *, long: bool = False) -> bytes:
    if long:
        return (1).to_bytes(4, "big") + kind + (16 + len(body)).to_bytes(8, "big") + body
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def walk(data: bytes) -> tuple[ByteRange, ...] | None:
    generator = find_header(len(data))
    try:
        start, end = next(generator)
        while True:
            start, end = generator.send(data[start:end])
    except StopIteration as stop:
        found: tuple[ByteRange, ...] | None = stop.value
        return found


@pytest.mark.parametrize("long", [False, True])
def test_a_header_is_found_before_and_after_the_media(long: bool) -> None:  # noqa: FBT001
    ftyp, moov = box(b"ftyp", b"isom"), box(b"moov", b"m" * 100)
    mdat = box(b"mdat", b"d" * 1000, long=long)
    for data in (ftyp + moov + mdat, ftyp + mdat + moov, box(b"wide", b"") + mdat + moov):
        found = walk(data)
        assert found is not None
        read = b"".join(data[start:end] for start, end in found)
        assert moov in read
        assert b"dddd" in read


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1aE\xdf\xa3" + b"x" * 100,  # Matroska
        box(b"ftyp", b"isom") + box(b"mdat", b"d" * 50),  # nothing describes it
        box(b"ftyp", b"isom") + box(b"moov", b"m") + box(b"moof", b"f") + box(b"mdat", b"d"),
        box(b"ftyp", b"isom") + (4).to_bytes(4, "big") + b"moov" + b"x" * 50,  # a box of 4 bytes
    ],
)
def test_what_can_not_be_read_in_parts_has_no_header(data: bytes) -> None:
    assert walk(data) is None


def claim(size: int, key: str = "input/original") -> Claim:
    task = Task(
        id=new_id(),
        job_id=new_id(),
        video_id=new_id(),
        owner_id=new_id(),
        kind=TaskKind.ENCODE,
        index=0,
        state=TaskState.RUNNING,
        priority=Priority.BULK,
        attempt=1,
        failures=0,
        spec={},
    )
    return Claim(task, {}, key, size, "h264", ".mp4")


class Reads:
    """Counts what is read from the bucket."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, size: int) -> None:
        self.bytes += size


async def test_a_mirror_reads_each_byte_once(tmp_path: Path) -> None:
    objects, reads = MemoryObjects(), Reads()
    data = os.urandom(100_000)
    objects.stored["k"] = data
    mirror = Mirror(objects, "k", len(data), tmp_path / "m" / "f", reads)
    await mirror.ensure([(10, 20), (50_000, 60_000)], lambda _: None)
    await mirror.ensure([(15, 30), (55_000, 70_000)], lambda _: None)
    assert reads.bytes == 20 + 20_000
    local = (tmp_path / "m" / "f").read_bytes()
    assert len(local) == len(data)
    assert local[10:30] == data[10:30]
    assert local[50_000:70_000] == data[50_000:70_000]
    await mirror.ensure([], lambda _: None)
    assert reads.bytes == len(data)
    assert (tmp_path / "m" / "f").read_bytes() == data


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_ranges_are_asked_for_in_turn_each_byte_is_read_once(
    seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    objects, reads = MemoryObjects(), Reads()
    data = dice.randbytes(3000)
    objects.stored["k"] = data
    mirror = Mirror(objects, "k", len(data), tmp_path / "m" / "f", reads)
    wanted: set[int] = set()
    for _ in range(12):
        starts = [dice.randrange(len(data)) for _ in range(dice.randint(1, 8))]
        ranges = [(start, min(start + dice.randint(1, 300), len(data))) for start in starts]
        await mirror.ensure(ranges, lambda _: None)
        wanted.update(place for start, end in ranges for place in range(start, end))
        assert reads.bytes == mirror.held == len(wanted)
    local = mirror.path.read_bytes()
    assert all(local[place] == data[place] for place in wanted)


async def test_originals_in_use_stay_and_others_make_room(tmp_path: Path) -> None:
    objects = MemoryObjects()
    for name in ("a", "b", "c"):
        objects.stored[name] = name.encode() * 1000
    workspace = ScratchWorkspace(tmp_path, "w", objects, 2500)
    await workspace.open()
    a, b, c = (claim(1000, name) for name in ("a", "b", "c"))
    async with workspace.source(a, lambda _: None) as used:
        async with workspace.source(b, lambda _: None) as idle:
            assert idle.read_bytes() == b"b" * 1000
        async with workspace.source(c, lambda _: None):
            assert used.exists()
            assert not idle.exists()
    await workspace.close()
    assert not (tmp_path / "w").exists()


async def test_a_missing_original_is_the_owners_to_know(tmp_path: Path) -> None:
    workspace = ScratchWorkspace(tmp_path, "w", MemoryObjects(), 2500)
    await workspace.open()
    with pytest.raises(InvalidInputError) as caught:
        async with workspace.source(claim(10), lambda _: None):
            pass
    assert caught.value.code is FailureCode.SOURCE_MISSING
    await workspace.close()


async def test_an_original_beyond_the_scratch_space_is_refused(tmp_path: Path) -> None:
    workspace = ScratchWorkspace(tmp_path, "w", MemoryObjects(), 2500)
    await workspace.open()
    with pytest.raises(InvalidInputError) as caught:
        async with workspace.source(claim(2501), lambda _: None):
            pass
    assert caught.value.code is FailureCode.TOO_LARGE
    await workspace.close()


async def test_an_attempts_directory_goes_also_when_it_fails(tmp_path: Path) -> None:
    workspace = ScratchWorkspace(tmp_path, "w", MemoryObjects(), 2500)
    await workspace.open()
    task = claim(1).task
    used: list[Path] = []

    async def fail() -> None:
        async with workspace.attempt(task) as path:
            used.append(path / "file")
            used[0].write_text("x")
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await fail()
    (path,) = used[0].parents[:1]
    assert not path.exists()
    async with workspace.attempt(replace(task, attempt=2)) as other:
        assert other != path
    await workspace.close()


async def test_the_files_of_dead_workers_are_removed_and_those_of_living_ones_are_not(
    tmp_path: Path,
) -> None:
    dead = tmp_path / "dead"
    (dead / "sources").mkdir(parents=True)
    (dead / "sources" / "f").write_text("x")
    (dead / "lock").write_text("")
    living = ScratchWorkspace(tmp_path, "living", MemoryObjects(), 100)
    await living.open()
    assert not dead.exists()
    other = ScratchWorkspace(tmp_path, "other", MemoryObjects(), 100)
    await other.open()
    assert (tmp_path / "living").exists()
    await asyncio.gather(living.close(), other.close())


def disk_of(total: int, free: list[int]) -> Callable[[Path], SimpleNamespace]:
    """A disk with so much free at each look, the last for ever."""

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(total=total, free=free.pop(0) if len(free) > 1 else free[0])

    return usage


async def test_a_full_disk_is_known_before_a_task_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = ScratchWorkspace(tmp_path, "w", MemoryObjects(), 2500)
    await workspace.open()
    await workspace.check()
    monkeypatch.setattr(shutil, "disk_usage", disk_of(1 << 40, [1000]))
    with pytest.raises(UnavailableError):
        await workspace.check()
    await workspace.close()


async def test_originals_that_nobody_uses_make_room_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = MemoryObjects()
    objects.stored["a"] = b"a" * 1000
    workspace = ScratchWorkspace(tmp_path, "w", objects, 2500)
    await workspace.open()
    async with workspace.source(claim(1000, "a"), lambda _: None) as idle:
        pass
    assert idle.exists()
    monkeypatch.setattr(shutil, "disk_usage", disk_of(1 << 40, [1000, 1 << 39]))
    await workspace.check()
    assert not idle.exists()
    await workspace.close()


@pytest.mark.parametrize(("total", "waits"), [(1 << 40, True), (2000, False)])
async def test_a_disk_that_is_full_for_now_is_waited_out_and_one_that_is_too_small_is_not(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    total: int,
    waits: bool,  # noqa: FBT001
) -> None:
    objects = MemoryObjects()
    objects.stored["a"] = b"a" * 1000
    workspace = ScratchWorkspace(tmp_path, "w", objects, 2500)
    await workspace.open()
    monkeypatch.setattr(shutil, "disk_usage", disk_of(total, [1000]))
    with pytest.raises(TransientError) as caught:
        async with workspace.source(claim(1000, "a"), lambda _: None):
            pass
    assert isinstance(caught.value, UnavailableError) == waits
    await workspace.close()
