"""Commands about stored videos: ls, show, cancel, reprocess, rename, rm."""

import sys
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.options import Json, ProfileOption, Server, VideoId, VideoIds
from carrete.cli.running import run_async
from carrete.cli.shell import Shell
from carrete.domain.library import Sort, VideoQuery
from carrete.domain.video import VideoState

if TYPE_CHECKING:
    from carrete.client.models import VideoPage, VideoView

MAX_LISTED = 10_000
"""Videos that ``ls --all`` asks for at most."""


def ls(
    *,
    state: Annotated[
        list[VideoState] | None,
        typer.Option("--state", help="Only videos in this state; may be repeated."),
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", help="Only names that contain this text.")
    ] = None,
    sort: Annotated[
        Sort, typer.Option("--sort", help="The order; a minus in front: from the largest on.")
    ] = Sort.NEWEST,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many.")] = 50,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="Go on where an earlier page ended.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All pages.")] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """List videos, newest first.

    Examples: `carrete ls --state failed` · `carrete ls --search boda --sort -size_bytes` ·
    `carrete ls --all --json | jq '.items[].id'`
    """
    from carrete.cli.tables import video_table

    shell = Shell(server=server, as_json=as_json)
    wanted = VideoQuery(tuple(state or ()), search or "", sort)
    page = run_async(_list(shell, wanted, limit, cursor, everything=everything))
    if as_json:
        shell.emit(page)
    elif page.items:
        shell.out.print(video_table(page.items, shell.say))
        if page.next_cursor is not None:
            shell.note("more_pages", cursor=page.next_cursor)
    else:
        shell.note("no_videos")


async def _list(
    shell: Shell, wanted: VideoQuery, limit: int, cursor: str | None, *, everything: bool
) -> "VideoPage":
    from carrete.client.api import MAX_PAGE
    from carrete.client.models import VideoPage

    async with shell.signed_in() as client:
        size = MAX_PAGE if everything else limit
        page = await client.videos(wanted, limit=size, cursor=cursor)
        items = list(page.items)
        while everything and page.next_cursor is not None and len(items) < MAX_LISTED:
            page = await client.videos(wanted, limit=size, cursor=page.next_cursor)
            items += page.items
    return VideoPage(items=tuple(items), next_cursor=page.next_cursor)


def show(*, video_id: VideoId, server: Server = None, as_json: Json = False) -> None:
    """Show one video: its facts, its state, and the tasks of its job."""
    from carrete.cli.tables import print_video

    shell = Shell(server=server, as_json=as_json)

    async def call() -> None:
        async with shell.signed_in() as client:
            video, job = await client.video(video_id), await client.job(video_id)
        if as_json:
            views = {"video": video, "job": job}
            shell.emit({name: view.model_dump(mode="json") for name, view in views.items()})
        else:
            print_video(shell, video, job)

    run_async(call())


def cancel(*, video_ids: VideoIds, server: Server = None, as_json: Json = False) -> None:
    """Stop the work on videos. The originals stay and can be reprocessed."""
    shell = Shell(server=server, as_json=as_json)

    async def call() -> list["VideoView"]:
        async with shell.signed_in() as client:
            return [await client.cancel(video_id) for video_id in video_ids]

    _report(shell, run_async(call()))


def reprocess(
    *,
    video_ids: VideoIds,
    profile: ProfileOption = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Process originals anew. Earlier results stay until the new ones are ready."""
    shell = Shell(server=server, as_json=as_json)
    wanted = None if profile is None else str(profile)

    async def call() -> list["VideoView"]:
        async with shell.signed_in() as client:
            return [await client.reprocess(video_id, wanted) for video_id in video_ids]

    _report(shell, run_async(call()))


def rename(
    *,
    video_id: VideoId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Change the name of a video, which downloads carry too."""
    shell = Shell(server=server, as_json=as_json)

    async def call() -> list["VideoView"]:
        async with shell.signed_in() as client:
            return [await client.rename(video_id, name)]

    _report(shell, run_async(call()))


def rm(
    *,
    video_ids: VideoIds,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Delete videos with their originals and everything made from them. There is no way back."""
    shell = Shell(server=server, as_json=as_json)
    if not yes:
        _confirm(shell, len(video_ids))

    async def call(ids: list[UUID]) -> None:
        async with shell.signed_in() as client:
            for video_id in ids:
                await client.remove(video_id)
                shell.note("removed", id=video_id)

    run_async(call(video_ids))
    if as_json:
        shell.emit({"removed": [str(video_id) for video_id in video_ids]})


def _confirm(shell: Shell, count: int) -> None:
    if not sys.stdin.isatty():
        raise CommandError("rm_needs_yes", ExitCode.USAGE)
    if not typer.confirm(shell.say("rm_confirm", count=count), err=True):
        raise CommandError("nothing_removed")


def _report(shell: Shell, changed: list["VideoView"]) -> None:
    """Say where changed videos stand now."""
    if shell.as_json:
        shell.emit({"items": [video.model_dump(mode="json") for video in changed]})
        return
    for video in changed:
        state = shell.say(f"state_{video.state}")
        shell.out.print(f"{video.id}  {video.name}: {state}", markup=False)


COMMANDS = (ls, show, cancel, reprocess, rename, rm)
