"""Commands about the account: register, login, logout."""

import sys
from typing import Annotated

import typer

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.options import Json, Server
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

Email = Annotated[str | None, typer.Option("--email", help="Address of the account.")]
PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of input."),
]


def register(
    *,
    email: Email = None,
    password_stdin: PasswordStdin = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Make an account and sign in.

    Example: `carrete register --email ana@example.com`
    """
    shell = Shell(server=server, as_json=as_json)
    _sign_in(shell, email, from_input=password_stdin, new=True)


def login(
    *,
    email: Email = None,
    password_stdin: PasswordStdin = False,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Sign in, and stay signed in on this machine.

    The session's token is kept in a file that only you can read. Programs can set CARRETE_TOKEN
    instead.

    Example: `pass show carrete | carrete login --email ana@example.com --password-stdin`
    """
    shell = Shell(server=server, as_json=as_json)
    _sign_in(shell, email, from_input=password_stdin, new=False)


def logout(*, server: Server = None, as_json: Json = False) -> None:
    """Sign out: the session ends on the server and its token is forgotten here."""
    shell = Shell(server=server, as_json=as_json)
    run_async(_logout(shell))
    shell.note("signed_out", server=shell.server)
    if as_json:
        shell.emit({"server": shell.server, "signed_in": False})


def _sign_in(shell: Shell, email: str | None, *, from_input: bool, new: bool) -> None:
    from carrete.client.api import CarreteClient

    address = email or _ask(shell, "ask_email")
    password = sys.stdin.readline().rstrip("\r\n") if from_input else _ask_password(shell, new=new)

    async def call() -> None:
        async with CarreteClient(shell.server) as client:
            ask = client.register if new else client.login
            answer = await ask(address, password)
        shell.credentials.keep(shell.server, answer)
        shell.note("signed_in", email=answer.account.email, server=shell.server)
        if shell.as_json:
            account = answer.account.model_dump(mode="json")
            shell.emit({"server": shell.server, "signed_in": True, "account": account})

    run_async(call())


async def _logout(shell: Shell) -> None:
    from carrete.client.errors import ApiError

    try:
        async with shell.signed_in() as client:
            await client.logout()
    except ApiError as error:
        # A session that has ended already is what was asked for.
        if error.code != "unauthenticated":
            raise
    shell.credentials.forget(shell.server)


def _ask(shell: Shell, key: str) -> str:
    _need_terminal()
    answer: str = typer.prompt(shell.say(key), err=True)
    return answer


def _ask_password(shell: Shell, *, new: bool) -> str:
    _need_terminal()
    again = shell.say("ask_password_again") if new else False
    answer: str = typer.prompt(
        shell.say("ask_password"), hide_input=True, confirmation_prompt=again, err=True
    )
    return answer


def _need_terminal() -> None:
    if not sys.stdin.isatty():
        raise CommandError("no_terminal", ExitCode.USAGE)


COMMANDS = (register, login, logout)
