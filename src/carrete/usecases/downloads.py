"""Links to stored files, which clients then read from S3 directly."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from carrete.domain.artifacts import ArtifactKind, original_key
from carrete.domain.upload import processed_name
from carrete.domain.video import InvalidStateError, Video, VideoState
from carrete.ports import Artifact, NotFoundError, ObjectStore, VideoStore


class DownloadKind(StrEnum):
    """Which of a video's files."""

    ORIGINAL = "original"
    PROCESSED = "processed"


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that whoever holds it may read for a while.

    Attributes:
        filename: what a browser saves the file as.
        size_bytes: of the file.
    """

    url: str
    filename: str
    size_bytes: int


async def download_link(
    owner_id: UUID,
    video_id: UUID,
    kind: DownloadKind,
    *,
    expires_s: int,
    videos: VideoStore,
    objects: ObjectStore,
) -> Link:
    """A link to the original under its own name, or to the result under that name with ``.mp4``.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: the file is not there yet.
    """
    video = await videos.video(owner_id, video_id)
    if kind is DownloadKind.ORIGINAL:
        if video.state is VideoState.UPLOADING:
            raise InvalidStateError(video.state, "downloaded")
        key = original_key(owner_id, video_id, video.extension)
        url = await objects.sign_get(key, expires_s, filename=video.name)
        return Link(url, video.name, video.size_bytes)
    result = await _find(video, ArtifactKind.PROCESSED, videos)
    if result is None:
        raise InvalidStateError(video.state, "downloaded as a processed file")
    name = processed_name(video.name)
    url = await objects.sign_get(result.key, expires_s, filename=name)
    return Link(url, name, result.size_bytes)


async def poster_link(
    owner_id: UUID, video_id: UUID, *, expires_s: int, videos: VideoStore, objects: ObjectStore
) -> Link:
    """A link to the still picture, to be shown and not saved.

    Raises:
        NotFoundError: the owner has no such video, or it has no picture yet.
    """
    video = await videos.video(owner_id, video_id)
    poster = await _find(video, ArtifactKind.POSTER, videos)
    if poster is None:
        raise NotFoundError("this video has no poster yet")
    name = processed_name(video.name).removesuffix(".mp4") + ".jpg"
    url = await objects.sign_get(poster.key, expires_s, filename=name, inline=True)
    return Link(url, name, poster.size_bytes)


async def _find(video: Video, kind: ArtifactKind, videos: VideoStore) -> Artifact | None:
    found = await videos.artifacts(video.owner_id, video.id, [kind])
    return found[0] if found else None
