"""How far a video's work has come, what came out of it, and what happened on the way."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Response

from carrete.api import present_maps, schemas
from carrete.api.openapi import operation
from carrete.api.present import answer
from carrete.api.routes.events import MAX_EVENT_ID
from carrete.api.state import AccountDep, ApiDep
from carrete.usecases import video_map as use

After = Annotated[int, Query(ge=0, le=MAX_EVENT_ID, description="Id of the last event known")]
Limit = Annotated[int, Query(ge=1, le=use.MAX_EVENTS, description="Most events in the answer")]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    for path, function, operation_id, summary, model in (
        ("map", read_map, "readMap", "See the work chunk by chunk", schemas.VideoMap),
        ("renditions", read_renditions, "readRenditions", "Compare versions", schemas.Renditions),
        ("events", list_events, "listEvents", "See what happened", schemas.Timeline),
    ):
        app.add_api_route(
            f"/api/videos/{{video_id}}/{path}",
            function,
            methods=["GET"],
            **operation(operation_id, summary, "videos", model=model, codes=("not_found",)),
        )


async def read_map(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """The current job: chunks, renditions, steps with their speed, and the chunks made so far."""
    found = await use.read_map(
        account.id, video_id, now=datetime.now(UTC), videos=api.container.videos
    )
    return answer(present_maps.video_map(found))


async def read_renditions(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """Sizes, bit rates and sampled quality of what is served, or of what is being made."""
    found = await use.compare(account.id, video_id, videos=api.container.videos)
    return answer(present_maps.comparison(found))


async def list_events(
    video_id: UUID, account: AccountDep, api: ApiDep, after: After = 0, limit: Limit = 100
) -> Response:
    """The stored events of one video, the oldest first. They are kept for a month by default."""
    found = await use.read_timeline(
        account.id,
        video_id,
        after,
        limit,
        videos=api.container.videos,
        events=api.container.events,
    )
    return answer(present_maps.timeline(found))
