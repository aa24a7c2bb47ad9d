"""The command line as a whole: exit codes, help, and no tracebacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from carrete.cli import main
from carrete.cli.errors import explain
from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.messages import Speaker
from carrete.client.errors import ApiError, TargetExistsError, TransferError, UnreachableError
from carrete.domain.failures import CarreteError, TransientError

VIDEO = "0198c5a2-7d3e-7a10-9f4e-5b1d2c3a4e5f"
HEAVY = ("aiobotocore", "fastapi", "httpx", "pydantic_settings", "rich.progress", "sqlalchemy")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SERVER", "TOKEN", "DATABASE_URL", "S3_BUCKET", "SQS_QUEUE_URL", "SQS_DLQ_URL"):
        monkeypatch.delenv(f"CARRETE_{name}", raising=False)
    monkeypatch.setenv("CARRETE_LANG", "en")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def api(code: str, status: int = 400) -> ApiError:
    return ApiError(code, status, "what the server says", retry_after_s=12)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (api("unauthenticated"), ExitCode.NOT_SIGNED_IN, "carrete login"),
        (api("wrong_credentials"), ExitCode.NOT_SIGNED_IN, "Wrong address or password"),
        (api("not_found"), ExitCode.NOT_FOUND, "no such video"),
        (api("unavailable", 503), ExitCode.UNREACHABLE, "not available"),
        (api("http_502", 502), ExitCode.UNREACHABLE, "what the server says"),
        (api("too_many_attempts"), ExitCode.FAILED, "12 seconds"),
        (api("invalid_state"), ExitCode.FAILED, "what the server says"),
        (UnreachableError("http://x.test", "refused"), ExitCode.UNREACHABLE, "http://x.test"),
        (TransferError("the store answered 500"), ExitCode.FAILED, "answered 500"),
        (TransientError("no database"), ExitCode.UNREACHABLE, "carrete doctor"),
        (TargetExistsError(Path("a.mp4")), ExitCode.FAILED, "a.mp4 exists"),
        (PermissionError(13, "Permission denied", "a.mp4"), ExitCode.FAILED, "a.mp4: Permission"),
        (CommandError("no_terminal", ExitCode.USAGE), ExitCode.USAGE, "--password-stdin"),
        (CarreteError("something else"), ExitCode.FAILED, "something else"),
    ],
)
def test_an_error_has_a_code_and_a_sentence(
    error: CarreteError | OSError, code: ExitCode, words: str
) -> None:
    answer, text = explain(error, Speaker("en"))
    assert answer is code
    assert words in text


def test_fields_that_are_wrong_are_named() -> None:
    error = ApiError("invalid_request", 422, "Wrong", fields={"name": "too long"})
    assert explain(error, Speaker("en")) == (ExitCode.USAGE, "Wrong\n  name: too long")


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["ls"], ExitCode.NOT_SIGNED_IN, "carrete login"),
        (["ls", "--server", "nowhere"], ExitCode.USAGE, "not the URL of a server"),
        (["show", "no-id"], ExitCode.USAGE, "no-id"),
        (["rm", VIDEO], ExitCode.USAGE, "--yes"),
        (["login"], ExitCode.USAGE, "--password-stdin"),
        (["upload", "missing.mp4"], ExitCode.USAGE, "missing.mp4"),
        (["worker"], ExitCode.USAGE, "CARRETE_DATABASE_URL is not set"),
        (["gc"], ExitCode.USAGE, "CARRETE_S3_BUCKET is not set"),
        (["dlq", "ls"], ExitCode.USAGE, "CARRETE_SQS_DLQ_URL is not set"),
        (["nope"], ExitCode.USAGE, "nope"),
    ],
)
def test_a_mistake_ends_with_a_sentence_and_not_a_traceback(
    line: list[str], code: ExitCode, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main.run(line) == code
    out, err = capfd.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_a_mistake_is_told_in_the_persons_language(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARRETE_LANG", "es")
    assert main.run(["ls"]) == ExitCode.NOT_SIGNED_IN
    assert "No has iniciado sesión" in capfd.readouterr().err


def test_help_names_the_exit_codes(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    text = capfd.readouterr().out
    for code in ExitCode:
        assert f"{int(code)} " in text


def test_help_is_in_the_persons_language(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARRETE_LANG", "es")
    assert main.run(["upload", "--help"]) == 0
    assert "Sube archivos" in capfd.readouterr().out


def test_the_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capfd.readouterr().out.startswith("carrete ")


def test_commands_load_nothing_heavy_before_they_run() -> None:
    code = (
        "import sys, json, carrete.cli.main as m; m.build_app(); "
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout) == []
