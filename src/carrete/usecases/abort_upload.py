"""Giving an upload up."""

from uuid import UUID

from carrete.ports import Queue, VideoStore
from carrete.usecases.doorbells import ring
from carrete.usecases.sign_parts import uploading


async def abort_upload(owner_id: UUID, video_id: UUID, *, videos: VideoStore, queue: Queue) -> None:
    """Delete a video that is still uploading; a worker throws its stored parts away.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: its upload is over; deleting the video is another request.
    """
    await uploading(owner_id, video_id, videos=videos)
    await ring(queue, await videos.request_removal(owner_id, video_id))
