from dataclasses import replace

import pytest
from tests.unit.usecases.desk import LIMIT, Desk, sha256

from carrete.domain.failures import TransientError
from carrete.domain.ids import new_id
from carrete.domain.ladder import Profile
from carrete.domain.upload import MIB, InvalidNameError, Part
from carrete.domain.video import InvalidStateError, VideoState
from carrete.ports import IdempotencyConflictError, NotFoundError, UploadGoneError
from carrete.usecases.abort_upload import abort_upload
from carrete.usecases.complete_upload import (
    MAX_REPORTED,
    SizeMismatchError,
    UploadIncompleteError,
    WrongPart,
)
from carrete.usecases.create_upload import (
    EmptyFileError,
    TooLargeError,
    WantedUpload,
    create_upload,
    ensure_upload,
)
from carrete.usecases.read_upload import read_upload
from carrete.usecases.sign_parts import NoSuchPartError, WantedPart, sign_parts

PART = 8 * MIB


async def test_an_upload_begins_with_a_row_and_an_open_upload() -> None:
    desk = Desk()
    video, made = await desk.create(20 * MIB, "../../Boda en Sevilla.MOV")
    assert made
    assert video.name == "Boda en Sevilla.MOV"
    assert (video.state, video.part_size) == (VideoState.UPLOADING, PART)
    assert desk.objects.uploads[str(video.upload_id)].key == desk.key(video)
    assert desk.key(video).endswith("/original.mov")


async def test_a_bad_announcement_leaves_nothing_behind() -> None:
    desk = Desk()
    with pytest.raises(EmptyFileError):
        await desk.create(0)
    with pytest.raises(TooLargeError):
        await desk.create(LIMIT + 1)
    with pytest.raises(InvalidNameError):
        await desk.create(5, "../..")
    assert not desk.store.rows
    assert not desk.objects.uploads


async def test_the_largest_file_is_taken() -> None:
    await Desk().create(LIMIT)


async def test_the_same_request_with_the_same_key_makes_one_video() -> None:
    desk = Desk()
    first, made = await desk.create(key="k")
    again, made_again = await desk.create(key="k")
    assert (made, made_again) == (True, False)
    assert again.id == first.id
    assert len(desk.objects.uploads) == 1


@pytest.mark.parametrize(
    "other",
    [
        WantedUpload("film.mp4", 6),
        WantedUpload("other.mp4", 5),
        WantedUpload("film.mp4", 5, "video/mp4"),
        WantedUpload("film.mp4", 5, profile=Profile.H264_AV1),
    ],
)
async def test_another_request_with_the_same_key_is_refused(other: WantedUpload) -> None:
    desk = Desk()
    await desk.create(5, key="k")
    with pytest.raises(IdempotencyConflictError):
        await create_upload(
            desk.owner,
            other,
            idempotency_key="k",
            max_bytes=LIMIT,
            videos=desk.store,
            objects=desk.objects,
        )


async def test_two_owners_may_use_the_same_key() -> None:
    ana, bob = Desk(), Desk()
    bob.store, bob.objects = ana.store, ana.objects
    assert (await ana.create(key="k"))[0].id != (await bob.create(key="k"))[0].id


async def test_a_creation_that_broke_off_at_s3_is_finished_by_its_repetition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()

    async def out_of_reach(key: str, content_type: str) -> str:
        raise TransientError(key + content_type)

    with monkeypatch.context() as patch:
        patch.setattr(desk.objects, "begin_upload", out_of_reach)
        with pytest.raises(TransientError):
            await desk.create(key="k")
    video, made = await desk.create(key="k")
    assert not made
    assert video.upload_id in desk.objects.uploads


async def test_of_two_uploads_opened_at_once_one_is_kept_and_the_other_aborted() -> None:
    desk = Desk()
    video, _ = await desk.create()
    stale = replace(video, upload_id=None)
    kept = await ensure_upload(stale, videos=desk.store, objects=desk.objects)
    assert kept == video.upload_id
    assert list(desk.objects.uploads) == [kept]


async def test_no_upload_is_opened_for_a_video_that_is_gone_or_done() -> None:
    desk = Desk()
    video = await desk.uploaded()
    stale = replace(video, upload_id=None)
    await desk.complete(video)
    with pytest.raises(InvalidStateError):
        await ensure_upload(stale, videos=desk.store, objects=desk.objects)
    await desk.store.request_removal(desk.owner, video.id)
    with pytest.raises(NotFoundError):
        await ensure_upload(stale, videos=desk.store, objects=desk.objects)
    assert not desk.objects.uploads


async def test_each_part_is_signed_for_its_own_length_and_checksum() -> None:
    desk = Desk()
    video, _ = await desk.create(PART + 3)
    wanted = [WantedPart(2, sha256(b"abc")), WantedPart(1, sha256(b"x"))]
    signed = await sign_parts(
        desk.owner, video.id, wanted, expires_s=60, videos=desk.store, objects=desk.objects
    )
    assert [(part.number, part.length) for part in signed] == [(2, 3), (1, PART)]
    assert signed[0].request.headers["x-amz-checksum-sha256"] == sha256(b"abc")


async def test_a_part_beyond_the_file_is_not_signed() -> None:
    desk = Desk()
    video, _ = await desk.create(PART + 3)
    wanted = [WantedPart(1, ""), WantedPart(3, "")]
    with pytest.raises(NoSuchPartError) as caught:
        await sign_parts(
            desk.owner, video.id, wanted, expires_s=60, videos=desk.store, objects=desk.objects
        )
    assert caught.value.index == 1


async def test_signing_parts_is_a_sign_of_life() -> None:
    desk = Desk()
    video, _ = await desk.create()
    before = (await desk.now(video)).updated_at
    await sign_parts(
        desk.owner,
        video.id,
        [WantedPart(1, "")],
        expires_s=60,
        videos=desk.store,
        objects=desk.objects,
    )
    assert (await desk.now(video)).updated_at > before


async def test_a_client_that_comes_back_learns_what_is_stored() -> None:
    desk = Desk()
    video, _ = await desk.create(PART + 3)
    desk.put(video, 2, b"abc")
    status = await read_upload(desk.owner, video.id, videos=desk.store, objects=desk.objects)
    assert (status.part_size, status.part_count) == (PART, 2)
    assert [(part.number, part.size, part.sha256) for part in status.parts] == [
        (2, 3, sha256(b"abc"))
    ]


async def test_a_whole_upload_becomes_an_object_and_a_job_that_is_rung_for() -> None:
    desk = Desk()
    done = await desk.complete(await desk.uploaded(b"hello"))
    assert done.state is VideoState.QUEUED
    assert desk.objects.stored[desk.key(done)] == b"hello"
    job = await desk.store.job(desk.owner, done.id)
    assert job is not None
    (message,) = desk.queue.messages.values()
    assert str(job.tasks[0].id) in message[2]


async def test_completing_twice_is_completing_once() -> None:
    desk = Desk()
    video = await desk.uploaded()
    first = await desk.complete(video)
    assert await desk.complete(video) == first
    assert len(desk.queue.messages) == 1


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ({}, [WrongPart(1, PART, None), WrongPart(2, 3, None)]),
        ({1: PART}, [WrongPart(2, 3, None)]),
        ({1: PART, 2: 4}, [WrongPart(2, 3, 4)]),
        ({1: PART - 1, 2: 3}, [WrongPart(1, PART, PART - 1)]),
        ({1: PART, 2: 3, 3: 1}, [WrongPart(3, 0, 1)]),
    ],
)
async def test_an_upload_with_wrong_parts_is_not_completed(
    parts: dict[int, int], wrong: list[WrongPart]
) -> None:
    desk = Desk()
    video, _ = await desk.create(PART + 3)
    for number, size in parts.items():
        desk.put(video, number, bytes(size))
    with pytest.raises(UploadIncompleteError) as caught:
        await desk.complete(video)
    assert list(caught.value.wrong) == wrong
    assert (await desk.now(video)).state is VideoState.UPLOADING
    assert not desk.objects.stored


async def test_the_list_of_wrong_parts_is_bounded() -> None:
    desk = Desk()
    video, _ = await desk.create(LIMIT)
    with pytest.raises(UploadIncompleteError) as caught:
        await desk.complete(video)
    assert len(caught.value.wrong) == MAX_REPORTED
    assert caught.value.count == 125


async def test_an_upload_that_was_never_opened_is_incomplete() -> None:
    desk = Desk()
    video, _ = await desk.create()
    desk.store.change(video.id, upload_id=None)
    with pytest.raises(UploadIncompleteError):
        await desk.complete(video)


async def test_a_crash_after_s3_joined_the_parts_is_made_good() -> None:
    desk = Desk()
    video = await desk.uploaded()
    parts = await desk.objects.parts(desk.key(video), str(video.upload_id))
    await desk.objects.complete_upload(desk.key(video), str(video.upload_id), parts)
    assert (await desk.complete(video)).state is VideoState.QUEUED


async def test_an_upload_that_s3_has_lost_is_gone() -> None:
    desk = Desk()
    video = await desk.uploaded()
    await desk.objects.abort_upload(desk.key(video), str(video.upload_id))
    with pytest.raises(UploadGoneError):
        await desk.complete(video)
    with pytest.raises(UploadGoneError):
        await read_upload(desk.owner, video.id, videos=desk.store, objects=desk.objects)


async def test_an_object_of_another_size_is_not_processed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    video = await desk.uploaded()

    async def shorten(key: str, upload_id: str, parts: list[Part]) -> None:
        desk.objects.stored[key] = b"hell" * len(parts)
        del desk.objects.uploads[upload_id]

    monkeypatch.setattr(desk.objects, "complete_upload", shorten)
    with pytest.raises(SizeMismatchError):
        await desk.complete(video)
    assert (await desk.now(video)).state is VideoState.UPLOADING


async def test_a_queue_out_of_reach_does_not_fail_what_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    video = await desk.uploaded()

    async def silent(bells: object, delay_s: float) -> None:
        raise TransientError(f"{bells}{delay_s}")

    monkeypatch.setattr(desk.queue, "ring", silent)
    assert (await desk.complete(video)).state is VideoState.QUEUED
    assert (await desk.store.job(desk.owner, video.id)) is not None


async def test_an_abort_deletes_the_video_but_only_while_it_is_uploading() -> None:
    desk = Desk()
    video, _ = await desk.create()
    await abort_upload(desk.owner, video.id, videos=desk.store, queue=desk.queue)
    with pytest.raises(NotFoundError):
        await desk.now(video)
    assert len(desk.queue.messages) == 1
    done = await desk.complete(await desk.uploaded())
    with pytest.raises(InvalidStateError):
        await abort_upload(desk.owner, done.id, videos=desk.store, queue=desk.queue)
    assert (await desk.now(done)).state is VideoState.QUEUED


async def test_nothing_works_on_another_owners_upload() -> None:
    desk = Desk()
    video = await desk.now(await desk.uploaded())
    stranger = new_id()
    ports = {"videos": desk.store, "objects": desk.objects}
    for attempt in (
        sign_parts(stranger, video.id, [WantedPart(1, "")], expires_s=1, **ports),  # type: ignore[arg-type]
        read_upload(stranger, video.id, **ports),  # type: ignore[arg-type]
        abort_upload(stranger, video.id, videos=desk.store, queue=desk.queue),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    assert await desk.now(video) == video
