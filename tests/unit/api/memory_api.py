"""The whole application over ports in memory, called without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from carrete.adapters.memory import MemoryObjects, MemoryQueue, MemoryStore
from carrete.api.app import create_app
from carrete.bootstrap import Container
from carrete.config import load_settings

PASSWORD = "correct horse"


@dataclass
class MemoryApi:
    app: FastAPI
    store: MemoryStore
    objects: MemoryObjects
    queue: MemoryQueue
    anyone: httpx.AsyncClient

    async def account(self, name: str = "ana") -> httpx.AsyncClient:
        """A client that speaks for a new account."""
        answer = await self.anyone.post(
            "/api/auth/register", json={"email": f"{name}@example.com", "password": PASSWORD}
        )
        assert answer.status_code == 201, answer.text
        self.anyone.cookies.clear()
        return self.client(authorization=f"Bearer {answer.json()['token']}")

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://api", headers=headers
        )


@asynccontextmanager
async def open_api(**overrides: Any) -> AsyncIterator[MemoryApi]:
    settings = load_settings(
        database_url="postgresql+psycopg://unused/unused",
        s3_bucket="unused",
        sqs_queue_url="unused",
        sqs_dlq_url="unused",
        **overrides,
    )
    store = MemoryStore(quota=settings.quota)
    objects, queue = MemoryObjects(), MemoryQueue()
    container = Container(
        settings=settings,
        accounts=store,
        videos=store,
        jobs=store,
        events=store,
        maintenance=store,
        shares=store,
        operator=store,
        objects=objects,
        queue=queue,
    )
    app = create_app(container)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as anyone:
            yield MemoryApi(app, store, objects, queue, anyone)
