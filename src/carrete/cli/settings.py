"""The command line's own settings. What servers and workers read is in ``carrete.config``."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from carrete.cli.exits import CommandError, ExitCode

DEFAULT_SERVER = "http://localhost:8080"


class ClientSettings(BaseSettings):
    """Read once from the environment, then frozen."""

    model_config = SettingsConfigDict(
        env_prefix="CARRETE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    server: str | None = Field(None, description=f"URL of the server ({DEFAULT_SERVER})")
    token: SecretStr | None = Field(
        None, description="Opens a session; goes before the one that `carrete login` stored"
    )
    lang: str | None = Field(None, description="Language of messages: en or es")
    # POSIX: the first of these that is set says which language.
    lc_all: str | None = Field(None, validation_alias="LC_ALL")
    lc_messages: str | None = Field(None, validation_alias="LC_MESSAGES")
    locale: str | None = Field(None, validation_alias="LANG")
    config_home: Path = Field(
        Path("~/.config"), validation_alias="XDG_CONFIG_HOME", description="Where settings go"
    )
    state_home: Path = Field(
        Path("~/.local/state"), validation_alias="XDG_STATE_HOME", description="Where state goes"
    )

    @property
    def language(self) -> str:
        """Name of a language or locale, such as ``es`` or ``es_ES.UTF-8``."""
        return self.lang or self.lc_all or self.lc_messages or self.locale or "en"

    @property
    def credentials_file(self) -> Path:
        """Where ``carrete login`` keeps tokens."""
        return _home(self.config_home, "~/.config") / "carrete" / "credentials.json"

    @property
    def uploads_directory(self) -> Path:
        """Where unfinished uploads are remembered."""
        return _home(self.state_home, "~/.local/state") / "carrete" / "uploads"

    @property
    def chosen_server(self) -> str:
        """URL of the server."""
        return check_server(self.server or DEFAULT_SERVER)


def _home(path: Path, usual: str) -> Path:
    # The XDG specification: a relative path there is to be ignored.
    expanded = path.expanduser()
    return expanded if expanded.is_absolute() else Path(usual).expanduser()


def check_server(url: str) -> str:
    """The URL of a server in the form in which credentials are kept under it.

    Raises:
        CommandError: it is no HTTP URL.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandError("bad_server", ExitCode.USAGE, url=url)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"
