"""One HTTP call: sent, sent again where that is safe, and its failure told as one of our errors."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from carrete import __version__
from carrete.client.errors import ApiError, UnreachableError
from carrete.client.retry import RetryPolicy

AnswerT = TypeVar("AnswerT", bound=BaseModel)

PASSING_STATUSES = frozenset({502, 503, 504})
"""The server, or what stands before it, is away for a moment."""

CONNECT_S = 5.0
CALL_S = 30.0
"""Seconds without a byte until a call counts as failed."""

MAX_DETAIL = 500
"""Characters of an answer that is shown."""

LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


def open_http(transport: httpx.AsyncBaseTransport | None, **options: Any) -> httpx.AsyncClient:
    """A client with our name and time limits. A proxy is never asked for this machine itself.

    Args:
        transport: what stands in for the network, in tests.
        options: of ``httpx.AsyncClient``.
    """
    defaults: dict[str, Any] = {
        "timeout": httpx.Timeout(CALL_S, connect=CONNECT_S),
        "trust_env": transport is None,
        "mounts": dict.fromkeys(LOOPBACK),
        "transport": transport,
    }
    client = httpx.AsyncClient(**(defaults | options))
    client.headers["User-Agent"] = f"carrete/{__version__}"
    return client


def tls_context() -> ssl.SSLContext:
    """The trusted authorities; reading them takes a while, so that clients share one."""
    return httpx.create_ssl_context()


class Caller:
    """Makes calls to one server."""

    def __init__(self, http: httpx.AsyncClient, server: str, policy: RetryPolicy) -> None:
        self.http = http
        self.server = server
        self.policy = policy

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = True,
    ) -> httpx.Response:
        """Make a call and return its answer, which is a success.

        Args:
            method: of HTTP.
            path: below ``/api``.
            json: the body.
            params: of the query.
            headers: besides those of every call.
            idempotent: whether making the call twice does the same as once. Where not, it is only
                made again when the first one never left.

        Raises:
            ApiError: the server answered no.
            UnreachableError: no answer.
        """
        failures = 0
        while True:
            request = self.http.build_request(
                method, path, json=json, params=params, headers=headers
            )
            outcome = await self._once(request)
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                return outcome
            failures += 1
            error = self._error(outcome, retried=failures > 1)
            # what was refused for its rate has not been looked at: it may always come again
            refused = isinstance(error, ApiError) and error.code == "rate_limited"
            if not refused and not _may_repeat(outcome, idempotent=idempotent):
                raise error
            asked = error.retry_after_s if isinstance(error, ApiError) else None
            delay = self.policy.delay_s(failures, asked_s=asked)
            if delay is None:
                raise error
            await asyncio.sleep(delay)

    async def _once(self, request: httpx.Request) -> httpx.Response | httpx.TransportError:
        try:
            return await self.http.send(request)
        except httpx.TransportError as exc:
            return exc

    def _error(
        self, outcome: httpx.Response | httpx.TransportError, *, retried: bool
    ) -> ApiError | UnreachableError:
        if isinstance(outcome, httpx.Response):
            return api_error(outcome, retried=retried)
        error = UnreachableError(self.server, str(outcome) or type(outcome).__name__)
        error.__cause__ = outcome
        return error

    def read(self, kind: type[AnswerT], response: httpx.Response) -> AnswerT:
        """The answer's body as a model.

        Raises:
            UnreachableError: it is not what Carrete answers, so something else is there.
        """
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as exc:
            where = response.request.url.path
            raise UnreachableError(
                self.server, f"what answers at {where} is not a Carrete server"
            ) from exc


def _may_repeat(outcome: httpx.Response | httpx.TransportError, *, idempotent: bool) -> bool:
    if isinstance(outcome, httpx.Response):
        return idempotent and outcome.status_code in PASSING_STATUSES
    if isinstance(outcome, httpx.UnsupportedProtocol):
        return False
    never_left = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return idempotent or never_left


def api_error(response: httpx.Response, *, retried: bool = False) -> ApiError:
    """The error that an answer describes, whether or not it is a problem document."""
    try:
        body = response.json()
    except ValueError:
        body = None
    problem: dict[str, Any] = body if isinstance(body, dict) else {}
    return ApiError(
        code=str(problem.get("code") or f"http_{response.status_code}"),
        status=response.status_code,
        detail=str(problem.get("detail") or problem.get("title") or _plain(response))[:MAX_DETAIL],
        fields=_fields(problem.get("errors")),
        retry_after_s=retry_after_s(response.headers.get("Retry-After")),
        retried=retried,
    )


def retry_after_s(header: str | None) -> float | None:
    """Seconds in a ``Retry-After``; its date form, which Carrete never sends, counts as absent."""
    if header is None or not header.strip().isdecimal():
        return None
    return float(header)


def _plain(response: httpx.Response) -> str:
    if response.is_redirect:
        return f"the server redirects to {response.headers.get('Location', 'elsewhere')}"
    return f"the server answered {response.status_code} {response.reason_phrase}"


def _fields(errors: object) -> dict[str, str]:
    if not isinstance(errors, list):
        return {}
    return {
        str(item.get("field", "")): str(item.get("message", ""))
        for item in errors
        if isinstance(item, dict)
    }
