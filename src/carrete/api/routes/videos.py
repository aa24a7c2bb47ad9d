"""Videos: list, read, rename, cancel, process again, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.domain.library import MAX_SEARCH, Sort, VideoQuery
from carrete.domain.video import VideoState
from carrete.usecases import videos as use
from carrete.usecases.cursors import MAX_CURSOR

States = Annotated[
    list[VideoState],
    Query(alias="state", max_length=len(VideoState), description="Only these; may be repeated"),
]
Limit = Annotated[int, Query(ge=1, le=use.MAX_PAGE, description="Most videos in the answer")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before, in the same order"),
]
Search = Annotated[
    str,
    Query(
        max_length=MAX_SEARCH,
        # no name has a NUL, and PostgreSQL takes none
        pattern=r"^[^\x00]*$",
        description="Text in the name, in upper or lower case",
    ),
]
Order = Annotated[Sort, Query(description="A minus in front: from the largest on")]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/videos",
        list_videos,
        methods=["GET"],
        **operation("listVideos", "List videos", "videos", model=schemas.VideoPage),
    )
    app.add_api_route(
        "/api/videos/summary",
        summarize_videos,
        methods=["GET"],
        **operation(
            "summarizeVideos", "Count videos by state", "videos", model=schemas.VideoSummary
        ),
    )
    app.add_api_route(
        "/api/videos/delete",
        delete_videos,
        methods=["POST"],
        **operation(
            "deleteVideos",
            "Delete a selection",
            "videos",
            status=202,
            model=schemas.SelectionRemoval,
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}",
        read_video,
        methods=["GET"],
        **operation(
            "readVideo", "Read a video", "videos", model=schemas.Video, codes=("not_found",)
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/tasks",
        list_tasks,
        methods=["GET"],
        **operation(
            "listTasks", "See the work's steps", "videos", model=schemas.Job, codes=("not_found",)
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}",
        rename_video,
        methods=["PATCH"],
        **operation(
            "renameVideo",
            "Rename a video",
            "videos",
            model=schemas.Video,
            codes=("not_found", "invalid_name"),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}",
        delete_video,
        methods=["DELETE"],
        **operation(
            "deleteVideo",
            "Delete a video",
            "videos",
            status=202,
            model=schemas.Removal,
            codes=("not_found",),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/cancel",
        cancel_video,
        methods=["POST"],
        **operation(
            "cancelVideo",
            "Stop a video's work",
            "videos",
            model=schemas.Video,
            codes=("not_found", "invalid_state"),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/reprocess",
        reprocess_video,
        methods=["POST"],
        **operation(
            "reprocessVideo",
            "Process a video anew",
            "videos",
            status=202,
            model=schemas.Video,
            codes=("not_found", "invalid_state", "quota_exceeded"),
            changes=True,
        ),
    )


async def list_videos(  # noqa: PLR0917 - FastAPI passes them by name
    account: AccountDep,
    api: ApiDep,
    states: States = [],  # noqa: B006 - FastAPI copies a default, and wants it here
    q: Search = "",
    sort: Order = Sort.NEWEST,
    limit: Limit = use.DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response:
    """Videos in the order asked for, the newest first by default, a page at a time."""
    query = VideoQuery(tuple(states), q, sort)
    page = await use.list_videos(
        account.id, query, cursor=cursor, limit=limit, videos=api.container.videos
    )
    return present.answer(present.page(page))


async def summarize_videos(account: AccountDep, api: ApiDep, q: Search = "") -> Response:
    """How many videos are in each state."""
    states = await use.count_videos(account.id, q, videos=api.container.videos)
    return present.answer({"states": states})


async def delete_videos(body: schemas.Selection, account: AccountDep, api: ApiDep) -> Response:
    """Delete up to 200 videos as `deleteVideo` does; those that are not there are left out."""
    count = await use.remove_videos(
        account.id, body.ids, videos=api.container.videos, queue=api.container.queue
    )
    return present.answer({"deleted": count}, 202)


async def read_video(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """One video as it stands."""
    video = await use.read_video(account.id, video_id, videos=api.container.videos)
    return present.answer(present.video(video))


async def list_tasks(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """The steps of the current or last work, each with its attempts and progress."""
    video, job = await use.read_job(account.id, video_id, videos=api.container.videos)
    return present.answer(present.job(video, job))


async def rename_video(
    video_id: UUID, body: schemas.VideoName, account: AccountDep, api: ApiDep
) -> Response:
    """Change the name that is shown and that downloads carry."""
    video = await use.rename_video(account.id, video_id, body.name, videos=api.container.videos)
    return present.answer(present.video(video))


async def delete_video(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """Hide the video at once; its stored objects are deleted in the background."""
    await use.remove_video(
        account.id, video_id, videos=api.container.videos, queue=api.container.queue
    )
    return present.answer({"state": VideoState.DELETING}, 202)


async def cancel_video(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """Stop the work that waits or runs. Results of an earlier run stay, and the video is ready."""
    video = await use.cancel_video(account.id, video_id, videos=api.container.videos)
    return present.answer(present.video(video))


async def reprocess_video(
    video_id: UUID, account: AccountDep, api: ApiDep, body: schemas.Reprocessing | None = None
) -> Response:
    """Process the original anew; earlier results stay until the new ones are ready."""
    video = await use.reprocess_video(
        account.id,
        video_id,
        body.profile if body else None,
        videos=api.container.videos,
        queue=api.container.queue,
    )
    return present.answer(present.video(video), 202)
