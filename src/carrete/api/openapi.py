"""The OpenAPI 3.1 document: what FastAPI can't know by itself."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from carrete import __version__
from carrete.api import schemas
from carrete.api.problems import problem_docs

DESCRIPTION = """
Upload videos, follow their processing live, download the results.

* Errors are problem details (RFC 9457) with a stable `code`.
* Sign in with `POST /api/auth/login`; send the token as `Authorization: Bearer …`. The web page
  uses the cookie of the same answer; requests with the cookie that change something must also
  carry the header `X-Carrete-Client`.
* No video byte passes through this API: parts are PUT to presigned URLs, files are read from them.
"""
TAGS = [
    {"name": "accounts", "description": "Registering and signing in"},
    {"name": "uploads", "description": "Sending a file in parts, straight to S3, resumable"},
    {"name": "videos", "description": "Videos and their processing"},
    {"name": "downloads", "description": "Links to stored files"},
    {"name": "streams", "description": "Playlists that grow while the video is made"},
    {"name": "shares", "description": "Links with which people without an account watch a video"},
    {"name": "events", "description": "What happens, as it happens"},
    {"name": "operator", "description": "For admins; for everybody else it is not there"},
    {"name": "system", "description": "For load balancers and operators"},
]
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of `POST /api/auth/login`",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "carrete_session",
        "description": "Set by `POST /api/auth/login`; changing requests also need the header"
        " `X-Carrete-Client` with any value",
    },
}


def operation(
    operation_id: str,
    summary: str,
    tag: str,
    *,
    status: int = 200,
    model: Any = None,
    codes: tuple[str, ...] = (),
    public: bool = False,
    changes: bool = False,
    responses: dict[int | str, dict[str, Any]] | None = None,
    statuses: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Keyword arguments for ``add_api_route`` that document an operation in full.

    Args:
        operation_id: what generated clients call it.
        summary: one line.
        tag: one of ``TAGS``.
        status: of success.
        model: the schema of success.
        codes: problems that are its own, beside those that all have.
        public: whether it works without a session.
        changes: whether it changes something, and so is guarded against other sites' pages.
        responses: further successes.
        statuses: of problems that have another one here than usual.
    """
    common = ["headers_too_large", "internal_error", "unavailable"]
    common += [] if tag == "system" else ["rate_limited"]
    common += ["invalid_request"] if changes or not public else []
    common += [] if public else ["unauthenticated"]
    common += ["csrf"] if changes and not public else []
    common += ["too_large", "timeout"] if changes else []
    every = tuple(dict.fromkeys((*codes, *common)))
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "status_code": status,
        "response_model": model,
        "responses": problem_docs(every, statuses) | (responses or {}),
        "openapi_extra": {"security": [] if public else [{"bearer": []}, {"session": []}]},
    }


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """A function that makes the document once and then returns the same."""

    def make() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _make(app)
        return app.openapi_schema

    return make


def _make(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Carrete",
        version=__version__,
        openapi_version="3.1.0",
        summary="Video processing",
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
    )
    unseen = (schemas.Problem, schemas.Event, schemas.Hello)
    _, shared = models_json_schema(
        [(model, "serialization") for model in unseen],
        ref_template="#/components/schemas/{model}",
    )
    components = made.setdefault("components", {})
    components["schemas"] = dict(sorted((components.get("schemas", {}) | shared["$defs"]).items()))
    components["securitySchemes"] = SECURITY_SCHEMES
    return made
