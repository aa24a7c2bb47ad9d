"""For load balancers and operators."""

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import ApiDep


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/healthz",
        health,
        methods=["GET"],
        **operation("health", "Is the process alive", "system", model=schemas.Health, public=True),
    )
    app.add_api_route(
        "/readyz",
        readiness,
        methods=["GET"],
        **operation(
            "readiness",
            "Can it serve",
            "system",
            model=schemas.Readiness,
            public=True,
            responses={503: {"model": schemas.Readiness, "description": "Something is missing"}},
        ),
    )
    app.add_api_route(
        "/metrics",
        metrics,
        methods=["GET"],
        **operation(
            "metrics",
            "Prometheus metrics",
            "system",
            public=True,
            responses={
                200: {
                    "description": "Prometheus text",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                }
            },
        ),
    )


async def health() -> Response:
    """The process runs and answers; nothing else is looked at."""
    return present.answer({"status": "ok"})


async def readiness(api: ApiDep) -> Response:
    """Whether the database, the bucket and the queues answer."""
    checks = await api.probes.ready()
    good = all(result == "ok" for result in checks.values())
    body = {"status": "ok" if good else "unavailable", "checks": checks}
    return present.answer(body, 200 if good else 503)


async def metrics(request: Request, api: ApiDep) -> Response:
    """Figures of this process, and of the queue as the database has it."""
    await api.probes.refresh_counts()
    return Response(
        generate_latest(request.app.state.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
