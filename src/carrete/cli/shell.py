"""What every command that talks to a server needs: settings, language, output and a client."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.messages import Speaker

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from carrete.cli.credentials import Credentials
    from carrete.client.api import CarreteClient

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe, where no terminal has a say."""


class Shell:
    """One command's surroundings."""

    def __init__(self, *, server: str | None = None, as_json: bool = False) -> None:
        """Read the settings.

        Args:
            server: of ``--server``; goes before the settings.
            as_json: whether standard output carries JSON.

        Raises:
            CommandError: the server is no URL.
        """
        from carrete.cli.settings import ClientSettings, check_server

        self.settings: ClientSettings = ClientSettings()
        self.say = Speaker(self.settings.language)
        self.as_json = as_json
        self.server_given = bool(server or self.settings.server)
        self.server = check_server(server) if server else self.settings.chosen_server

    @cached_property
    def out(self) -> "Console":
        """Standard output, for data."""
        from rich.console import Console

        return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)

    @cached_property
    def err(self) -> "Console":
        """Standard error, for everything else."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def note(self, key: str, /, **values: object) -> None:
        """Tell people something that is no data. Silent with ``--json``."""
        if not self.as_json:
            self.err.print(self.say(key, **values), markup=False)

    def emit(self, data: "BaseModel | dict[str, Any]") -> None:
        """Print one JSON value on a line of its own."""
        text = json.dumps(data) if isinstance(data, dict) else data.model_dump_json()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    @property
    def credentials(self) -> "Credentials":
        """The tokens that are kept."""
        from carrete.cli.credentials import Credentials

        return Credentials(self.settings.credentials_file)

    @property
    def token(self) -> str | None:
        """What opens a session at the server, if anything does."""
        if self.settings.token is not None:
            return self.settings.token.get_secret_value()
        kept = self.credentials.of(self.server)
        return None if kept is None else kept.token

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator["CarreteClient"]:
        """A client that speaks for the person at the terminal.

        Raises:
            CommandError: nobody is signed in.
        """
        from carrete.client.api import CarreteClient

        token = self.token
        if token is None:
            raise CommandError("not_signed_in", ExitCode.NOT_SIGNED_IN, server=self.server)
        async with CarreteClient(self.server, token) as client:
            yield client
