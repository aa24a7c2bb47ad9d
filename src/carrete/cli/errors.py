"""Every expected error as a sentence and an exit code: decided in one place."""

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
    "quota_exceeded": "api_quota_exceeded",
    "rate_limited": "api_rate_limited",
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
    match error:
        case CommandError():
            answer = error.exit_code, say(error.key, **error.values)
        case ApiError():
            answer = API_EXITS.get(error.code, ExitCode.FAILED), _api_text(error, say)
        case UnreachableError():
            text = say("unreachable", server=error.url, reason=error.reason)
            answer = ExitCode.UNREACHABLE, text
        case TransferError():
            answer = ExitCode.FAILED, say("transfer_failed", reason=error.reason)
        case TransientError():
            answer = ExitCode.UNREACHABLE, say("service_away", reason=str(error))
        case OSError():
            answer = ExitCode.FAILED, _os_text(error)
        case _:
            answer = ExitCode.FAILED, _file_text(error, say)
    return answer


def _file_text(error: CarreteError, say: Speaker) -> str:
    key = FILE_MESSAGES.get(type(error))
    return str(error) if key is None else say(key, path=getattr(error, "path", ""))


def _api_text(error: ApiError, say: Speaker) -> str:
    key = API_MESSAGES.get(error.code)
    if key is not None:
        return say(key, detail=error.detail, seconds=round(error.retry_after_s or 0))
    fields = "".join(f"\n  {name}: {message}" for name, message in error.fields.items())
    return f"{error.detail}{fields}"


def _os_text(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what
