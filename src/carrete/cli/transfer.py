"""Commands that move bytes or wait: upload, download, watch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.options import Files, Force, Json, ProfileOption, Server, VideoId
from carrete.cli.running import run_async
from carrete.cli.shell import Shell
from carrete.domain.video import VideoState

if TYPE_CHECKING:
    from carrete.cli.display import Display
    from carrete.client.api import CarreteClient
    from carrete.client.models import EventView, VideoView
    from carrete.client.upload import UploadOutcome, UploadRequest

Which = Literal["original", "processed"]


def upload(
    *,
    files: Files,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the video (with one file).")
    ] = None,
    profile: ProfileOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the videos are processed.")
    ] = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Upload files to be processed.

    An upload that was interrupted, in whatever way, goes on where it stopped: run the same command
    again.

    Examples: `carrete upload holiday.mov` · `carrete upload *.mp4 --wait --json`
    """
    shell = Shell(server=server, as_json=as_json)
    if name is not None and len(files) > 1:
        raise CommandError("name_needs_one_file", ExitCode.USAGE)
    wanted = None if profile is None else str(profile)
    try:
        failed = run_async(_upload(shell, files, name, wanted, wait=wait))
    except KeyboardInterrupt:
        shell.note("upload_interrupted")
        raise
    if failed:
        raise typer.Exit(ExitCode.FAILED)


async def _upload(
    shell: Shell, files: list[Path], name: str | None, profile: str | None, *, wait: bool
) -> bool:
    """Upload one file after another (each pulls with several parts); whether a video failed."""
    from carrete.cli.display import open_display
    from carrete.client.retry import PATIENT
    from carrete.client.upload import UploadRequest

    async with shell.signed_in() as client:
        account = await client.me()
        # The server is there and knows us; from now on a restart of it is waited out.
        client.retry = PATIENT
        uploads = []
        with open_display(shell.err, shell.say, silent=shell.as_json) as display:
            for path in files:
                request = UploadRequest(path, name, profile)
                uploads.append(await upload_one(shell, client, account.id, request, display))
        videos = [outcome.video for outcome in uploads]
        if wait:
            ids = [video.id for video in videos]
            videos = await watch_videos(shell, client, ids, events_as_data=False)
    _report_uploads(shell, files, uploads, videos)
    return wait and any(video.state is not VideoState.READY for video in videos)


async def upload_one(
    shell: Shell,
    client: "CarreteClient",
    account_id: UUID,
    request: "UploadRequest",
    display: "Display",
) -> "UploadOutcome":
    """Upload one file with a progress bar."""
    from carrete.client.state import UploadBook
    from carrete.client.upload import UploadReport, upload_file

    say = shell.say
    bar = display.bar(request.path.name, in_bytes=True)

    def begun(video: "VideoView", resumed: bool) -> None:
        del video
        if resumed:
            display.line(say("upload_resumed", file=request.path.name))

    outcome = await upload_file(
        client,
        account_id,
        request,
        book=UploadBook(shell.settings.uploads_directory),
        report=UploadReport(progress=bar.update, begun=begun),
    )
    bar.end(say("uploaded", size=say.size(outcome.video.size_bytes)))
    return outcome


def _report_uploads(
    shell: Shell, files: list[Path], uploads: list["UploadOutcome"], videos: list["VideoView"]
) -> None:
    if shell.as_json:
        items = [
            {
                "file": str(path),
                "sent_bytes": outcome.sent_bytes,
                "resumed": outcome.resumed,
                "video": video.model_dump(mode="json"),
            }
            for path, outcome, video in zip(files, uploads, videos, strict=True)
        ]
        shell.emit({"items": items})
        return
    for video in videos:
        shell.out.print(f"{video.id}  {video.name}", markup=False)


def download(
    *,
    video_id: VideoId,
    which: Annotated[
        Which, typer.Argument(metavar="[processed|original]", help="The result or the source.")
    ] = "processed",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File, or directory. Here by default."),
    ] = None,
    force: Force = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Download the result of a video, or its original.

    An interrupted download leaves `NAME.part` and goes on from there: run the same command again.

    Example: `carrete download 0192f0c1-… -o ~/Videos/`
    """
    shell = Shell(server=server, as_json=as_json)
    try:
        run_async(_download(shell, video_id, which, output, force=force))
    except KeyboardInterrupt:
        shell.note("download_interrupted")
        raise


async def _download(
    shell: Shell, video_id: UUID, which: Which, output: Path | None, *, force: bool
) -> None:
    from carrete.cli.display import open_display
    from carrete.client.download import download as fetch
    from carrete.client.download import local_name
    from carrete.client.retry import PATIENT

    async with shell.signed_in() as client:
        link = await client.download_link(video_id, which)
        client.retry = PATIENT
        target = _target(output, local_name(link, f"{video_id}.mp4"))
        with open_display(shell.err, shell.say, silent=shell.as_json) as display:
            bar = display.bar(target.name, in_bytes=True)
            size = await fetch(client, video_id, which, target, force=force, progress=bar.update)
            bar.end(shell.say.size(size))
    if shell.as_json:
        shell.emit({"video_id": str(video_id), "path": str(target), "size_bytes": size})
    else:
        shell.out.print(str(target), markup=False)


def _target(output: Path | None, name: str) -> Path:
    if output is None:
        return Path(name)
    return output / name if output.is_dir() else output


def watch(
    *,
    video_ids: Annotated[
        list[UUID] | None, typer.Argument(metavar="[ID...]", help="Ids; all videos without any.")
    ] = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Follow videos live: until the given ones are done, or everything until Ctrl-C.

    With `--json` every event is a line. The command fails when one of the videos does.

    Examples: `carrete watch 0192f0c1-…` · `carrete watch --json | jq .type`
    """
    shell = Shell(server=server, as_json=as_json)
    if video_ids:
        if run_async(_watch(shell, video_ids)):
            raise typer.Exit(ExitCode.FAILED)
    else:
        run_async(_watch_all(shell))


async def _watch(shell: Shell, video_ids: list[UUID]) -> bool:
    async with shell.signed_in() as client:
        videos = await watch_videos(shell, client, video_ids, events_as_data=shell.as_json)
    return any(video.state is not VideoState.READY for video in videos)


async def _watch_all(shell: Shell) -> None:
    from carrete.client.events import events

    async with shell.signed_in() as client:
        async for event in events(client):
            if event.video_id is None:
                continue
            if shell.as_json:
                shell.emit(event)
            elif event.id is not None:
                shell.out.print(f"{event.video_id}  {event.type}", markup=False)


async def watch_videos(
    shell: Shell, client: "CarreteClient", video_ids: list[UUID], *, events_as_data: bool
) -> list["VideoView"]:
    """Show a bar for each video until all are settled.

    Args:
        shell: where to show it.
        client: signed in.
        video_ids: whom to wait for.
        events_as_data: whether each event is printed as a line of JSON.
    """
    import asyncio

    from carrete.cli.display import open_display
    from carrete.client.events import tracking
    from carrete.client.retry import PATIENT

    first = [await client.video(video_id) for video_id in video_ids]
    client.retry = PATIENT
    with open_display(shell.err, shell.say, silent=shell.as_json) as display:
        bars = {video.id: display.bar(video.name) for video in first}

        def show(event: "EventView") -> None:
            if event.video_id in bars and events_as_data:
                shell.emit(event)
            if event.type == "video.progress" and event.video_id in bars:
                bars[event.video_id].update(float(event.data.get("progress", 0)), 1)

        async with tracking(client, show) as tracker:

            async def settle(video_id: UUID) -> "VideoView":
                video = await tracker.settled(video_id)
                bars[video_id].end(outcome_text(shell, video), ok=video.state is VideoState.READY)
                return video

            return list(await asyncio.gather(*(settle(video.id) for video in first)))


def outcome_text(shell: Shell, video: "VideoView") -> str:
    """How a settled video ended, in a few words."""
    text = shell.say(f"state_{video.state}")
    if video.failure is not None:
        return f"{text}: {shell.say.pick(video.failure.message)}"
    return f"{text}, {shell.say.size(video.output_bytes)}" if video.output_bytes else text


COMMANDS = (upload, download, watch)
