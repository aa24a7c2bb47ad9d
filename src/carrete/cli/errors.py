"""Every expected error as a sentence and an exit code: the one place that turns one into the other."""

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.messages import Speaker
from carrete.client.errors import (
    ApiError,
    EmptyFileError,
    FileChangedError,
    TargetExistsError,
    TransferError,
    UnreachableError,
    UploadBusyError,
)
from carrete.domain.failures import CarreteError, TransientError

API_EXITS = {
    "unauthenticated": ExitCode.NOT_SIGNED_IN,
    "wrong_credentials": ExitCode.NOT_SIGNED_IN,
    "not_found": ExitCode.NOT_FOUND,
    "invalid_request": ExitCode.USAGE,
    "unavailable": ExitCode.UNREACHABLE,
    "http_502": ExitCode.UNREACHABLE,
    "http_503": ExitCode.UNREACHABLE,
    "http_504": ExitCode.UNREACHABLE,
}

API_MESSAGES = {
    "unauthenticated": "api_unauthenticated",
    "wrong_credentials": "api_wrong_credentials",
    "not_found": "api_not_found",
    "email_taken": "api_email_taken",
    "too_large": "api_too_large",
    "too_many_attempts": "api_too_many_attempts",
    "unavailable": "api_unavailable",
}
"""Answers that have a sentence of our own, in both languages; the others show the server's."""

FILE_MESSAGES: dict[type[CarreteError], str] = {
    FileChangedError: "file_changed",
    EmptyFileError: "file_empty",
    UploadBusyError: "upload_busy",
    TargetExistsError: "target_exists",
}


def explain(error: CarreteError | OSError, say: Speaker) -> tuple[ExitCode, str]:
    """How a command that ends with this error exits, and what it says."""
    if isinstance(error, CommandError):
        return error.exit_code, say(error.key, **error.values)
    if isinstance(error, ApiError):
        return API_EXITS.get(error.code, ExitCode.FAILED), _api_text(error, say)
    if isinstance(error, UnreachableError):
        text = say("unreachable", server=error.url, reason=error.reason)
        return ExitCode.UNREACHABLE, text
    if isinstance(error, TransferError):
        return ExitCode.FAILED, say("transfer_failed", reason=error.reason)
    if isinstance(error, TransientError):
        return ExitCode.UNREACHABLE, say("service_away", reason=str(error))
    if isinstance(error, OSError):
        return ExitCode.FAILED, _os_text(error)
    key = FILE_MESSAGES.get(type(error))
    if key is not None:
        return ExitCode.FAILED, say(key, path=getattr(error, "path", ""))
    return ExitCode.FAILED, str(error)


def _api_text(error: ApiError, say: Speaker) -> str:
    key = API_MESSAGES.get(error.code)
    if key is not None:
        return say(key, detail=error.detail, seconds=round(error.retry_after_s or 0))
    fields = "".join(f"\n  {name}: {message}" for name, message in error.fields.items())
    return f"{error.detail}{fields}"


def _os_text(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what
