"""Links to a video, as its owner makes and ends them."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.usecases import shares as use


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/videos/{video_id}/shares",
        create_share,
        methods=["POST"],
        **operation(
            "createShare",
            "Share a video by a link",
            "shares",
            status=201,
            model=schemas.Share,
            codes=("not_found", "too_many_shares"),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/shares",
        list_shares,
        methods=["GET"],
        **operation(
            "listShares",
            "List a video's links",
            "shares",
            model=schemas.Shares,
            codes=("not_found",),
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/shares/{share_id}",
        delete_share,
        methods=["DELETE"],
        **operation(
            "deleteShare", "End a link", "shares", status=204, codes=("not_found",), changes=True
        ),
    )


async def create_share(
    video_id: UUID, account: AccountDep, api: ApiDep, body: schemas.NewShare | None = None
) -> Response:
    """Make a link with which anybody can watch the video, without an account."""
    wanted = body or schemas.NewShare()
    share = await use.create_share(
        account.id,
        video_id,
        use.WantedShare(
            wanted.expires_at,
            wanted.password.get_secret_value() if wanted.password else None,
            wanted.allow_download,
        ),
        now=datetime.now(UTC),
        shares=api.container.shares,
        passwords=api.passwords,
    )
    return present.answer(present.share(share), 201)


async def list_shares(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """The video's links, also those that have ended by themselves."""
    found = await api.container.shares.shares(account.id, video_id)
    return present.answer({"items": [present.share(one) for one in found]})


async def delete_share(
    video_id: UUID, share_id: UUID, account: AccountDep, api: ApiDep
) -> Response:
    """End a link at once. Addresses of objects that a player holds already last some hours."""
    await api.container.shares.remove_share(account.id, video_id, share_id)
    return Response(status_code=204)
