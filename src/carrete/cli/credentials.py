"""Tokens of signed-in servers, in one file that only its owner can read."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carrete.client.models import SignIn
from carrete.client.state import write_private


class Credential(BaseModel):
    """A session at one server."""

    model_config = ConfigDict(frozen=True)

    email: str
    token: str = Field(repr=False)
    expires_at: datetime


class _File(BaseModel):
    servers: dict[str, Credential] = {}


class Credentials:
    """The file. Blocking, but it is a few hundred bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, server: str) -> Credential | None:
        """The session at a server, if there is one."""
        return self._read().servers.get(server)

    def keep(self, server: str, sign_in: SignIn) -> None:
        """Remember a session."""
        credential = Credential(
            email=sign_in.account.email, token=sign_in.token, expires_at=sign_in.expires_at
        )
        self._write(self._read().servers | {server: credential})

    def forget(self, server: str) -> None:
        """Forget the session at a server."""
        servers = self._read().servers
        if servers.pop(server, None) is not None:
            self._write(servers)

    def _read(self) -> _File:
        try:
            return _File.model_validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            # A damaged file is as good as none: signing in writes it anew.
            return _File()

    def _write(self, servers: dict[str, Credential]) -> None:
        write_private(self._path, _File(servers=servers).model_dump_json(indent=1))
