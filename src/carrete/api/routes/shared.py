"""A shared video, for whoever has its link. No session: the link's token is what lets in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.routes.downloads import REDIRECT
from carrete.api.routes.streams import HLS, VTT, Opening, Track, text_response
from carrete.api.schemas.shares import TOKEN_EXAMPLE
from carrete.api.state import Api, ApiDep, client_of
from carrete.domain.share import Share
from carrete.usecases import downloads, streams
from carrete.usecases import shares as use

MAX_KEY = 100

Token = Annotated[str, Path(description="Of the link", examples=[TOKEN_EXAMPLE])]
Key = Annotated[
    str | None,
    Query(
        max_length=MAX_KEY, pattern=r"^[A-Za-z0-9_-]+$", description="For a link with a password"
    ),
]

_LOCKED = ("not_found", "password_required", "invalid_request")


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/shared/{token}",
        read_shared,
        methods=["GET"],
        **_public(
            "readShared",
            "See what a link shows",
            codes=("not_found", "invalid_request"),
            model=schemas.SharedVideo,
        ),
    )
    app.add_api_route(
        "/api/shared/{token}/unlock",
        unlock,
        methods=["POST"],
        **_public(
            "unlockShared",
            "Say a link's password",
            codes=("not_found", "wrong_credentials", "too_many_attempts"),
            statuses={"wrong_credentials": 403},
            model=schemas.ShareKey,
            changes=True,
        ),
    )
    for path, function, operation_id, summary, media_type in (
        ("hls/master.m3u8", master, "readSharedMasterPlaylist", "Stream: all renditions", HLS),
        ("hls/{track}.m3u8", track, "readSharedMediaPlaylist", "Stream: one rendition", HLS),
        ("storyboard.vtt", storyboard, "readSharedStoryboard", "See small pictures", VTT),
    ):
        app.add_api_route(
            f"/api/shared/{{token}}/{path}",
            function,
            methods=["GET"],
            **_public(
                operation_id, summary, codes=_LOCKED, responses=text_response(summary, media_type)
            ),
        )
    links: tuple[tuple[str, Callable[..., Any], str, str, tuple[str, ...]], ...] = (
        ("poster", poster, "readSharedPoster", "See the still picture", ()),
        ("download", download, "downloadShared", "Download", ("forbidden", "invalid_state")),
    )
    for path, function, operation_id, summary, codes in links:
        app.add_api_route(
            f"/api/shared/{{token}}/{path}",
            function,
            methods=["GET"],
            response_class=Response,  # a redirection has no JSON
            **_public(
                operation_id, summary, codes=(*_LOCKED, *codes), status=307, responses=REDIRECT
            ),
        )


def _public(operation_id: str, summary: str, **more: Any) -> dict[str, Any]:
    return operation(operation_id, summary, "shares", public=True, **more)


async def read_shared(token: Token, api: ApiDep, key: Key = None) -> Response:
    """The video's name, size and length; only that a password is needed before it is said."""
    share, video = await use.look(
        token, key, now=_now(), shares=api.container.shares, videos=api.container.videos
    )
    return present.answer(present.shared_video(share, video))


async def unlock(
    token: Token, body: schemas.SharePassword, request: Request, api: ApiDep
) -> Response:
    """Get a key for a link with a password. Attempts are limited as those of signing in are."""
    key, until = await use.unlock(
        token,
        body.password.get_secret_value(),
        client=client_of(request),
        policy=api.policy,
        now=_now(),
        shares=api.container.shares,
        accounts=api.container.accounts,
        passwords=api.passwords,
    )
    return present.answer({"key": key, "expires_at": until})


async def master(token: Token, api: ApiDep, key: Key = None) -> Response:
    """What a player opens; the playlists in it carry the key on. Counts as a view."""
    share = await _enter(token, key, api)
    text = await streams.master(
        share.owner_id, share.video_id, _track_url(key), videos=api.container.videos
    )
    await api.container.shares.count_view(share.id)
    return Response(text, media_type=HLS)


async def track(
    token: Token, track: Track, api: ApiDep, opening: Opening = None, key: Key = None
) -> Response:
    """Segments are byte ranges of objects behind presigned URLs."""
    share = await _enter(token, key, api)
    text, _ = await streams.media(
        share.owner_id,
        share.video_id,
        track,
        opening=opening,
        videos=api.container.videos,
        urls=api.urls,
    )
    return Response(text, media_type=HLS)


async def storyboard(token: Token, api: ApiDep, key: Key = None) -> Response:
    """For the seek bar of players."""
    share = await _enter(token, key, api)
    text = await streams.storyboard(
        share.owner_id, share.video_id, videos=api.container.videos, urls=api.urls
    )
    return Response(text, media_type=VTT)


async def poster(token: Token, api: ApiDep, key: Key = None) -> Response:
    """A picture of the video, to be shown in a page."""
    share = await _enter(token, key, api)
    link = await downloads.poster_link(
        share.owner_id,
        share.video_id,
        expires_s=api.settings.download_url_s,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    return Response(status_code=307, headers={"Location": link.url})


async def download(token: Token, api: ApiDep, key: Key = None) -> Response:
    """The processed file, where the link allows it."""
    share = await use.enter_download(token, key, now=_now(), shares=api.container.shares)
    link = await downloads.download_link(
        share.owner_id,
        share.video_id,
        downloads.DownloadKind.PROCESSED,
        expires_s=api.settings.download_url_s,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    return Response(status_code=307, headers={"Location": link.url})


async def _enter(token: str, key: str | None, api: Api) -> Share:
    return await use.enter(token, key, now=_now(), shares=api.container.shares)


def _track_url(key: str | None) -> Callable[[str, str | None], str]:
    def url(name: str, opening: str | None) -> str:
        query = "&".join(
            f"{field}={value}" for field, value in (("opening", opening), ("key", key)) if value
        )
        return f"{name}.m3u8" + (f"?{query}" if query else "")

    return url


def _now() -> datetime:
    return datetime.now(UTC)
