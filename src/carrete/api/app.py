"""The FastAPI application: made from settings, or around a container that is open already."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from carrete import __version__
from carrete.api import openapi
from carrete.api.errors import add_error_handlers
from carrete.api.hub import EventHub
from carrete.api.middleware import Bounded, HeadAsGet, Observed
from carrete.api.page import Page
from carrete.api.probes import Probes
from carrete.api.rates import CLIENT_FACTOR, RateLimited, TokenBuckets
from carrete.api.routes import (
    accounts,
    downloads,
    events,
    maps,
    me,
    operator,
    shared,
    shares,
    streams,
    system,
    uploads,
    videos,
)
from carrete.api.state import Api
from carrete.bootstrap import Container, open_container
from carrete.config import Settings, load_settings
from carrete.metrics import ApiMetrics, QueueMetrics, new_registry
from carrete.ports import ObjectStore
from carrete.usecases.passwords import Passwords
from carrete.usecases.streams import SignedUrls

ROUTES = (
    accounts,
    me,
    uploads,
    videos,
    maps,
    downloads,
    streams,
    shares,
    shared,
    events,
    operator,
    system,
)
"""In the order of the document."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(source: Settings | Container) -> FastAPI:
    """The application.

    Args:
        source: settings, from which its lifespan opens a container and closes it; or an open
            container, which stays the caller's.
    """
    settings = source if isinstance(source, Settings) else source.settings
    registry = new_registry()
    metrics = ApiMetrics(registry)
    app = FastAPI(
        title="Carrete",
        version=__version__,
        lifespan=_lifespan(source, metrics, QueueMetrics(registry)),
        openapi_url="/api/openapi.json",
        # Swagger UI and ReDoc would be loaded from other people's servers.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its spans hold paths and queries, where the keys of shared videos are; ours hold routes.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.registry = registry
    app.openapi = openapi.document(app)  # type: ignore[method-assign] # FastAPI's documented way
    add_error_handlers(app)
    # The last one added is the outermost.
    if settings.site_origin:
        _allow_site(app, settings.site_origin)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Page, directory=settings.web_dir)
    app.add_middleware(Bounded)
    app.add_middleware(
        RateLimited,
        buckets=TokenBuckets(
            CLIENT_FACTOR * settings.rate_per_s, CLIENT_FACTOR * settings.rate_burst
        ),
    )
    app.add_middleware(Observed, metrics=metrics, https=settings.cookie_secure)
    for module in ROUTES:
        module.add_routes(app)
    return app


def openapi_text() -> str:
    """The OpenAPI document as it is kept beside the web page, whose client is made from it."""
    settings = load_settings(
        database_url="postgresql+psycopg://unused/unused",
        s3_bucket="unused",
        sqs_queue_url="unused",
        sqs_dlq_url="unused",
    )
    return json.dumps(create_app(settings).openapi(), indent=1, ensure_ascii=False) + "\n"


async def objects_origin(objects: ObjectStore) -> str:
    """Where presigned URLs point, which the page must be allowed to read from."""
    # Signing is arithmetic: the client knows how it addresses its bucket, and asks nobody.
    url = urlsplit(await objects.sign_get("any", 60))
    return f"{url.scheme}://{url.netloc}"


def _lifespan(source: Settings | Container, metrics: ApiMetrics, queue: QueueMetrics) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            container = (
                await stack.enter_async_context(open_container(source))
                if isinstance(source, Settings)
                else source
            )
            hub = EventHub(container.events, metrics)
            app.state.api = Api(
                container=container,
                passwords=await Passwords.create(),
                hub=hub,
                probes=Probes(container, queue),
                urls=SignedUrls(container.objects, container.settings.download_url_s),
                objects_origin=await objects_origin(container.objects),
                rates=TokenBuckets(container.settings.rate_per_s, container.settings.rate_burst),
            )
            listening = asyncio.create_task(hub.run(), name="event hub")
            try:
                yield
            finally:
                hub.close()
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    return lifespan


def _allow_site(app: FastAPI, origin: str) -> None:
    """Let the web page of another origin use the API with its cookie."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=[origin],
        allow_credentials=True,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "Last-Event-ID",
            "X-Carrete-Client",
            "X-Request-ID",
        ],
        expose_headers=["Location", "Retry-After", "X-Request-ID"],
        max_age=3600,
    )
