"""Commands about the dead-letter queue: dlq ls, dlq redrive."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from carrete.cli.options import Json
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.ports import DeadLetterMessage


def build_app() -> typer.Typer:
    """The group of commands, without running one."""
    app = typer.Typer(
        help="Tasks that could not be done, and their way back to work.", no_args_is_help=True
    )
    app.command("ls")(ls)
    app.command("redrive")(redrive)
    return app


def ls(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 100,
    as_json: Json = False,
) -> None:
    """List tasks that could not be done, with the reason of each.

    Example: `carrete dlq ls`
    """
    from carrete.bootstrap import open_container
    from carrete.config import load_settings
    from carrete.usecases.dead_letters import list_dead_letters

    shell, settings = Shell(as_json=as_json), load_settings()

    async def call() -> list["DeadLetterMessage"]:
        async with open_container(settings) as container:
            return await list_dead_letters(container.queue, limit)

    letters = run_async(call())
    if as_json:
        shell.emit({"items": [_view(letter) for letter in letters]})
        return
    for letter in letters:
        shell.out.print(f"{letter.task_id}  {letter.reason}", markup=False)
    if not letters:
        shell.note("dlq_empty")


def redrive(
    *,
    task_ids: Annotated[
        list[UUID] | None,
        typer.Argument(metavar="[TASK...]", help="Ids of tasks; all of them without any."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="Dead letters to look at.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Send dead letters back to work, once what was wrong is mended.

    Example: `carrete dlq redrive`
    """
    from carrete.bootstrap import open_container
    from carrete.config import load_settings
    from carrete.usecases.dead_letters import redrive as send_back

    shell, settings = Shell(as_json=as_json), load_settings()

    async def call() -> tuple[int, int]:
        async with open_container(settings) as container:
            return await send_back(
                container.queue, container.jobs, only=task_ids or (), limit=limit
            )

    revived, stale = run_async(call())
    if as_json:
        shell.emit({"revived": revived, "stale": stale})
    else:
        shell.out.print(shell.say("dlq_redriven", revived=revived, stale=stale))


def _view(letter: "DeadLetterMessage") -> dict[str, object]:
    return {
        "task_id": None if letter.task_id is None else str(letter.task_id),
        "reason": letter.reason,
        "received": letter.message.received,
    }
