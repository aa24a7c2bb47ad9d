"""Commands that do the whole job: process, demo."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.options import Files, Force, Json, ProfileOption, Server, Workers
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.cli.display import Display
    from carrete.cli.pipeline import FileResult, Work
    from carrete.client.api import CarreteClient

LOOK_S = 2.0
"""Seconds that a server which was not asked for by name gets to answer."""


def process(
    files: Files,
    directory: Annotated[
        Path, typer.Option("--output", "-o", file_okay=False, help="Where the results go.")
    ],
    profile: ProfileOption = None,
    force: Force = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use a temporary system, even if a server runs.")
    ] = False,
    workers: Workers = 2,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Process files and fetch the results: the whole job in one command.

    A server that you are signed in to does the work. Where there is none, a temporary one is
    started on this machine and removed at the end.

    Examples: `carrete process holiday.mov -o results` · `carrete process *.mp4 -o out --json`
    """
    from carrete.cli.pipeline import Work, plan_targets
    from carrete.client.state import UploadBook

    shell = Shell(server=server, as_json=as_json)
    targets = plan_targets(files, directory, force=force)
    wanted = None if profile is None else str(profile)

    async def call() -> list["FileResult"]:
        own = sandbox or not await _can_use_server(shell)
        # What is sent to a sandbox is gone with it: nothing to remember.
        book = UploadBook(None if own else shell.settings.uploads_directory)
        work = Work(targets, force, wanted, book)
        return await _work(shell, work, sandbox_workers=workers if own else None)

    _run(shell, call)


def demo(
    video: Annotated[
        Path | None,
        typer.Option(
            "--video", exists=True, dir_okay=False, readable=True, help="Instead of the sample."
        ),
    ] = None,
    directory: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Where the result goes.")
    ] = Path("carrete-demo"),
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Send a sample through the whole system on this machine, then stop everything.

    Examples: `carrete demo` · `carrete demo --video holiday.mov --out /tmp/result`
    """
    from carrete.cli.pipeline import Work, plan_targets
    from carrete.cli.sample import sample_clip
    from carrete.client.state import UploadBook

    shell = Shell(as_json=as_json)

    async def call() -> list["FileResult"]:
        if video is None:
            shell.note("making_sample")
        async with sample_clip(video) as source:
            targets = plan_targets([source], directory, force=False, pick=True)
            work = Work(targets, force=False, profile=None, book=UploadBook(None))
            return await _work(shell, work, sandbox_workers=workers)

    _run(shell, call)
