"""Problem details (RFC 9457): the stable codes, and how they look on the wire and in OpenAPI."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem. Programs match on its code, which never changes its meaning."""

    status: int
    title: str


PROBLEMS: dict[str, Problem] = {
    "invalid_request": Problem(422, "The request is not valid"),
    "empty_file": Problem(422, "The file is empty"),
    "invalid_name": Problem(422, "The name can't be used"),
    "unauthenticated": Problem(401, "Sign in first"),
    "wrong_credentials": Problem(401, "Wrong e-mail address or password"),
    "forbidden": Problem(403, "Not allowed"),
    "csrf": Problem(403, "The X-Carrete-Client header is missing"),
    "quota_exceeded": Problem(403, "The account's limit is reached"),
    "password_required": Problem(403, "The link has a password"),
    "not_found": Problem(404, "Not found"),
    "method_not_allowed": Problem(405, "Method not allowed"),
    "timeout": Problem(408, "The request took too long to arrive"),
    "email_taken": Problem(409, "An account with this address exists"),
    "too_many_shares": Problem(409, "The video has as many links as it may"),
    "invalid_state": Problem(409, "The video is not in a state that allows this"),
    "idempotency_conflict": Problem(409, "This Idempotency-Key was used with another request"),
    "upload_gone": Problem(409, "The upload is no longer there"),
    "upload_incomplete": Problem(409, "Parts of the upload are missing"),
    "size_mismatch": Problem(409, "The stored file has another size than announced"),
    "too_large": Problem(413, "Too large"),
    "too_many_attempts": Problem(429, "Too many attempts"),
    "rate_limited": Problem(429, "Too many requests"),
    "too_many_streams": Problem(429, "Too many open event streams"),
    "headers_too_large": Problem(431, "The request's address or headers are too long"),
    "internal_error": Problem(500, "Something went wrong on our side"),
    "unavailable": Problem(503, "Try again in a moment"),
}

FieldErrors = Sequence[tuple[str, str]]
"""Pairs of a field's path, such as ``parts.0.sha256``, and what is wrong with it."""


def problem_response(
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: FieldErrors = (),
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """A problem as a response, with the status of its code unless another one is given.

    Args:
        code: a key of ``PROBLEMS``.
        detail: what was wrong this time.
        request_id: names the request in the logs.
        errors: what was wrong with which field.
        headers: of the response.
        status: where the code means the same and its usual status would not.
        more: further members, such as those of ``quota_exceeded``.
    """
    body = problem_body(code, detail, request_id, errors) | dict(more or {})
    body["status"] = status or body["status"]
    return Response(to_json(body), body["status"], headers, MEDIA_TYPE)


def problem_body(
    code: str, detail: str, request_id: str, errors: FieldErrors = ()
) -> dict[str, Any]:
    """A problem as plain values; at most ``MAX_ERRORS`` field errors are kept."""
    kind = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": f"urn:carrete:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [
            {"field": field, "message": message} for field, message in errors[:MAX_ERRORS]
        ]
    return body


def problem_docs(
    codes: Iterable[str], statuses: Mapping[str, int] | None = None
) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses of an operation that may answer with these problems.

    Args:
        codes: of the problems.
        statuses: of those codes that have another one than usual.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        status = (statuses or {}).get(code, PROBLEMS[code].status)
        by_status.setdefault(status, []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        code: {"value": _example(code) | {"status": status}} for code in group
                    },
                }
            },
        }
        for status, group in sorted(by_status.items())
    }


def _example(code: str) -> dict[str, Any]:
    errors = [("parts.3", "missing")] if code == "upload_incomplete" else ()
    if code == "invalid_request":
        errors = [("size_bytes", "Input should be a valid integer")]
    body = problem_body(code, f"{PROBLEMS[code].title}.", "5f0c6c3e9d3b4b0f", errors)
    if code == "quota_exceeded":
        body |= {"quota": "videos_in_flight", "used": 1001, "limit": 1000}
    return body
