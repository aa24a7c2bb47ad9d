"""Playlists: the video as a stream, also while it is still being made."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Path, Query, Response

from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.domain.playlist import AUDIO
from carrete.usecases import streams as use

HLS = "application/vnd.apple.mpegurl"
VTT = "text/vtt; charset=utf-8"

NAME = r"^[a-z0-9-]{1,40}$"

Track = Annotated[
    str,
    Path(
        pattern=NAME,
        description=f"A rendition's name as the master playlist has it, or `{AUDIO}`",
        examples=["h264-720", AUDIO],
    ),
]

Opening = Annotated[
    str | None,
    Query(
        pattern=NAME,
        description="Rendition whose first chunk stands for this one's, as the master playlist of "
        "a video that is being made has it",
        examples=["h264-360"],
    ),
]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/videos/{video_id}/hls/master.m3u8",
        master,
        methods=["GET"],
        **operation(
            "readMasterPlaylist",
            "Stream: the playlist of all renditions",
            "streams",
            codes=("not_found",),
            responses=text_response("The HLS multivariant playlist", HLS),
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/hls/{track}.m3u8",
        track,
        methods=["GET"],
        **operation(
            "readMediaPlaylist",
            "Stream: the playlist of one rendition or of the sound",
            "streams",
            codes=("not_found",),
            responses=text_response(
                "The HLS media playlist; it grows until the video is ready", HLS
            ),
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/storyboard.vtt",
        storyboard,
        methods=["GET"],
        **operation(
            "readStoryboard",
            "See small pictures of the whole video",
            "streams",
            codes=("not_found",),
            responses=text_response("WebVTT whose cues point into one picture", VTT),
        ),
    )


def text_response(description: str, media_type: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI response of an operation that answers with text."""
    content = {media_type.partition(";")[0]: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}}


async def master(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """What a player opens. Renditions appear in it as their first chunks are made."""
    text = await use.master(account.id, video_id, _track_url, videos=api.container.videos)
    return Response(text, media_type=HLS)


def _track_url(name: str, opening: str | None) -> str:
    return f"{name}.m3u8" + (f"?opening={opening}" if opening else "")


async def track(
    video_id: UUID, track: Track, account: AccountDep, api: ApiDep, opening: Opening = None
) -> Response:
    """Segments are byte ranges of objects behind presigned URLs."""
    text, _ = await use.media(
        account.id, video_id, track, opening=opening, videos=api.container.videos, urls=api.urls
    )
    return Response(text, media_type=HLS)


async def storyboard(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """For the seek bar of players and for previews."""
    text = await use.storyboard(account.id, video_id, videos=api.container.videos, urls=api.urls)
    return Response(text, media_type=VTT)
