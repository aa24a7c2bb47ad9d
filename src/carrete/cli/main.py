"""The command line: all commands, and the one handler of what goes wrong in them."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from carrete.cli import account, dlq, local, operate, process, transfer, videos
from carrete.cli.exits import ExitCode
from carrete.domain.failures import CarreteError

EPILOG = """\
**Exit codes**: 0 done · 1 the operation failed (a video failed, say) · 2 wrong usage or settings ·
3 not signed in · 4 not found · 5 a server can't be reached · 130 interrupted.

**Settings**: `CARRETE_SERVER` and `CARRETE_TOKEN` for the commands that talk to a server;
`CARRETE_LANG` (en, es). What `api`, `worker`, `migrate`, `gc`, `dlq` and `doctor` read is named by
`carrete doctor`.
"""

HELP = """\
Carrete: videos are uploaded, converted in the background, followed live and downloaded.

Try it with no server at all:  `carrete demo`
"""

VIDEOS, SANDBOX, OPERATOR = "Videos", "On this machine", "For operators"


def build_app() -> typer.Typer:
    """The command line, without running it."""
    app = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        # A traceback is for bugs, and then it should be the plain one.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    for panel, commands in (
        (SANDBOX, (process.demo, process.process, local.up)),
        (VIDEOS, (*account.COMMANDS, *transfer.COMMANDS, *videos.COMMANDS)),
        (OPERATOR, operate.COMMANDS),
    ):
        for command in commands:
            name = command.__name__.rstrip("_")
            app.command(name, rich_help_panel=panel)(command)
    app.add_typer(dlq.build_app(), name="dlq", rich_help_panel=OPERATOR)
    return app


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True),
) -> None:
    if version:
        from carrete import __version__

        typer.echo(f"carrete {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run a command line; its exit code. Expected errors become a sentence on standard error."""
    try:
        build_app()(args=list(arguments), prog_name="carrete")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except (CarreteError, OSError) as error:
        return _fail(error)
    return ExitCode.OK


def _fail(error: CarreteError | OSError) -> int:
    from carrete.cli.errors import explain
    from carrete.cli.messages import Speaker
    from carrete.cli.settings import ClientSettings
    from carrete.config import ConfigError

    say = Speaker(ClientSettings().language)
    code, text = explain(error, say)
    if isinstance(error, ConfigError):
        code, text = ExitCode.USAGE, say("bad_settings", reason=str(error))
    typer.echo(text, err=True)
    return code


def main() -> NoReturn:
    """Entry point of ``carrete``."""
    sys.exit(run(sys.argv[1:]))
