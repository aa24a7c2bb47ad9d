"""What of an upload is stored already, so that a client can go on where it stopped."""

from dataclasses import dataclass
from uuid import UUID

from carrete.domain.artifacts import original_key
from carrete.domain.upload import Part, part_count
from carrete.ports import ObjectStore, VideoStore
from carrete.usecases.sign_parts import uploading


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """The plan of an upload and the parts that are stored.

    Attributes:
        part_size: bytes of each part but the last.
        part_count: how many parts the file has.
    """

    part_size: int
    part_count: int
    parts: tuple[Part, ...]


async def read_upload(
    owner_id: UUID, video_id: UUID, *, videos: VideoStore, objects: ObjectStore
) -> UploadStatus:
    """List the stored parts.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: its upload is over.
        UploadGoneError: S3 no longer has the upload.
    """
    video = await uploading(owner_id, video_id, videos=videos)
    parts: list[Part] = []
    if video.upload_id is not None:
        key = original_key(owner_id, video_id, video.extension)
        parts = await objects.parts(key, video.upload_id)
    count = part_count(video.size_bytes, video.part_size)
    return UploadStatus(video.part_size, count, tuple(parts))
