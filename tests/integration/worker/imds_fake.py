"""EC2's instance metadata service, version 2, as far as a worker asks it: a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

INTERRUPTION = "/latest/meta-data/spot/instance-action"
LIFECYCLE = "/latest/meta-data/autoscaling/target-lifecycle-state"


@dataclass
class FakeImds:
    """What the service tells.

    Attributes:
        items: by path; what is not here is 404.
        tokens: those that are valid now.
        refused: requests without a valid token.
        asked: is set by every answered question.
    """

    url: str = ""
    items: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    given: int = 0
    refused: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as the service does: a token for a PUT, an item for a GET with one."""
        if request.path == "/latest/api/token":
            seconds = request.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if request.method != "PUT" or not 1 <= int(seconds or 0) <= 21600:
                return web.Response(status=400)
            self.given += 1
            self.tokens.add(f"token-{self.given}")
            return web.Response(text=f"token-{self.given}")
        if request.headers.get("X-aws-ec2-metadata-token") not in self.tokens:
            self.refused += 1
            return web.Response(status=401)
        self.asked.set()
        if request.path not in self.items:
            return web.Response(status=404)
        return web.Response(text=self.items[request.path])


@asynccontextmanager
async def fake_imds() -> AsyncIterator[FakeImds]:
    """A running service on loopback."""
    fake = FakeImds()
    runner = web.ServerRunner(web.Server(fake.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        await runner.cleanup()
