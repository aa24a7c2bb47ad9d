"""The audit of a running system: breakages planted in the real stores are found."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chaos.audit import check, gather, play, wait_until_quiet
from chaos.audit.gather import list_uploads, open_s3, open_sqs
from chaos.ledger import Promise
from tests.chaos.conftest import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def kinds(scene: Scene) -> set[str]:
    """What the audit finds now."""
    found = check(await gather(scene.world), scene.world.ledger)
    for promise in scene.world.ledger.promises:
        found += await play(scene.user, promise)
    return {breakage.kind for breakage in found}


def clip_of(scene: Scene) -> Promise:
    """The promise of the real clip."""
    return scene.world.ledger.promises[0]


async def execute(scene: Scene, sql: str) -> None:
    async with scene.world.database() as connection:
        await connection.execute(sql.encode())


async def key_of(scene: Scene, kind: str) -> str:
    async with scene.world.database() as connection:
        row = await (
            await connection.execute(b"SELECT key FROM artifact WHERE kind = %s", [kind])
        ).fetchone()
    assert row is not None
    return str(row["key"])


@asynccontextmanager
async def replaced(scene: Scene, key: str, change: object) -> AsyncIterator[None]:
    """An object with other bytes for a while; gone, when there are none."""
    bucket = scene.world.bucket
    async with open_s3(scene.world) as s3:
        before = await (await s3.get_object(Bucket=bucket, Key=key))["Body"].read()
        if callable(change):
            await s3.put_object(Bucket=bucket, Key=key, Body=change(before))
        else:
            await s3.delete_object(Bucket=bucket, Key=key)
        try:
            yield
        finally:
            await s3.put_object(Bucket=bucket, Key=key, Body=before)


def garbled(data: bytes) -> bytes:
    """As many bytes, of which the middle is noise."""
    third = len(data) // 3
    return data[:third] + bytes(byte ^ 0x5A for byte in data[third : 2 * third]) + data[2 * third :]


async def test_a_system_at_rest_has_nothing_to_be_found(scene: Scene) -> None:
    assert await kinds(scene) == set()


async def test_an_orphan_object_and_an_open_upload_are_found(scene: Scene) -> None:
    bucket = scene.world.bucket
    async with open_s3(scene.world) as s3:
        await s3.put_object(Bucket=bucket, Key="output/nobody", Body=b"x")
        opened = await s3.create_multipart_upload(Bucket=bucket, Key="input/nobody")
        assert await list_uploads(s3, bucket) == ["input/nobody"]
        found = await kinds(scene)
        await s3.delete_object(Bucket=bucket, Key="output/nobody")
        await s3.abort_multipart_upload(
            Bucket=bucket, Key="input/nobody", UploadId=opened["UploadId"]
        )
    assert found == {"orphan object", "open upload"}


async def test_a_changed_original_is_found(scene: Scene) -> None:
    promise = clip_of(scene)
    key = f"input/{promise.user}/{promise.video_id}/original.mp4"
    async with replaced(scene, key, lambda data: data[:-1] + bytes([data[-1] ^ 1])):
        assert await kinds(scene) == {"original changed"}


async def test_a_garbled_chunk_is_found(scene: Scene) -> None:
    async with replaced(scene, await key_of(scene, "chunk"), garbled):
        assert await kinds(scene) & {"not playable", "wrong frames"}


async def test_a_result_that_is_cut_short_is_found(scene: Scene) -> None:
    async with replaced(scene, await key_of(scene, "processed"), lambda data: data[:200]):
        assert {"wrong size", "not playable"} <= await kinds(scene)


async def test_a_missing_result_is_found(scene: Scene) -> None:
    async with replaced(scene, await key_of(scene, "processed"), None):
        assert {"missing object", "not playable"} <= await kinds(scene)


async def test_a_message_is_found_wherever_it_is(scene: Scene) -> None:
    world = scene.world
    async with open_sqs(world) as sqs:
        url = world.queue_url(dead=True)
        await sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="x")
        assert await kinds(scene) == {"message left"}
        hidden = await sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
        assert await kinds(scene) == {"message left"}
        handle = hidden["Messages"][0]["ReceiptHandle"]
        await sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)


async def test_files_of_attempts_and_of_dead_workers_are_found(scene: Scene) -> None:
    scratch = scene.world.scratch
    (home,) = [path for path in scratch.iterdir() if path.is_dir()]
    for left in (home / "attempts" / "task.1", scratch / "host-4194304-abcdef"):
        left.mkdir()
        assert await kinds(scene) == {"file left"}
        left.rmdir()


async def test_a_process_is_found(scene: Scene) -> None:
    waits = "import sys; sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", waits, str(scene.world.scratch)), stdin=asyncio.subprocess.PIPE
    )
    found = await kinds(scene)
    process.kill()
    await process.wait()
    assert found == {"process left"}


async def test_rows_that_wait_or_lie_about_are_found_and_are_no_rest(scene: Scene) -> None:
    # Far in the future, so that no worker takes it.
    await execute(
        scene,
        "UPDATE task SET state = 'pending', run_after = now() + interval '1 day'"
        " WHERE kind = 'finish'",
    )
    assert not await wait_until_quiet(scene.world, 1.5)
    assert {"unsettled task", "ready with work left"} <= await kinds(scene)
    await execute(scene, "UPDATE task SET state = 'done' WHERE kind = 'finish'")
    await execute(
        scene,
        "INSERT INTO artifact (key, owner_id, video_id, job_id, task_id, attempt, state, kind,"
        " size_bytes) SELECT 'k', owner_id, gen_random_uuid(), job_id, task_id, 1, 'live', 'chunk',"
        " 1 FROM artifact LIMIT 1",
    )
    assert {"orphan row", "missing object"} <= await kinds(scene)
    await execute(scene, "DELETE FROM artifact WHERE key = 'k'")


async def test_an_event_that_a_watcher_missed_or_saw_twice_is_found(scene: Scene) -> None:
    watch = scene.world.ledger.watches[0]
    last = watch.seen.pop()
    assert await kinds(scene) == {"gap in a stream"}
    watch.seen += [last, last]
    assert await kinds(scene) == {"repeat in a stream"}
    watch.seen.pop()


async def test_a_video_that_is_gone_is_found(scene: Scene) -> None:
    # The last of the file: it is not put back.
    await execute(scene, "DELETE FROM video WHERE state = 'ready'")
    found = check(await gather(scene.world), scene.world.ledger)
    assert {"lost", "orphan object", "orphan row"} <= {breakage.kind for breakage in found}
