"""A backup of a system that works becomes a new system in which nothing is missing."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.conftest import Aws, administer
from tests.integration.worker.conftest import Desk

from carrete.bootstrap import create_local_resources, make_dumps, open_container
from carrete.domain.artifacts import ArtifactKind, original_key
from carrete.domain.video import Video, VideoState
from carrete.local.postgres import PostgresServer
from carrete.ports import DumpError
from carrete.usecases.backup import BackupError, BackupReport, back_up, restore


async def backed_up(desk: Desk, directory: Path) -> BackupReport:
    return await back_up(
        directory,
        dumps=make_dumps(desk.settings),
        objects=desk.container.objects,
        on_progress=lambda _: None,
    )


async def restored(desk: Desk, directory: Path) -> BackupReport:
    return await restore(
        directory,
        dumps=make_dumps(desk.settings),
        objects=desk.container.objects,
        on_progress=lambda _: None,
    )


@pytest.fixture
async def elsewhere(desk: Desk, postgres: PostgresServer, aws: Aws) -> AsyncIterator[Desk]:
    """Another place: an empty database, an empty bucket, empty queues."""
    name = f"restored_{uuid4().hex[:12]}"
    await administer(postgres, "CREATE DATABASE {}", name)
    there = Aws(aws.endpoint_url, uuid4().hex[:12])
    settings = desk.settings.model_copy(
        update={
            "database_url": type(desk.settings.database_url)(postgres.dsn(name)),
            "s3_bucket": there.bucket,
            "sqs_queue_url": there.queue_url(),
            "sqs_dlq_url": there.queue_url("carrete-dead"),
        }
    )
    await create_local_resources(settings)
    async with open_container(settings) as container:
        yield Desk(settings, container, desk.owner)
    await administer(postgres, "DROP DATABASE {} WITH (FORCE)", name)


@asynccontextmanager
async def stored(desk: Desk, key: str, folder: Path) -> AsyncIterator[str]:
    """SHA-256 of an object."""
    path = folder / uuid4().hex
    await desk.container.objects.download(key, path, lambda _: None)
    yield hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()


async def result_of(desk: Desk, video: Video, folder: Path) -> str:
    (made,) = await desk.container.videos.artifacts(
        video.owner_id, video.id, [ArtifactKind.PROCESSED]
    )
    async with stored(desk, made.key, folder) as digest:
        return digest


async def test_what_is_ready_stays_ready_and_what_waited_is_done_in_the_new_place(
    desk: Desk, elsewhere: Desk, clip: Path, tmp_path: Path
) -> None:
    ready = await desk.send(clip)
    async with desk.worker():
        await desk.settled(ready)
    waiting = await desk.send(clip, "later.mp4")
    report = await backed_up(desk, tmp_path / "backup")
    assert report.gone == ()
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    again = await restored(elsewhere, tmp_path / "backup")
    assert (again.objects, again.bytes) == (report.objects, report.bytes)
    assert await result_of(elsewhere, ready, tmp_path) == await result_of(desk, ready, tmp_path)
    key = original_key(waiting.owner_id, waiting.id, waiting.extension)
    async with stored(elsewhere, key, tmp_path) as digest:
        assert digest == hashlib.sha256(clip.read_bytes()).hexdigest()
    # no message came along: reconcile rings for what the rows say waits
    async with elsewhere.worker():
        done = await elsewhere.settled(waiting)
    assert (done.state, done.failure) == (VideoState.READY, None)
    # the old place has not noticed
    assert (await desk.video(waiting)).state is VideoState.QUEUED


async def test_a_backup_is_made_while_a_worker_works(
    desk: Desk, elsewhere: Desk, clip: Path, tmp_path: Path
) -> None:
    async with desk.worker():
        video = await desk.send(clip)
        await desk.until(video, lambda now: now.state is VideoState.PROCESSING)
        await backed_up(desk, tmp_path / "backup")
        await desk.settled(video)
    await restored(elsewhere, tmp_path / "backup")
    before = (await elsewhere.video(video)).state
    assert before in {VideoState.PROCESSING, VideoState.READY}
    async with elsewhere.worker():
        settling = asyncio.ensure_future(elsewhere.settled(video))
        # the lease of the old place's worker runs out here, where nobody extends it
        while not settling.done():
            await elsewhere.reconcile()
            await asyncio.wait({settling}, timeout=0.5)
    assert settling.result().state is VideoState.READY


async def test_nothing_is_restored_over_anything(desk: Desk, tmp_path: Path) -> None:
    await backed_up(desk, tmp_path / "backup")
    with pytest.raises(DumpError, match="not empty"):
        await restored(desk, tmp_path / "backup")
    with pytest.raises(BackupError, match="not empty"):
        await backed_up(desk, tmp_path / "backup")


async def test_a_damaged_or_broken_off_backup_changes_nothing(
    desk: Desk, elsewhere: Desk, clip: Path, tmp_path: Path
) -> None:
    await desk.send(clip)
    backup = tmp_path / "backup"
    await backed_up(desk, backup)
    (original,) = (path for path in (backup / "objects").rglob("*") if path.is_file())
    data = bytearray(original.read_bytes())
    data[len(data) // 2] ^= 1
    original.write_bytes(data)
    with pytest.raises(BackupError, match="not what it was"):
        await restored(elsewhere, backup)
    original.unlink()
    with pytest.raises(BackupError, match="lacks"):
        await restored(elsewhere, backup)
    (backup / "manifest.json").unlink()
    with pytest.raises(BackupError, match="no whole backup"):
        await restored(elsewhere, backup)
    await make_dumps(elsewhere.settings).require_empty()
    assert await elsewhere.keys() == []
