"""Commands about links to videos: share, unshare."""

import sys
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from carrete.cli.options import Json, Server, VideoId
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.client.models import ShareView


def share(
    *,
    video_id: VideoId,
    days: Annotated[
        float | None,
        typer.Option("--days", min=0.001, max=3650, help="Days until the link ends by itself."),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Ask those who open it for the first line of input."),
    ] = False,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Let them download the result too.")
    ] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make a link with which anybody can watch a video, without an account.

    Example: `carrete share ID --days 7`
    """
    from datetime import UTC, datetime, timedelta

    shell = Shell(server=server, as_json=as_json)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    async def call() -> "ShareView":
        async with shell.signed_in() as client:
            return await client.share(
                video_id, expires_at=expires_at, password=password, allow_download=allow_download
            )

    made = run_async(call())
    if as_json:
        shell.emit({**made.model_dump(mode="json"), "url": f"{shell.server}{made.path}"})
    else:
        shell.out.print(f"{shell.server}{made.path}", markup=False)


def unshare(
    *,
    video_id: VideoId,
    share_ids: Annotated[
        list[UUID] | None,
        typer.Argument(metavar="[LINK...]", help="Ids of links; all of them without any."),
    ] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """End links to a video at once."""
    shell = Shell(server=server, as_json=as_json)

    async def call() -> list[UUID]:
        async with shell.signed_in() as client:
            ended = share_ids or [one.id for one in await client.shares(video_id)]
            for share_id in ended:
                await client.unshare(video_id, share_id)
        return ended

    ended = run_async(call())
    if as_json:
        shell.emit({"ended": [str(share_id) for share_id in ended]})
    else:
        shell.note("links_ended", count=len(ended))


COMMANDS = (share, unshare)
