"""The command line's own settings and tokens."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from carrete.cli.credentials import Credentials
from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.settings import ClientSettings, check_server
from carrete.cli.shell import Shell
from carrete.client.models import AccountView, SignIn

SERVER = "http://server.test"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("SERVER", "TOKEN", "LANG"):
        monkeypatch.delenv(f"CARRETE_{name}", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def sign_in() -> SignIn:
    account = AccountView(id=uuid4(), email="ana@example.com", role="user", created_at=NOW)
    return SignIn(account=account, token="secret", expires_at=NOW + timedelta(days=30))


def test_without_a_word_the_server_is_on_this_machine() -> None:
    shell = Shell()
    assert shell.server == "http://localhost:8080"
    assert not shell.server_given


def test_the_option_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARRETE_SERVER", "http://variable.test")
    assert Shell().server == "http://variable.test"
    assert Shell(server="http://option.test/").server == "http://option.test"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://Server.Test:80/", "http://server.test:80"),
        ("https://server.test/carrete/", "https://server.test/carrete"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_one_server_has_one_name(url: str, normal: str) -> None:
    assert check_server(url) == normal


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://server.test", "http://", "8080", ""])
def test_what_is_no_server_is_a_wrong_usage(url: str) -> None:
    with pytest.raises(CommandError) as caught:
        check_server(url)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "es_ES.UTF-8"}, "es"),
        ({"LANG": "es_ES.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "es_ES.UTF-8", "LC_ALL": ""}, "es"),
        ({"LANG": "en_US", "LC_MESSAGES": "es_MX"}, "es"),
        ({"LC_ALL": "en_US", "CARRETE_LANG": "es"}, "es"),
    ],
)
def test_the_language_is_chosen_as_posix_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Shell().say.language == language


def test_directories_follow_the_xdg_specification(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    assert ClientSettings().uploads_directory == home / "state" / "carrete" / "uploads"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert ClientSettings().uploads_directory.is_absolute()


def test_a_token_is_kept_by_server_and_only_its_owner_can_read_it() -> None:
    shell = Shell(server=SERVER)
    shell.credentials.keep(SERVER, sign_in())
    assert shell.token == "secret"
    assert Shell(server="http://other.test").token is None
    assert stat.S_IMODE(shell.settings.credentials_file.stat().st_mode) == 0o600


def test_the_variable_goes_before_the_kept_token(monkeypatch: pytest.MonkeyPatch) -> None:
    Shell(server=SERVER).credentials.keep(SERVER, sign_in())
    monkeypatch.setenv("CARRETE_TOKEN", "other")
    shell = Shell(server=SERVER)
    assert shell.token == "other"
    assert "other" not in repr(shell.settings)


def test_signing_out_of_one_server_keeps_the_others(home: Path) -> None:
    credentials = Credentials(home / "credentials.json")
    credentials.keep(SERVER, sign_in())
    credentials.keep("http://other.test", sign_in())
    credentials.forget(SERVER)
    assert credentials.of(SERVER) is None
    assert credentials.of("http://other.test") is not None


def test_a_damaged_file_is_as_good_as_none(home: Path) -> None:
    path = home / "credentials.json"
    path.write_text("{")
    credentials = Credentials(path)
    assert credentials.of(SERVER) is None
    credentials.keep(SERVER, sign_in())
    assert credentials.of(SERVER) is not None
