"""Presigned requests for parts: the bytes go from the client to S3, never through Carrete."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from carrete.domain.artifacts import original_key
from carrete.domain.failures import CarreteError
from carrete.domain.upload import part_count, part_length
from carrete.domain.video import InvalidStateError, Video, VideoState
from carrete.ports import ObjectStore, PartToSend, SignedRequest, VideoStore
from carrete.usecases.create_upload import ensure_upload

MAX_AT_ONCE = 100
"""Parts that one request may ask for."""


class NoSuchPartError(CarreteError):
    """A part number is beyond the file.

    Attributes:
        index: position in the list that was asked for, from 0.
    """

    def __init__(self, index: int, number: int, count: int) -> None:
        """Keep which one it was."""
        super().__init__(f"part {number} is not one of 1 to {count}")
        self.index = index


@dataclass(frozen=True, slots=True)
class WantedPart:
    """A part that the client is about to send: its number, and base64 of its SHA-256."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SignedPart:
    """Where a part of ``length`` bytes goes."""

    number: int
    length: int
    request: SignedRequest


async def sign_parts(
    owner_id: UUID,
    video_id: UUID,
    wanted: Sequence[WantedPart],
    *,
    expires_s: int,
    videos: VideoStore,
    objects: ObjectStore,
) -> list[SignedPart]:
    """Sign a PUT for each part. S3 refuses other bytes than those of the checksum and length.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: the video is no longer uploading.
        NoSuchPartError: a number is beyond the file.
    """
    video = await uploading(owner_id, video_id, videos=videos)
    upload_id = await ensure_upload(video, videos=videos, objects=objects)
    key = original_key(owner_id, video_id, video.extension)
    signed = []
    for index, part in enumerate(wanted):
        length = _length(index, part.number, video)
        send = PartToSend(part.number, length, part.sha256, expires_s)
        signed.append(
            SignedPart(part.number, length, await objects.sign_part(key, upload_id, send))
        )
    await videos.touch(owner_id, video_id)
    return signed


async def uploading(owner_id: UUID, video_id: UUID, *, videos: VideoStore) -> Video:
    """The video, which must still be uploading.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: its upload is over.
    """
    video = await videos.video(owner_id, video_id)
    if video.state is not VideoState.UPLOADING:
        raise InvalidStateError(video.state, "uploaded to")
    return video


def _length(index: int, number: int, video: Video) -> int:
    try:
        return part_length(number, video.size_bytes, video.part_size)
    except ValueError as exc:
        count = part_count(video.size_bytes, video.part_size)
        raise NoSuchPartError(index, number, count) from exc
