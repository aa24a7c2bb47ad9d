"""Stands between the processes and S3 and SQS, and can answer in their place."""

import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
)
"""Headers of one connection, not of the message (RFC 9110, 7.6.1), and what aiohttp answers."""

PIECE = 64 * 1024


@dataclass(frozen=True)
class Call:
    """One request, whole.

    Attributes:
        service: ``s3`` or ``sqs``.
        action: of SQS, such as ``SendMessageBatch``; the method of S3.
    """

    service: str
    action: str
    method: str
    target: str
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a call to SQS."""
        return json.loads(self.body)

    def with_json(self, value: object) -> "Call":
        """The same call with another body."""
        return Call(
            self.service, self.action, self.method, self.target, self.headers,
            json.dumps(value).encode(),
        )  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """What the store answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ResetConnectionError(Exception):
    """End the client's connection without an answer."""


@dataclass(frozen=True)
class CutReply(Exception):  # noqa: N818 - it is half a reply
    """End the client's connection in the middle of this reply."""

    reply: Reply


class Spell(Protocol):
    """Something that goes wrong for a while."""

    def hits(self, call: Call) -> bool:
        """Whether it is this call's turn."""
        ...

    async def cast(self, call: Call, gateway: "Gateway") -> Reply:
        """Answer in the store's place, or with its answer."""
        ...


@dataclass
class Gateway:
    """An HTTP port of this machine that leads to LocalStack.

    Attributes:
        upstream: where the stores answer.
        spells: what goes wrong now; the first one that hits a call has it.
        hits: how many calls were hit.
    """

    upstream: str = ""
    port: int = 0
    spells: list[Spell] = field(default_factory=list)
    hits: int = 0
    chance: random.Random = field(default_factory=random.Random)
    _session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            call = await _read(request)
            for spell in tuple(self.spells):
                if spell.hits(call):
                    self.hits += 1
                    return await _send(request, await spell.cast(call, self))
            return await _send(request, await self.forward(call))
        except CutReply as cut:
            # The client may have gone meanwhile.
            with suppress(OSError):
                return await _send(request, cut.reply, cut=True)
            return web.Response(status=502)
        except (ResetConnectionError, aiohttp.ClientError, OSError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)

    async def forward(self, call: Call) -> Reply:
        """Ask the store."""
        if self._session is None:
            raise RuntimeError("the gateway is not open")
        headers = CIMultiDict((k, v) for k, v in call.headers.items() if k.lower() not in HOP)
        headers.popall("Content-Length", None)
        url = URL(self.upstream + call.target, encoded=True)
        body = BytesIO(call.body) if call.body or call.method in {"PUT", "POST"} else None
        async with self._session.request(
            call.method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
        ) as answer:
            return Reply(answer.status, answer.headers.copy(), await answer.read())


async def _read(request: web.BaseRequest) -> Call:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await request.content.read(-1)
    action = request.headers.get("X-Amz-Target", "")
    is_queue = action.startswith("AmazonSQS.")
    return Call(
        service="sqs" if is_queue else "s3",
        action=action.removeprefix("AmazonSQS.") if is_queue else request.method,
        method=request.method,
        target=request.raw_path,
        headers=request.headers,
        body=body,
    )


async def _send(request: web.BaseRequest, reply: Reply, *, cut: bool = False) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status)
    for name, value in reply.headers.items():
        if name.lower() not in HOP:
            response.headers[name] = value
    if request.method != "HEAD":
        response.content_length = len(reply.body)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    whole = len(reply.body) // 2 if cut else len(reply.body)
    for start in range(0, whole, PIECE):
        await response.write(reply.body[start : min(start + PIECE, whole)])
    if cut:
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


@asynccontextmanager
async def open_gateway(seed: int) -> AsyncIterator[Gateway]:
    """A gateway for as long as the block runs; say where it leads before anything asks."""
    gateway = Gateway(chance=random.Random(seed))
    server = web.Server(gateway.handle)
    runner = web.ServerRunner(server, shutdown_timeout=1)
    await runner.setup()
    # Long polls take 20 s; a hanging store is ours to make.
    limits = aiohttp.ClientTimeout(total=90)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        auto_decompress=False, timeout=limits, connector=connector, trust_env=False
    ) as session:
        gateway._session = session  # noqa: SLF001 - opened here
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        gateway.port = urlsplit(runner_address(runner)).port or 0
        try:
            yield gateway
        finally:
            gateway.spells.clear()
            await runner.cleanup()


def runner_address(runner: web.ServerRunner) -> str:
    """Where a runner's only site listens, as a URL."""
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"
