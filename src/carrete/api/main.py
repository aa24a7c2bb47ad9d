"""The API's process: uvicorn, started from the program and stopped in good order."""

import resource
import signal
import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from carrete.api.app import create_app
from carrete.api.state import Api
from carrete.config import Settings
from carrete.log import configure_logging
from carrete.tracing import tracing

STOP_S = 10
"""Seconds that requests in work get when the process is told to stop."""

MAX_CONNECTIONS = 10_000
SPARE_FILES = 500
"""Files that are no connections of clients: pools, logs, the page."""

KEEP_ALIVE_S = 65
"""Longer than the 60 s of an AWS load balancer or nginx, which must be the one that closes: else
it sends a request into a connection that is just going away."""


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SystemExit: 1 when it could not start (the log says why), 0 after a signal.
    """
    configure_logging(settings.log_level, json=settings.log_json)
    _allow_connections()
    # uvicorn stops in good order and then raises the signal again, for whoever listened before.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    with tracing(settings.otlp_endpoint, "carrete-api", settings.trace_sample):
        make_server(settings).run()


def make_server(settings: Settings) -> "ApiServer":
    """A server that is ready to run."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        # Ours has the request's ids and no query strings.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )
    return ApiServer(config, app)


class ApiServer(uvicorn.Server):
    """uvicorn's server, which ends event streams before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, end streams, finish what is in work, close."""
        api: Api = self._app.state.api
        api.hub.close()
        await super().shutdown(sockets)


def _allow_connections() -> None:
    """Let the process open as many files as it takes connections, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
