"""Ending an upload: every byte is accounted for before a job is opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from carrete.domain.artifacts import original_key
from carrete.domain.failures import CarreteError
from carrete.domain.upload import Part, part_count, part_length
from carrete.domain.video import Video, VideoState
from carrete.ports import ObjectStore, Queue, UploadGoneError, VideoStore
from carrete.usecases.doorbells import ring

MAX_REPORTED = 100
"""Wrong parts that an error lists."""


@dataclass(frozen=True, slots=True)
class WrongPart:
    """A part that is missing or of the wrong length.

    Attributes:
        expected: bytes that it must have.
        stored: bytes that it has; ``None`` when it is missing.
    """

    number: int
    expected: int
    stored: int | None


class UploadIncompleteError(CarreteError):
    """Parts are missing or of the wrong length.

    Attributes:
        wrong: the first of them, at most ``MAX_REPORTED``.
        count: how many there are.
    """

    def __init__(self, wrong: Sequence[WrongPart], count: int) -> None:
        """Keep what is wrong."""
        super().__init__(f"parts that are missing or have the wrong length: {count}")
        self.wrong = tuple(wrong)
        self.count = count


class SizeMismatchError(CarreteError):
    """The stored object has another size than the one that was announced."""


async def complete_upload(
    owner_id: UUID, video_id: UUID, *, videos: VideoStore, objects: ObjectStore, queue: Queue
) -> Video:
    """Make the original out of its parts and send the video to work.

    It may be called again at any point: a video whose upload is over is returned as it is.

    Raises:
        NotFoundError: the owner has no such video.
        UploadIncompleteError: parts are missing or of the wrong length.
        UploadGoneError: neither the upload nor the object is there.
        SizeMismatchError: the object has another size than the announced one.
    """
    video = await videos.video(owner_id, video_id)
    if video.state is not VideoState.UPLOADING:
        return video
    key = original_key(owner_id, video_id, video.extension)
    await _join(video, key, objects)
    etag = await _check_object(video, key, objects)
    bells = await videos.submit(owner_id, video_id, etag)
    await ring(queue, bells)
    return await videos.video(owner_id, video_id)


async def _join(video: Video, key: str, objects: ObjectStore) -> None:
    if video.upload_id is None:
        _require_all(video, [])
        return
    try:
        parts = await objects.parts(key, video.upload_id)
        _require_all(video, parts)
        await objects.complete_upload(key, video.upload_id, parts)
    except UploadGoneError:
        # Another request, or one that crashed before its commit, has joined the parts already;
        # or somebody aborted the upload. The object itself tells which.
        return


async def _check_object(video: Video, key: str, objects: ObjectStore) -> str:
    """The stored object's entity tag, once its size is the announced one."""
    head = await objects.head(key)
    if head is None:
        raise UploadGoneError("the upload is no longer stored; delete the video and start again")
    if head.size != video.size_bytes:
        msg = f"the stored file has {head.size} bytes instead of {video.size_bytes}"
        raise SizeMismatchError(msg)
    return head.etag


def _require_all(video: Video, parts: Sequence[Part]) -> None:
    wrong = list(islice(_wrong_parts(video, parts), MAX_REPORTED))
    if wrong:
        count = sum(1 for _ in _wrong_parts(video, parts))
        raise UploadIncompleteError(wrong, count)


def _wrong_parts(video: Video, parts: Sequence[Part]) -> Iterator[WrongPart]:
    stored = {part.number: part.size for part in parts}
    for number in range(1, part_count(video.size_bytes, video.part_size) + 1):
        expected = part_length(number, video.size_bytes, video.part_size)
        size = stored.pop(number, None)
        if size != expected:
            yield WrongPart(number, expected, size)
    for number, size in stored.items():
        yield WrongPart(number, 0, size)
