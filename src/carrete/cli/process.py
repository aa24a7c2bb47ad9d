"""Commands that do the whole job: process, demo."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from carrete.cli.exits import ExitCode
from carrete.cli.options import Files, Force, Json, ProfileOption, Server, Workers
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.cli.pipeline import FileResult, Work
    from carrete.client.api import CarreteClient

LOOK_S = 2.0
"""Seconds that a server which was not asked for by name gets to answer."""


def process(
    *,
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
        return await _work(shell, work, workers=workers if own else None)

    _run(shell, call)


def demo(
    *,
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
    from carrete.client.threads import in_thread

    shell = Shell(as_json=as_json)

    async def call() -> list["FileResult"]:
        async with in_thread(TemporaryDirectory(prefix="carrete-sample-")) as made:
            if video is None:
                shell.note("making_sample")
            source = video or await sample_clip(Path(made))
            targets = await asyncio.to_thread(
                plan_targets, [source], directory, force=False, pick=True
            )
            work = Work(targets, force=False, profile=None, book=UploadBook(None))
            return await _work(shell, work, workers=workers)

    _run(shell, call)


def _run(shell: Shell, call: Callable[[], Coroutine[Any, Any, list["FileResult"]]]) -> None:
    from carrete.cli.pipeline import exit_code_of

    try:
        results = run_async(call())
    except KeyboardInterrupt:
        shell.note("process_interrupted")
        raise
    code = exit_code_of(results)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


async def _work(shell: Shell, work: "Work", *, workers: int | None) -> list["FileResult"]:
    """Do the work and show it; ``workers`` of a sandbox, or none for the server."""
    from carrete.cli.display import open_display
    from carrete.cli.pipeline import Pipeline
    from carrete.cli.summary import outcome_lines, summary_json, summary_table

    own = workers is not None
    async with _server(shell) if workers is None else _sandbox(shell, workers) as place:
        client, account_id = place
        with open_display(shell.err, shell.say, silent=shell.as_json) as display:
            results = await Pipeline(client, account_id, work, display, shell.say).run()
        if own:
            shell.note("sandbox_stopping")
    if shell.as_json:
        shell.emit(summary_json(results, shell.server, sandbox=own))
        return results
    shell.out.print()
    shell.out.print(summary_table(results, shell.say))
    shell.out.print()
    for result in results:
        for line in outcome_lines(result, shell.say):
            shell.out.print(line, markup=False)
    return results


async def _can_use_server(shell: Shell) -> bool:
    """Whether there is a server to use: one that was named, or the usual one if it knows us."""
    from carrete.client.api import CarreteClient
    from carrete.client.errors import ApiError, UnreachableError
    from carrete.client.retry import RetryPolicy

    if shell.server_given:
        return True
    if shell.token is None:
        return False
    try:
        async with (
            asyncio.timeout(LOOK_S),
            CarreteClient(shell.server, shell.token, retry=RetryPolicy(attempts=1)) as client,
        ):
            await client.me()
    except (TimeoutError, UnreachableError, ApiError):
        return False
    return True


@asynccontextmanager
async def _server(shell: Shell) -> AsyncIterator[tuple["CarreteClient", UUID]]:
    from carrete.client.retry import PATIENT

    async with shell.signed_in() as client:
        account = await client.me()
        client.retry = PATIENT
        shell.note("using_server", server=shell.server)
        yield client, account.id


@asynccontextmanager
async def _sandbox(shell: Shell, workers: int) -> AsyncIterator[tuple["CarreteClient", UUID]]:
    from carrete.cli.sandbox import open_sandbox
    from carrete.local.stack import StackOptions

    shell.note("sandbox_starting", workers=workers)
    async with open_sandbox(StackOptions(api_port=0, workers=workers)) as place:
        shell.note("sandbox_ready", server=place[0].server)
        yield place
