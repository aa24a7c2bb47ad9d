"""From exceptions to problems: the only place that gives an error its HTTP status."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from carrete.api.problems import FieldErrors, problem_response
from carrete.api.rates import RateLimitedError
from carrete.domain.account import EmailTakenError, TooManyAttemptsError, WrongCredentialsError
from carrete.domain.failures import CarreteError, TransientError
from carrete.domain.quota import QuotaExceededError
from carrete.domain.share import (
    DownloadNotAllowedError,
    InvalidExpiryError,
    ShareLockedError,
    TooManySharesError,
)
from carrete.domain.upload import InvalidNameError
from carrete.domain.video import InvalidStateError
from carrete.ports import IdempotencyConflictError, NotFoundError, UploadGoneError
from carrete.usecases.accounts import InvalidEmailError, WrongPasswordError
from carrete.usecases.complete_upload import (
    SizeMismatchError,
    UploadIncompleteError,
    WrongPart,
)
from carrete.usecases.create_upload import EmptyFileError, TooLargeError
from carrete.usecases.cursors import InvalidCursorError
from carrete.usecases.sign_parts import NoSuchPartError

RETRY_S = 2
"""Seconds after which a client may try again what was out of reach."""


class UnauthenticatedError(CarreteError):
    """No session: no token came, or it is unknown or expired."""


class CsrfError(CarreteError):
    """A cookie came without the header that no other site's page can send unasked."""


class TooManyStreamsError(CarreteError):
    """The account, or the process, has as many event streams open as it may."""


CODES: dict[type[CarreteError], str] = {
    UnauthenticatedError: "unauthenticated",
    WrongCredentialsError: "wrong_credentials",
    WrongPasswordError: "wrong_credentials",
    CsrfError: "csrf",
    NotFoundError: "not_found",
    EmailTakenError: "email_taken",
    InvalidStateError: "invalid_state",
    IdempotencyConflictError: "idempotency_conflict",
    UploadGoneError: "upload_gone",
    UploadIncompleteError: "upload_incomplete",
    SizeMismatchError: "size_mismatch",
    TooLargeError: "too_large",
    InvalidEmailError: "invalid_request",
    InvalidCursorError: "invalid_request",
    NoSuchPartError: "invalid_request",
    EmptyFileError: "empty_file",
    InvalidNameError: "invalid_name",
    TooManyAttemptsError: "too_many_attempts",
    QuotaExceededError: "quota_exceeded",
    ShareLockedError: "password_required",
    DownloadNotAllowedError: "forbidden",
    TooManySharesError: "too_many_shares",
    InvalidExpiryError: "invalid_request",
    RateLimitedError: "rate_limited",
    TooManyStreamsError: "too_many_streams",
    TransientError: "unavailable",
}
"""Everything that is not here is a bug and answers 500."""

FIELDS: dict[type[CarreteError], str] = {
    InvalidEmailError: "email",
    InvalidCursorError: "cursor",
    InvalidExpiryError: "expires_at",
    InvalidNameError: "name",
    EmptyFileError: "size_bytes",
    TooLargeError: "size_bytes",
}
"""Errors that are about one field of the request."""

HTTP_CODES = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    431: "headers_too_large",
}
"""The framework's own errors."""


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error as a problem."""
    app.add_exception_handler(CarreteError, _carrete_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


def code_of(error: CarreteError) -> str | None:
    """The stable code of an error, or nothing for one that no client should ever meet."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), None)


async def _carrete_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CarreteError)
    code = code_of(error)
    if code is None:
        raise error
    detail, headers = str(error), dict[str, str]()
    if isinstance(error, TransientError):
        # The text names hosts and services, which is the operator's business only.
        structlog.get_logger().warning("out of reach", error=detail)
        detail = "A service that Carrete needs is out of reach. Try again in a moment."
        headers["Retry-After"] = str(RETRY_S)
    elif isinstance(error, TooManyAttemptsError | RateLimitedError):
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, TooManyStreamsError):
        headers["Retry-After"] = str(RETRY_S)
    elif isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    more: dict[str, Any] = {}
    if isinstance(error, QuotaExceededError):
        more = {"quota": error.kind, "used": error.used, "limit": error.limit}
    # 401 would tell a page that its session is over
    status = 403 if isinstance(error, WrongPasswordError) else None
    return _answer(
        request, code, detail, errors=_fields(error), headers=headers, status=status, more=more
    )


def _fields(error: CarreteError) -> FieldErrors:
    match error:
        case UploadIncompleteError():
            return [(f"parts.{part.number}", _wrong(part)) for part in error.wrong]
        case NoSuchPartError():
            return [(f"parts.{error.index}.number", str(error))]
        case _:
            field = next((name for kind, name in FIELDS.items() if isinstance(error, kind)), None)
            return [(field, str(error))] if field else ()


def _wrong(part: WrongPart) -> str:
    if part.stored is None:
        return "missing"
    return f"has {part.stored} bytes instead of {part.expected}"


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Not the input: it may be a password, and it may be a megabyte.
    fields = [(_field(item["loc"]), str(item["msg"])[:300]) for item in error.errors()]
    shown = "; ".join(f"{field}: {message}" for field, message in fields[:3])
    return _answer(request, "invalid_request", shown[:1000], errors=fields)


def _field(where: tuple[Any, ...]) -> str:
    rest = where[1:] if len(where) > 1 and isinstance(where[1], str) else where[:1]
    return ".".join(str(step) for step in rest)[:200]


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004
        headers["Allow"] = ", ".join(allowed_methods(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    code = HTTP_CODES.get(error.status_code, "invalid_request")
    return _answer(request, code, str(error.detail), headers=headers)


def allowed_methods(request: Request) -> list[str]:
    """All methods that some route of the application has for this path."""
    methods = {"OPTIONS"}
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _answer(
    request: Request,
    code: str,
    detail: str,
    *,
    errors: FieldErrors = (),
    headers: dict[str, str] | None = None,
    status: int | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    request.state.problem = code
    return problem_response(
        code,
        detail,
        request.state.request_id,
        errors=errors,
        headers=headers,
        status=status,
        more=more,
    )
