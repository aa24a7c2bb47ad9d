"""The command line: all commands, and the one handler of what goes wrong in them."""

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from carrete.cli import (
    account,
    backups,
    dlq,
    local,
    operate,
    process,
    shares,
    transfer,
    user,
    videos,
)
from carrete.cli.exits import ExitCode
from carrete.domain.failures import CarreteError

EPILOG = """\
**Exit codes**: 0 done · 1 the operation failed (a video failed, say) · 2 wrong usage or settings ·
3 not signed in · 4 not found · 5 a server can't be reached · 130 interrupted.

**Settings**: `CARRETE_SERVER` and `CARRETE_TOKEN` for the commands that talk to a server;
`CARRETE_LANG` (en, es). What `api`, `worker`, `migrate`, `gc`, `dlq`, `user`, `backup`, `restore`
and `doctor` read is named by `carrete doctor`.
"""

HELP = """\
Carrete: videos are uploaded, converted in the background, followed live and downloaded.

Try it with no server at all:  `carrete demo`
"""

HELP_OPTIONS = frozenset({"--help", "-h"})

VIDEOS, SANDBOX, OPERATOR = "Videos", "On this machine", "For operators"


def _print_version(wanted: bool) -> None:
    if wanted:
        from carrete import __version__

        typer.echo(f"carrete {__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The command line, without running it."""
    app = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        # A traceback is for bugs, and then it should be the plain one.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": sorted(HELP_OPTIONS)},
    )
    app.callback()(_options)
    for panel, commands in (
        (SANDBOX, (process.demo, process.process, local.up)),
        (VIDEOS, (*account.COMMANDS, *transfer.COMMANDS, *videos.COMMANDS, *shares.COMMANDS)),
        (OPERATOR, (*operate.COMMANDS, *backups.COMMANDS)),
    ):
        for command in commands:
            app.command(rich_help_panel=panel)(command)
    app.add_typer(dlq.build_app(), name="dlq", rich_help_panel=OPERATOR)
    app.add_typer(user.build_app(), name="user", rich_help_panel=OPERATOR)
    return app


def _options(
    *,
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    del version


def run(arguments: Sequence[str]) -> int:
    """Run a command line; its exit code. Expected errors become a sentence on standard error."""
    try:
        _command(arguments)(args=list(arguments), prog_name="carrete")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except (CarreteError, OSError) as error:
        return _fail(error)
    return ExitCode.OK


def _command(arguments: Sequence[str]) -> Callable[..., object]:
    """What runs; in Spanish where its help is asked for in Spanish."""
    command = typer.main.get_command(build_app())
    if not arguments or not HELP_OPTIONS.isdisjoint(arguments):
        from carrete.cli.help_es import translate_command
        from carrete.cli.messages import pick_language
        from carrete.cli.settings import ClientSettings

        if pick_language(ClientSettings().language) == "es":
            translate_command(command)
    return command


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
