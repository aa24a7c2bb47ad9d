"""Commands about accounts, for operators: user role."""

from typing import TYPE_CHECKING, Annotated

import typer

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.options import Json
from carrete.cli.running import run_async
from carrete.cli.shell import Shell
from carrete.domain.account import Role

if TYPE_CHECKING:
    from carrete.domain.account import Account


def build_app() -> typer.Typer:
    """The group of commands, without running one."""
    app = typer.Typer(help="Accounts, and what they may do.", no_args_is_help=True)
    # with a callback Typer keeps the group although it has one command
    app.callback()(lambda: None)
    app.command("role")(role)
    return app


def role(
    *,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the account.")],
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="user or admin.")],
    as_json: Json = False,
) -> None:
    """Change what an account may do: an admin sees the system and everybody's usage.

    Example: `carrete user role ana@example.com admin`
    """
    from carrete.bootstrap import open_container
    from carrete.config import load_settings
    from carrete.domain.account import normal_email

    shell, settings = Shell(as_json=as_json), load_settings()

    async def call() -> "Account | None":
        async with open_container(settings) as container:
            return await container.accounts.set_role(normal_email(email), role)

    account = run_async(call())
    if account is None:
        raise CommandError("no_account", ExitCode.NOT_FOUND, email=email)
    if as_json:
        shell.emit({"id": str(account.id), "email": account.email, "role": account.role})
    else:
        shell.note("role_changed", email=account.email, role=account.role)
