"""The command that runs the whole system on this machine: up."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carrete.cli.options import Json, Workers
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

if TYPE_CHECKING:
    from carrete.local.stack import Stack, StackOptions

LASTING = (
    "CARRETE_DATABASE_URL",
    "CARRETE_S3_BUCKET",
    "CARRETE_SQS_QUEUE_URL",
    "CARRETE_SQS_DLQ_URL",
)
"""What has to be set to work with stores that last."""


def up(
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the page and the API.")
    ] = 8080,
    localstack_port: Annotated[
        int, typer.Option("--localstack-port", min=0, max=65535, help="Port of S3 and SQS.")
    ] = 4566,
    workers: Workers = 2,
    logs: Annotated[
        Path | None, typer.Option("--logs", file_okay=False, help="Keep the logs here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the whole system here until Ctrl-C: a sandbox whose videos go when it stops.

    The next free port is taken where one is in use; 0 takes any. With `--json` one line says where
    everything is once it answers.

    Example: `carrete up --workers 4 --logs logs`
    """
    from carrete.local.stack import StackOptions

    shell = Shell(as_json=as_json)
    options = StackOptions(
        api_port=port, localstack_port=localstack_port, workers=workers, log_dir=logs
    )
    run_async(_up(shell, options))
    shell.note("up_stopped")


async def _up(shell: Shell, options: "StackOptions") -> None:
    from carrete.local.stack import Stack

    shell.note("sandbox_starting", workers=options.workers)
    async with Stack(options) as stack:
        _announce(shell, stack, options)
        # From here on Ctrl-C is how it is meant to end.
        with suppress(asyncio.CancelledError):
            await stack.supervise()
        shell.note("up_stopping")


def _announce(shell: Shell, stack: "Stack", options: "StackOptions") -> None:
    if shell.as_json:
        shell.emit(
            {
                "url": stack.api_url,
                "aws_endpoint_url": stack.environment["CARRETE_AWS_ENDPOINT_URL"],
                "processes": stack.processes,
            }
        )
        return
    shell.note(
        "up_ready",
        url=stack.api_url,
        aws=stack.environment["CARRETE_AWS_ENDPOINT_URL"],
        workers=options.workers,
        variables=" ".join(LASTING),
    )
