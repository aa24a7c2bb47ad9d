"""Links to stored files."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.usecases import downloads as use

REDIRECT: dict[int | str, dict[str, Any]] = {
    307: {
        "description": "The presigned URL of the file",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
    }
}
Redirect = Annotated[bool, Query(description="Off: answer with the link instead of following it")]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/videos/{video_id}/download/{kind}",
        download,
        methods=["GET"],
        **operation(
            "download",
            "Download a file",
            "downloads",
            model=schemas.DownloadLink,
            codes=("not_found", "invalid_state"),
            responses=REDIRECT,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/poster",
        poster,
        methods=["GET"],
        response_class=Response,  # a redirection has no JSON
        **operation(
            "readPoster",
            "See the still picture",
            "downloads",
            status=307,
            codes=("not_found",),
            responses=REDIRECT,
        ),
    )


async def download(
    video_id: UUID,
    kind: use.DownloadKind,
    account: AccountDep,
    api: ApiDep,
    *,
    redirect: Redirect = True,
) -> Response:
    """A link to the original under its own name, or to the processed file under the same in MP4."""
    expires_s = api.settings.download_url_s
    expires_at = datetime.now(UTC) + timedelta(seconds=expires_s)
    link = await use.download_link(
        account.id,
        video_id,
        kind,
        expires_s=expires_s,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    if redirect:
        return Response(status_code=307, headers={"Location": link.url})
    return present.answer(present.link(link, expires_at))


async def poster(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """A picture of the video, to be shown in a page."""
    link = await use.poster_link(
        account.id,
        video_id,
        expires_s=api.settings.download_url_s,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    return Response(status_code=307, headers={"Location": link.url})
