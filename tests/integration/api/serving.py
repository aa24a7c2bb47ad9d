"""A real API server in this process, over real PostgreSQL and LocalStack."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from tests.conftest import Aws
from tests.integration.api import published

from carrete.api.main import ApiServer, make_server
from carrete.bootstrap import Container, create_local_resources, open_container
from carrete.config import Settings, load_settings
from carrete.domain.video import VideoState
from carrete.ports import Completion

PASSWORD = "correct horse"
DATA = b"not really a film"


def settings_for(database_url: str, aws: Aws, **overrides: Any) -> Settings:
    # all tests come from one address
    overrides = {"rate_per_s": 0} | overrides
    return load_settings(
        database_url=database_url,
        database_pool=5,
        aws_endpoint_url=aws.endpoint_url,
        s3_bucket=aws.bucket,
        sqs_queue_url=aws.queue_url(),
        sqs_dlq_url=aws.queue_url("carrete-dead"),
        **overrides,
    )


@dataclass
class Client:
    """Someone who uses the API."""

    http: httpx.AsyncClient
    account: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return UUID(self.account["id"])

    async def create(self, name: str = "film.mp4", size: int = len(DATA), **more: Any) -> Any:
        answer = await self.http.post(
            "/api/videos", json={"name": name, "size_bytes": size, **more}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def send(self, video_id: str, number: int, data: bytes) -> httpx.Response:
        """Have a part signed and PUT it to S3."""
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = await self.http.post(
            f"/api/videos/{video_id}/upload/parts",
            json={"parts": [{"number": number, "sha256": digest}]},
        )
        assert answer.status_code == 200, answer.text
        part = answer.json()["parts"][0]
        async with httpx.AsyncClient(trust_env=False) as s3:
            return await s3.put(part["url"], content=data, headers=part["headers"])

    async def upload(self, name: str = "film.mp4", data: bytes = DATA) -> Any:
        """Everything up to the queue; returns the video."""
        video = (await self.create(name, len(data)))["video"]
        assert (await self.send(video["id"], 1, data)).status_code == 200
        answer = await self.http.post(f"/api/videos/{video['id']}/upload/complete")
        assert answer.status_code == 202, answer.text
        return answer.json()


@dataclass
class Service:
    """A running API, and what is behind it."""

    url: str
    settings: Settings
    container: Container
    server: ApiServer
    exits: AsyncExitStack

    async def client(self, **headers: str) -> httpx.AsyncClient:
        made = httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=20)
        return await self.exits.enter_async_context(made)

    async def account(self, name: str = "ana") -> Client:
        """A new account, and a client with its token."""
        http = await self.client()
        email = f"{name}-{uuid4().hex[:8]}@example.com"
        answer = await http.post("/api/auth/register", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        token = answer.json()["token"]
        return Client(await self.client(authorization=f"Bearer {token}"), answer.json()["account"])

    async def finish(self, owner: UUID, video_id: str) -> None:
        """What a worker does, in short: claim the video's task and publish a result."""
        claim = await self.container.jobs.claim("test", 30)
        assert claim is not None
        assert (claim.task.owner_id, claim.task.video_id) == (owner, UUID(video_id))
        files = published.files(f"output/{owner}/{video_id}/x/")
        await self.container.jobs.intend(claim.task, [file.key for file in files], 30)
        done = Completion({}, files=files, plan=published.plan().to_json(), publish=True)
        await self.container.jobs.complete(claim.task, done)
        video = await self.container.videos.video(owner, UUID(video_id))
        assert video.state is VideoState.READY


@asynccontextmanager
async def serve(settings: Settings) -> AsyncIterator[Service]:
    """Serve on a free port until the block ends."""
    await create_local_resources(settings)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = make_server(settings)
        # Not serve(): that would take the signals, which are the test runner's.
        serving = asyncio.create_task(server._serve([listener]))
        async with AsyncExitStack() as exits, asyncio.timeout(300):
            container = await exits.enter_async_context(open_container(settings))
            while not server.started:
                assert not serving.done()
                await asyncio.sleep(0.01)
            try:
                yield Service(url, settings, container, server, exits)
            finally:
                server.should_exit = True
                await serving
