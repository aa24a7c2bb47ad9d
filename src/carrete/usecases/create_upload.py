"""Starting an upload: a row in PostgreSQL first, then a multipart upload in S3."""

import hashlib
import json
from dataclasses import dataclass, replace
from uuid import UUID

from carrete.domain.artifacts import original_key
from carrete.domain.failures import CarreteError
from carrete.domain.ids import new_id
from carrete.domain.ladder import Profile
from carrete.domain.upload import clean_name, extension_of, part_size
from carrete.domain.video import InvalidStateError, Video, VideoState
from carrete.ports import NewVideo, NotFoundError, ObjectStore, VideoStore

DEFAULT_TYPE = "application/octet-stream"


class EmptyFileError(CarreteError):
    """A file of no bytes was announced."""


class TooLargeError(CarreteError):
    """The announced file is larger than what is taken.

    Attributes:
        limit: most bytes of an original.
    """

    def __init__(self, limit: int) -> None:
        """Keep the limit."""
        super().__init__(f"the file is larger than the limit of {limit} bytes")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class WantedUpload:
    """What a client announces.

    Attributes:
        name: as its person calls the file.
        size_bytes: of the whole file.
        content_type: its media type, if the client knows it.
    """

    name: str
    size_bytes: int
    content_type: str | None = None
    profile: Profile = Profile.H264


async def create_upload(
    owner_id: UUID,
    wanted: WantedUpload,
    *,
    idempotency_key: str | None,
    max_bytes: int,
    videos: VideoStore,
    objects: ObjectStore,
) -> tuple[Video, bool]:
    """Record a video and open its upload.

    The row comes first, so that no multipart upload exists that no row knows of for longer than
    one request. With an ``idempotency_key`` the same request may come again: it finds the same
    video, and finishes a creation that was interrupted before S3 had answered.

    Returns:
        The video, and whether this call made it.

    Raises:
        InvalidNameError: the name can't be shown or stored.
        EmptyFileError: the size is 0.
        TooLargeError: the size is above ``max_bytes``.
        IdempotencyConflictError: the key was used with another request.
    """
    new = _new_video(owner_id, wanted, max_bytes)
    video, made = await videos.create_video(new, idempotency_key, _request_hash(new))
    if video.state is VideoState.UPLOADING and video.upload_id is None:
        video = replace(video, upload_id=await ensure_upload(video, videos=videos, objects=objects))
    return video, made


async def ensure_upload(video: Video, *, videos: VideoStore, objects: ObjectStore) -> str:
    """S3's name of the video's multipart upload, which is opened if that never happened.

    Raises:
        NotFoundError: the video was deleted meanwhile.
        InvalidStateError: the video is no longer uploading.
    """
    if video.upload_id is not None:
        return video.upload_id
    key = original_key(video.owner_id, video.id, video.extension)
    ours = await objects.begin_upload(key, video.content_type)
    try:
        kept = await videos.set_upload(video.owner_id, video.id, ours)
    except NotFoundError:
        # Only here: after a TransientError the row may hold our name, and aborting would break
        # the upload. If it does not hold it, `carrete gc` finds the upload that no row knows.
        await objects.abort_upload(key, ours)
        raise
    if kept != ours:
        await objects.abort_upload(key, ours)
    if not kept:
        current = await videos.video(video.owner_id, video.id)
        raise InvalidStateError(current.state, "uploaded to")
    return kept


def _new_video(owner_id: UUID, wanted: WantedUpload, max_bytes: int) -> NewVideo:
    name = clean_name(wanted.name)
    if wanted.size_bytes <= 0:
        raise EmptyFileError("the file is empty")
    if wanted.size_bytes > max_bytes:
        raise TooLargeError(max_bytes)
    return NewVideo(
        id=new_id(),
        owner_id=owner_id,
        name=name,
        extension=extension_of(name),
        content_type=wanted.content_type or DEFAULT_TYPE,
        size_bytes=wanted.size_bytes,
        part_size=part_size(wanted.size_bytes),
        profile=wanted.profile,
    )


def _request_hash(new: NewVideo) -> bytes:
    """SHA-256 of what the client asked for, in one canonical form."""
    asked = [new.name, new.size_bytes, new.content_type, str(new.profile)]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()
