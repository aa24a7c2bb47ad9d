"""Giving an upload up."""

from uuid import UUID

from carrete.domain.video import VideoState
from carrete.ports import Queue, VideoStore
from carrete.usecases.doorbells import ring


async def abort_upload(owner_id: UUID, video_id: UUID, *, videos: VideoStore, queue: Queue) -> None:
    """Delete a video that is still uploading; a worker throws its stored parts away.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidStateError: its upload is over; deleting the video is another request.
    """
    bells = await videos.request_removal(owner_id, video_id, only=VideoState.UPLOADING)
    await ring(queue, bells)
