"""Nobody reaches what is another's, over every operation of the OpenAPI document.

The calls are made from the document, so that a new operation can't be forgotten: one that the
generator does not know how to call fails the test.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.conftest import Aws
from tests.integration.api.problems import assert_problem
from tests.integration.api.published import plan
from tests.integration.api.serving import DATA, Client, Service, serve, settings_for

from carrete.api.app import create_app
from carrete.config import load_settings
from carrete.domain.account import Role
from carrete.domain.quota import OwnQuota, Usage

pytestmark = pytest.mark.e2e

ADMIN = {
    "readOverview",
    "readHistory",
    "listDeadLetters",
    "redriveDeadLetters",
    "listUsers",
    "changeUser",
}
"""Operations of admins, who see everybody's: for others there is nothing."""

SHARED = {
    "readShared",
    "unlockShared",
    "readSharedMasterPlaylist",
    "readSharedMediaPlaylist",
    "readSharedStoryboard",
    "readSharedPoster",
    "downloadShared",
}
"""Operations of whoever has a link: its token lets in, for one video and only to watch."""

PUBLIC = {"register", "login", "health", "readiness", "metrics"} | SHARED
"""Operations that work without a session. Whoever adds one decides it here."""

PATH_VALUES = {"kind": ("original", "processed"), "track": (plan().top.name, "audio")}
"""What parameters of paths, other than the video's id, may be: all of it is tried."""

OPEN_SHARE = {"allow_download": True}

SELECTIONS = {"deleteVideos"}
"""Operations on many videos: to those that are not one's own they do nothing, and say so."""

STREAM = "text/event-stream"


Things = dict[str, str]
"""What belongs to somebody, by the name of the parameter that names it: ``video_id`` and so on."""

OWNED = ("video_id", "session_id", "share_id", "token", "user_id")


@dataclass(frozen=True)
class Call:
    """One way to call an operation.

    Attributes:
        path: where what it names of somebody's is still missing, as ``{video_id}``.
        body: the same.
        about: what it names: keys of ``Things``.
    """

    operation_id: str
    method: str
    path: str
    body: Any
    about: frozenset[str]
    streams: bool

    async def send(self, http: httpx.AsyncClient, things: Things | None = None) -> httpx.Response:
        # An event stream lasts; its headers are what is looked at.
        method = "HEAD" if self.streams else self.method
        url, body = self.path, json.dumps(self.body)
        for name, value in (things or {}).items():
            url = url.replace(f"{{{name}}}", value)
            body = body.replace(f"{{{name}}}", value)
        return await http.request(method, url, json=json.loads(body))


class UnknownOperationError(Exception):
    """The generator has to be taught how to call something new."""


def calls(document: dict[str, Any]) -> Iterator[Call]:
    """Every operation of the document, in every variant."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for variant in variants(path, operation):
                body = body_of(document, operation)
                yield Call(
                    operation_id=operation["operationId"],
                    method=method.upper(),
                    path=variant,
                    body=body,
                    about=frozenset(
                        name for name in OWNED if f"{{{name}}}" in variant + json.dumps(body)
                    ),
                    streams=STREAM in operation["responses"].get("200", {}).get("content", {}),
                )


def variants(path: str, operation: dict[str, Any]) -> list[str]:
    """The path with its parameters filled in, but for the video's id."""
    name = operation["operationId"]
    paths = [path]
    for parameter in operation.get("parameters", []):
        match parameter["in"], parameter["name"]:
            case "path", owned if owned in OWNED:
                pass
            case "path", other if other in PATH_VALUES:
                values = PATH_VALUES[other]
                paths = [one.replace(f"{{{other}}}", value) for one in paths for value in values]
            case "query", "video_id":
                paths = [f"{one}?video_id={{video_id}}" for one in paths] + paths
            case _, other if parameter.get("required") or is_reference(other):
                raise UnknownOperationError(f"{name}: parameter {other}")
    return paths


def body_of(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """The body's first example, with the video's id where it names videos."""
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    while "examples" not in schema:
        reference = schema.get("$ref") or next(
            (arm["$ref"] for arm in schema.get("anyOf", []) if "$ref" in arm), None
        )
        if reference is None:
            raise UnknownOperationError(f"{operation['operationId']}: a body without an example")
        schema = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    for name in schema.get("properties", {}):
        if is_reference(name) and (operation["operationId"], name) != ("deleteVideos", "ids"):
            raise UnknownOperationError(f"{operation['operationId']}: field {name}")
    example = schema["examples"][0]
    return {**example, "ids": ["{video_id}"]} if "ids" in example else example


def is_reference(name: str) -> bool:
    """Whether a field may name something that belongs to somebody."""
    owned = name in {"id", "ids"} or name.endswith(("_id", "_ids"))
    return owned and name not in {"last_event_id", "request_id"}


@pytest.fixture
async def service(database_url: str, aws: Aws) -> AsyncIterator[Service]:
    async with serve(settings_for(database_url, aws, signin_limit=1000)) as running:
        yield running


@pytest.fixture
async def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await (await service.client()).get("/api/openapi.json")).json()
    return found


async def ready_video(service: Service, owner: Client) -> str:
    video = await owner.upload("secret film.mp4")
    await service.finish(owner.id, video["id"])
    return str(video["id"])


async def uploading_video(owner: Client) -> str:
    """A video of one part, which is the one that examples are signed for, and is stored."""
    video = (await owner.create("secret upload.mp4"))["video"]["id"]
    assert (await owner.send(video, 1, DATA)).status_code == 200
    return str(video)


async def owned(service: Service, owner: Client, video_id: str) -> Things:
    """What an owner has besides videos: another session, and a link to one of them."""
    share = (await owner.http.post(f"/api/videos/{video_id}/shares", json=OPEN_SHARE)).json()
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    session = await service.container.accounts.open_session(
        owner.id, secrets.token_bytes(32), "", expires_at
    )
    return {
        "session_id": str(session.id),
        "share_id": share["id"],
        "token": share["token"],
        "user_id": str(owner.id),
    }


async def everything(service: Service, owner: Client, video_ids: list[str]) -> Any:
    """All that is stored about an owner's videos, in every store."""
    objects = service.container.objects
    return {
        "list": (await owner.http.get("/api/videos")).json(),
        "tasks": [(await owner.http.get(f"/api/videos/{v}/tasks")).json() for v in video_ids],
        "shares": [(await owner.http.get(f"/api/videos/{v}/shares")).json() for v in video_ids],
        "sessions": len(await service.container.accounts.sessions(owner.id)),
        "events": await service.container.events.events(owner.id, 0, 1000),
        "objects": [item async for item in objects.list("")],
        "uploads": [item async for item in objects.list_uploads("")],
        "counts": (await service.container.maintenance.counts()).videos,
    }


async def test_another_user_finds_no_video_and_changes_nothing(
    service: Service, document: dict[str, Any]
) -> None:
    ana, bob = await service.account("ana"), await service.account("bob")
    ready = await ready_video(service, ana)
    uploading = await uploading_video(ana)
    queued = (await ana.upload("secret queue.mp4"))["id"]
    videos = [ready, uploading, queued]
    about = [call for call in calls(document) if call.about and call.operation_id not in SHARED]
    assert len(about) >= 20
    things = await owned(service, ana, ready)
    before = await everything(service, ana, videos)
    for call in about:
        for video in videos:
            answer = await call.send(bob.http, things | {"video_id": video})
            if call.operation_id in SELECTIONS:
                assert answer.json() == {"deleted": 0}, call
            elif call.streams:
                assert answer.status_code == 404, call
            else:
                assert_problem(answer, 404, "not_found")
            assert "secret" not in answer.text
    assert await everything(service, ana, videos) == before


async def test_the_same_calls_work_for_the_owner(
    service: Service, document: dict[str, Any]
) -> None:
    """Else the 404 of a stranger would prove nothing."""
    ana = await service.account("ana")
    for call in calls(document):
        if call.about and call.operation_id not in SHARED | ADMIN:
            videos = [
                await ready_video(service, ana),
                await uploading_video(ana),
                (await ana.upload())["id"],
            ]
            answers = []
            for video in videos:
                # an account keeps so many sessions: no more are opened than are needed
                others = await owned(service, ana, video) if call.about - {"video_id"} else {}
                answers.append(await call.send(ana.http, others | {"video_id": video}))
            assert min(answer.status_code for answer in answers) < 400, call
            # The queue must be empty again, so that the next video is the next to be claimed.
            while (claim := await service.container.jobs.claim("test", 30)) is not None:
                await service.container.jobs.acknowledge(claim.task)


async def test_nothing_of_another_user_is_in_any_answer(
    service: Service, document: dict[str, Any]
) -> None:
    ana, bob = await service.account("ana"), await service.account("bob")
    private = {await ready_video(service, ana), "secret", str(ana.id), ana.account["email"]}
    for call in calls(document):
        if call.method == "GET" and not call.about and call.operation_id not in ADMIN:
            answer = await call.send(bob.http)
            assert answer.status_code == 200, call
            assert not [one for one in private if one in answer.text], call


async def test_without_a_session_only_the_public_operations_answer(
    service: Service, document: dict[str, Any]
) -> None:
    ana, nobody = await service.account("ana"), await service.client()
    videos = [await ready_video(service, ana)]
    things = await owned(service, ana, videos[0]) | {"video_id": videos[0]}
    before = await everything(service, ana, videos)
    for call in calls(document):
        if call.operation_id not in PUBLIC:
            for headers in ({}, {"Authorization": "Bearer guess"}, {"Cookie": "carrete_session=x"}):
                nobody.headers.update(headers | {"X-Carrete-Client": "test"})
                answer = await call.send(nobody, things)
                assert answer.status_code == 401, (call, headers)
                for name in headers:
                    del nobody.headers[name]
    assert await everything(service, ana, videos) == before


async def test_what_admins_see_is_not_there_for_anybody_else(
    service: Service, document: dict[str, Any]
) -> None:
    ana, bob = await service.account("ana"), await service.account("bob")
    user = {"user_id": str(ana.id)}
    found = [call for call in calls(document) if "/admin/" in call.path]
    assert {call.operation_id for call in found} == ADMIN
    for call in found:
        # also of oneself
        for who in (ana, bob):
            assert_problem(await call.send(who.http, user), 404, "not_found")
    used, own = await service.container.accounts.usage(ana.id)
    assert (used, own) == (Usage(), OwnQuota())
    admin = await service.account("admin")
    await service.container.accounts.set_role(admin.account["email"], Role.ADMIN)
    again = await service.client(authorization=admin.http.headers["authorization"])
    async with asyncio.timeout(10):
        while (await again.get("/api/me")).json()["role"] != "admin":
            await asyncio.sleep(0.1)
    for call in found:
        answer = await call.send(again, user)
        assert answer.status_code == 200, (call, answer.text)


async def test_a_link_leads_to_one_video_for_whoever_has_it_until_it_ends(
    service: Service, document: dict[str, Any]
) -> None:
    ana, nobody = await service.account("ana"), await service.client()
    video, other = await ready_video(service, ana), await ready_video(service, ana)
    things = await owned(service, ana, video)
    shared = [call for call in calls(document) if call.operation_id in SHARED]
    assert {call.operation_id for call in shared} == SHARED
    for call in shared:
        answer = await call.send(nobody, things)
        if call.operation_id == "unlockShared":
            # the link has no password, so none fits
            assert_problem(answer, 403, "wrong_credentials")
        else:
            assert answer.status_code < 400, (call, answer.text)
        assert other not in answer.text
        for private in (ana.account["email"], "input/"):
            assert private not in answer.text
        assert_problem(await call.send(nobody, {"token": "A" * 22}), 404, "not_found")
        assert_problem(await call.send(nobody, {"token": "%00"}), 404, "not_found")
    unlisted = things | {"token": (await owned(service, ana, other))["token"]}
    assert (await ana.http.delete(f"/api/videos/{other}")).status_code == 202
    path = f"/api/videos/{video}/shares/{things['share_id']}"
    assert (await ana.http.delete(path)).status_code == 204
    for call in shared:
        for ended in (things, unlisted):
            assert_problem(await call.send(nobody, ended), 404, "not_found")


async def test_the_document_says_which_operations_are_public(document: dict[str, Any]) -> None:
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert {o["operationId"] for o in operations if not o["security"]} == PUBLIC


def test_every_route_is_in_the_document() -> None:
    settings = load_settings(
        database_url="postgresql+psycopg://unused/unused",
        s3_bucket="unused",
        sqs_queue_url="unused",
        sqs_dlq_url="unused",
    )
    app = create_app(settings)
    documented = {
        (path, method.upper())
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    served = {
        (str(getattr(route, "path", route)), method)
        for route in app.routes
        for method in getattr(route, "methods", {"?"})
    }
    assert served - documented == {("/api/openapi.json", "GET"), ("/api/openapi.json", "HEAD")}


@pytest.mark.parametrize(
    "operation",
    [
        {"parameters": [{"in": "path", "name": "album_id", "required": True}]},
        {"parameters": [{"in": "query", "name": "owner_id"}]},
        {"parameters": [{"in": "header", "name": "X-New", "required": True}]},
        {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}},
        {
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {"properties": {"video_ids": {}}, "examples": [{}]}
                    }
                }
            }
        },
    ],
)
def test_an_operation_of_a_new_kind_must_be_taught_to_this_test(
    operation: dict[str, Any],
) -> None:
    document = {"paths": {"/new": {"post": {"operationId": "new", "responses": {}} | operation}}}
    with pytest.raises(UnknownOperationError):
        list(calls(document))


async def test_a_link_for_one_part_stores_no_other(service: Service) -> None:
    """A presigned URL is a right that its holder has: it must be as narrow as can be."""
    ana = await service.account("ana")
    video = (await ana.create())["video"]["id"]
    digest = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    answer = await ana.http.post(
        f"/api/videos/{video}/upload/parts", json={"parts": [{"number": 1, "sha256": digest}]}
    )
    url = answer.json()["parts"][0]["url"]
    # LocalStack checks no signature; that each of these is signed is what can be seen here.
    signed = httpx.URL(url).params["X-Amz-SignedHeaders"].split(";")
    assert {"host", "content-length", "x-amz-checksum-sha256"} <= set(signed)
    assert f"/{ana.id}/{video}/" in url
