"""What an owner does with videos: list, read, rename, cancel, process again, remove."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from carrete.domain.ladder import Profile
from carrete.domain.library import VideoQuery, position_of
from carrete.domain.upload import clean_name
from carrete.domain.video import Video, VideoState
from carrete.ports import JobDetail, Queue, VideoStore
from carrete.usecases.cursors import read_cursor, write_cursor
from carrete.usecases.doorbells import ring

MAX_PAGE = 100
MAX_SELECTED = 200
"""Videos that are deleted at once."""
DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an owner's videos.

    Attributes:
        after: the cursor to go on from, or ``None`` on the last page.
    """

    videos: list[Video]
    after: str | None


async def list_videos(
    owner_id: UUID,
    query: VideoQuery = VideoQuery(),  # noqa: B008 - frozen
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE,
    videos: VideoStore,
) -> Page:
    """A page of at most ``limit`` videos, from a cursor on.

    Raises:
        InvalidCursorError: the cursor belongs to another order, or is none.
    """
    size = max(1, min(limit, MAX_PAGE))
    after = read_cursor(query.sort, cursor, query.sort.takes)
    # One more than asked for tells whether there is a next page without counting all rows.
    found = await videos.videos(owner_id, query, after=after, limit=size + 1)
    more = len(found) > size
    last = write_cursor(query.sort, position_of(found[size - 1], query.sort)) if more else None
    return Page(found[:size], last)


async def count_videos(owner_id: UUID, text: str, *, videos: VideoStore) -> dict[VideoState, int]:
    """How many videos whose name contains the text are in each state that occurs."""
    return await videos.count_by_state(owner_id, text)


async def read_video(owner_id: UUID, video_id: UUID, *, videos: VideoStore) -> Video:
    """One video.

    Raises:
        NotFoundError: the owner has no such video.
    """
    return await videos.video(owner_id, video_id)


async def read_job(
    owner_id: UUID, video_id: UUID, *, videos: VideoStore
) -> tuple[Video, JobDetail | None]:
    """A video with its current job, if it has one.

    Raises:
        NotFoundError: the owner has no such video.
    """
    video = await videos.video(owner_id, video_id)
    return video, await videos.job(owner_id, video_id)


async def rename_video(owner_id: UUID, video_id: UUID, name: str, *, videos: VideoStore) -> Video:
    """Change the name that is shown and that downloads carry.

    Raises:
        InvalidNameError: the name can't be shown or stored.
        NotFoundError: the owner has no such video.
    """
    return await videos.rename(owner_id, video_id, clean_name(name))


async def cancel_video(owner_id: UUID, video_id: UUID, *, videos: VideoStore) -> Video:
    """Stop a video's work; its worker notices at its next heartbeat.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: there is nothing to cancel.
    """
    return await videos.cancel(owner_id, video_id)


async def reprocess_video(
    owner_id: UUID,
    video_id: UUID,
    profile: Profile | None = None,
    *,
    videos: VideoStore,
    queue: Queue,
) -> Video:
    """Process the original anew; earlier results stay until the new ones are ready.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: it is uploading or in work.
    """
    await ring(queue, await videos.resubmit(owner_id, video_id, profile))
    return await videos.video(owner_id, video_id)


async def remove_video(owner_id: UUID, video_id: UUID, *, videos: VideoStore, queue: Queue) -> None:
    """Hide a video at once and have a worker delete everything that is stored of it.

    Raises:
        NotFoundError: the owner has no such video.
    """
    await ring(queue, await videos.request_removal(owner_id, video_id))


async def remove_videos(
    owner_id: UUID, video_ids: Collection[UUID], *, videos: VideoStore, queue: Queue
) -> int:
    """``remove_video`` for a selection; those that are not the owner's, or gone, are left out.

    Returns:
        How many are being removed.
    """
    count, bells = await videos.request_removals(owner_id, video_ids)
    await ring(queue, bells)
    return count
