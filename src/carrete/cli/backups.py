"""Commands that copy the whole system and bring it back: backup, restore."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carrete.cli.options import Json
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.bootstrap import Container
    from carrete.usecases.backup import BackupReport


def backup(
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="A new directory.")],
    as_json: Json = False,
) -> None:
    """Copy the database and every original and result into a directory, while all goes on.

    Example: `carrete backup /mnt/backup/2026-11-24`
    """
    from carrete.bootstrap import make_dumps
    from carrete.usecases.backup import back_up

    shell = Shell(as_json=as_json)

    async def call(container: "Container") -> "BackupReport":
        return await back_up(
            directory,
            dumps=make_dumps(container.settings),
            objects=container.objects,
            on_progress=lambda _: None,
        )

    report = _run(call)
    if as_json:
        shell.emit({"objects": report.objects, "bytes": report.bytes, "gone": list(report.gone)})
        return
    size = shell.say.size(report.bytes)
    shell.note("backup_made", objects=report.objects, size=size, gone=len(report.gone))


def restore(
    *,
    directory: Annotated[
        Path, typer.Argument(metavar="DIRECTORY", help="What `carrete backup` made.")
    ],
    as_json: Json = False,
) -> None:
    """Fill an empty database and a bucket from a backup, after checking all of it.

    Example: `carrete restore /mnt/backup/2026-11-24`
    """
    from carrete.bootstrap import make_dumps
    from carrete.usecases import backup as use

    shell = Shell(as_json=as_json)

    async def call(container: "Container") -> "BackupReport":
        return await use.restore(
            directory,
            dumps=make_dumps(container.settings),
            objects=container.objects,
            on_progress=lambda _: None,
        )

    report = _run(call)
    if as_json:
        shell.emit({"objects": report.objects, "bytes": report.bytes})
        return
    shell.note("backup_restored", objects=report.objects, size=shell.say.size(report.bytes))


def _run(call: Callable[["Container"], Awaitable["BackupReport"]]) -> "BackupReport":
    from carrete.bootstrap import open_container
    from carrete.config import load_settings

    async def work() -> "BackupReport":
        async with open_container(load_settings()) as container:
            return await call(container)

    return run_async(work())


COMMANDS = (backup, restore)
