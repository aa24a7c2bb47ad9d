"""What surrounds every request: its id, its log line, its bounds, and headers that protect.

Plain ASGI callables: ``BaseHTTPMiddleware`` costs a task and two queues for each request, and gets
between a stream and its client's disconnection.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from uuid import uuid4

import structlog
from fastapi import HTTPException
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrete import tracing
from carrete.api.problems import problem_response
from carrete.metrics import ApiMetrics

MAX_BODY = 1024 * 1024
MAX_HEADERS = 32 * 1024
"""Bytes of all headers together. nginx allows as much by default (4 buffers of 8 KiB)."""

MAX_TARGET = 8 * 1024
BODY_S = 30.0
"""Seconds in which a whole body must arrive."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TOKEN_PATH = re.compile(r"^(/api/shared/|/s/|/embed/)[^/]+")
"""Addresses in which somebody's link stands, which lets in whoever reads it."""

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_QUIET = {"/healthz", "/readyz", "/metrics"}
"""Routes that machines ask all day: logged only when they fail, never traced."""

_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000")
"""Two years, as browsers' preload lists ask for (RFC 6797)."""

SEND_S = 60.0
"""Seconds in which a client must take the next piece of an answer; one that does not is gone."""


class SlowClientError(Exception):
    """The client does not take its answer."""


class Observed:
    """Gives each request an id, answers what nobody caught, logs and counts."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics, *, https: bool = False) -> None:
        """Surround ``app``.

        Args:
            app: what answers.
            metrics: what is counted.
            https: whether browsers are told to never come by plain HTTP.
        """
        self._app = app
        self._metrics = metrics
        self._headers = (*_SAFE_HEADERS, _HTTPS_ONLY) if https else _SAFE_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, request_id, self._headers)
        began = time.perf_counter()
        try:
            await self._traced(scope, receive, answer)
        except SlowClientError as exc:
            structlog.get_logger().warning("a client was given up", reason=str(exc))
        except Exception:
            structlog.get_logger().exception("a request met a bug")
            if answer.status:
                raise
            detail = "Something went wrong on our side. The operator can find it by the request id."
            await problem_response("internal_error", detail, request_id)(scope, receive, answer)
        finally:
            self._note(scope, answer, time.perf_counter() - began)

    async def _traced(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """The application inside a span, which belongs to the caller's trace if it sent one."""
        if scope["path"] in _QUIET:
            await self._app(scope, receive, answer)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with tracing.span(
            method,
            kind=SpanKind.SERVER,
            parent=_header(scope, b"traceparent"),
            http__request__method=method,
        ) as span:
            await self._app(scope, receive, answer)
            if span.is_recording():
                # never the path nor the query: keys of shared videos are in them
                route = getattr(scope.get("route"), "path", "unmatched")
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", answer.status)
                span.set_attributes(
                    {f"carrete.{name}": value for name, value in _ids(scope).items()}
                )

    def _note(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if route != "unmatched" else "any"
        self._metrics.request(method, route, answer.status, None if answer.is_stream else seconds)
        log = structlog.get_logger()
        quiet = route in _QUIET and answer.status < 400  # noqa: PLR2004
        (log.debug if quiet else log.info)(
            "request",
            method=scope["method"],
            # Never the query: a signature or a cursor may be in it.
            path=_TOKEN_PATH.sub(r"\1[secret]", scope["path"][:200]),
            route=route,
            status=answer.status,
            ms=round(seconds * 1000, 1),
            client=(scope.get("client") or ("",))[0],
            **_ids(scope),
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return uuid4().hex


def _ids(scope: Scope) -> dict[str, str]:
    state, path = scope["state"], scope.get("path_params", {})
    found = {
        "account_id": state.get("account_id"),
        "video_id": path.get("video_id") or state.get("video_id"),
        "problem": state.get("problem"),
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return None


class _Answer:
    """Passes an answer on with our headers, and remembers what it was."""

    def __init__(self, send: Send, request_id: str, safe: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._request_id = request_id
        self._safe = safe
        self.status = 0
        self.is_stream = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id.encode())]
            present = {name.lower(): value for name, value in headers}
            self.is_stream = present.get(b"content-type", b"").startswith(b"text/event-stream")
            headers += [item for item in self._safe if item[0] not in present]
            message = {**message, "headers": headers}
        await self._send(message)


class Bounded:
    """Refuses what is too long or arrives too slowly, before anything is read into memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = _refusal(scope)
        if refused is not None:
            scope["state"]["problem"] = refused[0]
            answer = problem_response(*refused, scope["state"]["request_id"])
            await answer(scope, receive, send)
            return
        await self._app(scope, _limited(receive), _patient(send))


def _refusal(scope: Scope) -> tuple[str, str] | None:
    size = 0
    length = b"0"
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name == b"content-length":
            length = value
    if size > MAX_HEADERS:
        return "headers_too_large", f"The headers are longer than {MAX_HEADERS} bytes."
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
        return "headers_too_large", f"The address is longer than {MAX_TARGET} bytes."
    if not length.isdigit() or int(length) > MAX_BODY:
        return "too_large", f"The body is longer than {MAX_BODY} bytes."
    return None


def _limited(receive: Receive) -> Receive:
    """``receive`` that ends a body which grows or lasts beyond the bounds."""
    got = 0
    whole = False
    deadline: float | None = None

    async def bounded() -> Message:
        nonlocal got, whole, deadline
        if whole:
            return await receive()
        deadline = deadline or asyncio.get_running_loop().time() + BODY_S
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as exc:
            raise HTTPException(408, f"The body took longer than {BODY_S:g} s") from exc
        got += len(message.get("body", b""))
        if got > MAX_BODY:
            raise HTTPException(413, f"The body is longer than {MAX_BODY} bytes")
        whole = not message.get("more_body", False)
        return message

    return bounded


def _patient(send: Send) -> Send:
    """``send`` that gives up a client who takes nothing: its answer would stay in memory."""

    async def bounded(message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await send(message)
        except TimeoutError as exc:
            raise SlowClientError(f"took nothing for {SEND_S:g} s") from exc

    return bounded


class HeadAsGet:
    """Answers HEAD with the headers of GET: FastAPI's routes know only the methods they list."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A copy: the server looks at its own scope's method to leave the body out.
        inner = {**scope, "method": "GET", "carrete.head": True}
        try:
            await self._app(inner, receive, headers_only)
        finally:
            scope.update({name: inner[name] for name in ("route", "path_params") if name in inner})
