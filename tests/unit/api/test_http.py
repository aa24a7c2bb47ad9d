"""What holds for every request, and the shapes of answers, over ports in memory."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import fields, replace
from typing import Any

import httpx
import pytest
from tests.unit.api.memory_api import PASSWORD, MemoryApi, open_api

from carrete.api import middleware, present, schemas
from carrete.api.errors import CODES, code_of
from carrete.api.middleware import MAX_BODY, MAX_HEADERS
from carrete.api.problems import PROBLEMS
from carrete.api.state import COOKIE
from carrete.domain.failures import FailureCode, LeaseLostError, TransientError
from carrete.domain.ids import new_id
from carrete.domain.video import Video, VideoState


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text
    problem: dict[str, Any] = answer.json()
    schemas.Problem.model_validate(problem)
    assert problem["code"] == code
    assert problem["type"] == f"urn:carrete:problem:{code}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


async def test_every_answer_protects_and_is_not_kept(api: MemoryApi) -> None:
    for path in ("/healthz", "/nowhere", "/api/me"):
        headers = (await api.anyone.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]


@pytest.mark.parametrize("good", ["abc", "A.b_c-1", "x" * 64])
async def test_a_clients_request_id_is_kept(api: MemoryApi, good: str) -> None:
    answer = await api.anyone.get("/healthz", headers={"X-Request-ID": good})
    assert answer.headers["x-request-id"] == good


@pytest.mark.parametrize("bad", [b"", b"x" * 65, b"a b", b'a"b', b"\xf1"])
async def test_a_bad_request_id_is_replaced(api: MemoryApi, bad: bytes) -> None:
    answer = await api.anyone.get("/healthz", headers={b"X-Request-ID": bad})
    assert len(answer.headers["x-request-id"]) == 32


async def test_an_unknown_path_is_not_found(api: MemoryApi) -> None:
    assert_problem(await api.anyone.get("/nowhere"), 404, "not_found")
    assert_problem(await api.anyone.get("/api/videos/"), 404, "not_found")


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(
    api: MemoryApi,
) -> None:
    answer = await api.anyone.put(f"/api/videos/{new_id()}")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


async def test_options_says_what_a_path_can_do(api: MemoryApi) -> None:
    answer = await api.anyone.options("/api/videos")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_head_has_the_headers_of_get_and_no_body(api: MemoryApi) -> None:
    ana = await api.account()
    for path in ("/healthz", "/api/videos", f"/api/videos/{new_id()}", "/api/openapi.json"):
        get, head = await ana.get(path), await ana.head(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["content-length"] == str(len(get.content))
    answer = await asyncio.wait_for(ana.head("/api/events"), 5)
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_a_body_that_says_that_it_is_too_long_is_not_read(api: MemoryApi) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        sent += 1
        yield b"{}"

    headers = {"content-type": "application/json", "content-length": str(MAX_BODY + 1)}
    answer = await api.anyone.post("/api/auth/login", content=body(), headers=headers)
    assert_problem(answer, 413, "too_large")
    assert sent == 0


async def test_a_body_that_turns_out_too_long_is_cut_off(api: MemoryApi) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_BODY:
            sent += 65536
            yield b" " * 65536

    headers = {"content-type": "application/json"}
    answer = await api.anyone.post("/api/auth/login", content=endless(), headers=headers)
    assert_problem(answer, 413, "too_large")
    assert sent <= MAX_BODY + 2 * 65536


async def test_a_body_that_does_not_come_is_not_waited_for(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_S", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(10)

    headers = {"content-type": "application/json"}
    answer = await api.anyone.post("/api/auth/login", content=slow(), headers=headers)
    assert_problem(answer, 408, "timeout")


async def test_a_client_that_takes_nothing_is_given_up(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    monkeypatch.setattr(middleware, "SEND_S", 0.05)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/healthz",
        "raw_path": b"/healthz",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
        "server": ("api", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def stuck(_message: MutableMapping[str, Any]) -> None:
        await asyncio.Event().wait()

    await asyncio.wait_for(api.app(scope, receive, stuck), 5)
    assert "a client was given up" in [line["event"] for line in logged]


async def test_long_headers_and_addresses_are_refused(api: MemoryApi) -> None:
    answer = await api.anyone.get("/healthz", headers={"x-long": "x" * MAX_HEADERS})
    assert_problem(answer, 431, "headers_too_large")
    assert_problem(await api.anyone.get("/healthz?" + "x" * 9000), 431, "headers_too_large")


@pytest.mark.parametrize(
    ("content", "media_type", "field"),
    [
        (b"{", "application/json", "body"),
        (b"\xff\xfe", "application/json", "body"),
        (b"[]", "application/json", "body"),
        (b'{"email": "a@b.c"}', "application/json", "password"),
        (b'{"email": 1, "password": "x"}', "application/json", "email"),
        (b'{"email": "\\ud800", "password": "x"}', "application/json", "email"),
        (b'{"email": "a@b.c", "password": "x", "x": 1}', "application/json", "x"),
        (b'{"email": "a@b.c", "password": "x"}', "text/plain", "body"),
        (b'{"email": "a@b.c", "password": "x"}', "", "body"),
    ],
)
async def test_a_bad_body_is_refused_with_its_fields(
    api: MemoryApi, content: bytes, media_type: str, field: str
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = await api.anyone.post("/api/auth/login", content=content, headers=headers)
    problem = assert_problem(answer, 422, "invalid_request")
    if "errors" in problem:
        assert field in {error["field"] for error in problem["errors"]}


async def test_a_refusal_does_not_repeat_what_was_typed(api: MemoryApi) -> None:
    body = {"email": "ana@example.com", "password": "s3cret"}
    answer = await api.anyone.post("/api/auth/register", json=body)
    assert_problem(answer, 422, "invalid_request")
    assert "s3cret" not in answer.text


async def test_an_address_that_is_none_is_named_as_the_field(api: MemoryApi) -> None:
    answer = await api.anyone.post(
        "/api/auth/register", json={"email": "not one", "password": PASSWORD}
    )
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["email"]


async def test_a_bug_answers_500_and_tells_nothing(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await api.account()

    async def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("s3cret internals")

    monkeypatch.setattr(api.store, "videos", broken)
    answer = await ana.get("/api/videos")
    assert_problem(answer, 500, "internal_error")
    assert "s3cret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_error_that_no_client_should_meet_is_a_bug(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await api.account()

    async def lost(*_args: object, **_more: object) -> None:
        raise LeaseLostError("lost")

    monkeypatch.setattr(api.store, "videos", lost)
    assert_problem(await ana.get("/api/videos"), 500, "internal_error")


async def test_a_service_out_of_reach_answers_503_and_when_to_come_back(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await api.account()

    async def away(*_args: object, **_more: object) -> None:
        raise TransientError("db.internal:5432 refused")

    monkeypatch.setattr(api.store, "videos", away)
    answer = await ana.get("/api/videos")
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert "db.internal" not in answer.text


async def test_each_request_is_logged_with_its_ids_and_no_secret(
    api: MemoryApi, logged: list[MutableMapping[str, Any]]
) -> None:
    ana = await api.account()
    made = await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
    video, owner = made.json()["video"]["id"], (await ana.get("/api/me")).json()["id"]
    await ana.get(f"/api/videos/{video}/upload?X-Amz-Signature=s3cret")
    line = logged[-1]
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert (line["account_id"], line["video_id"]) == (owner, video)
    assert line["route"] == "/api/videos/{video_id}/upload"
    assert line["request_id"]
    text = repr(logged)
    assert "s3cret" not in text
    assert PASSWORD not in text
    assert ana.headers["authorization"].removeprefix("Bearer ") not in text


async def test_readiness_names_what_is_missing_and_not_why(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise TransientError("bucket.internal refused")

    monkeypatch.setattr(api.objects, "check", away)
    answer = await api.anyone.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "objects": "unavailable", "queue": "ok"},
    }
    assert (await api.anyone.get("/healthz")).json() == {"status": "ok"}


async def test_metrics_count_by_route_and_show_the_queue(api: MemoryApi) -> None:
    ana = await api.account()
    await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
    await ana.get(f"/api/videos/{new_id()}")
    await ana.get("/some/scanner/path")
    text = (await api.anyone.get("/metrics")).text
    line = 'carrete_http_requests_total{method="GET",route="/api/videos/{video_id}",status="404"}'
    assert f"{line} 1.0" in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert "scanner" not in text
    assert 'carrete_videos{state="uploading"} 1.0' in text


async def test_signing_out_is_felt_at_once(api: MemoryApi) -> None:
    ana = await api.account()
    assert (await ana.get("/api/me")).status_code == 200
    assert (await ana.post("/api/auth/logout")).status_code == 204
    answer = await ana.get("/api/me")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 300, "Bearer unknown"]
)
async def test_a_bad_token_opens_nothing(api: MemoryApi, header: str) -> None:
    answer = await api.anyone.get("/api/me", headers={"Authorization": header})
    assert_problem(answer, 401, "unauthenticated")


async def test_a_page_of_another_site_can_change_nothing_with_the_cookie(api: MemoryApi) -> None:
    await api.anyone.post(
        "/api/auth/register", json={"email": "ana@example.com", "password": PASSWORD}
    )
    assert api.anyone.cookies[COOKIE]
    new = {"name": "a.mp4", "size_bytes": 5}
    assert (await api.anyone.get("/api/videos")).status_code == 200
    assert_problem(await api.anyone.post("/api/videos", json=new), 403, "csrf")
    assert not api.store.rows
    ours = {"X-Carrete-Client": "web"}
    assert (await api.anyone.post("/api/videos", json=new, headers=ours)).status_code == 201


@pytest.mark.parametrize("secure", [True, False])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(secure: bool) -> None:  # noqa: FBT001
    async with open_api(cookie_secure=secure) as api:
        body = {"email": "ana@example.com", "password": PASSWORD}
        answer = await api.anyone.post("/api/auth/register", json=body)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert ("Secure" in cookie) is secure


async def test_only_the_configured_site_may_use_the_api_from_a_page() -> None:
    async with open_api(site_origin="https://videos.example.com") as api:
        ask = {"Access-Control-Request-Method": "POST", "Origin": "https://videos.example.com"}
        good = await api.anyone.options("/api/videos", headers=ask)
        assert good.headers["access-control-allow-origin"] == "https://videos.example.com"
        bad = await api.anyone.options(
            "/api/videos", headers=ask | {"Origin": "https://evil.example"}
        )
        assert "access-control-allow-origin" not in bad.headers


async def test_without_a_configured_site_no_page_may(api: MemoryApi) -> None:
    ask = {"Access-Control-Request-Method": "POST", "Origin": "https://evil.example"}
    answer = await api.anyone.options("/api/videos", headers=ask)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_too_many_streams_are_refused(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await api.account()
    monkeypatch.setattr("carrete.api.hub.MAX_STREAMS", 0)
    answer = await ana.get("/api/events")
    assert_problem(answer, 429, "too_many_streams")
    assert answer.headers["retry-after"]


async def test_another_owners_video_can_not_be_watched(api: MemoryApi) -> None:
    ana, bob = await api.account("ana"), await api.account("bob")
    made = await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
    answer = await bob.get(f"/api/events?video_id={made.json()['video']['id']}")
    assert_problem(answer, 404, "not_found")


def test_every_error_has_a_code_that_is_declared() -> None:
    assert set(CODES.values()) <= set(PROBLEMS)
    for kind, code in CODES.items():
        assert code_of(kind.__new__(kind)) == code


def sample(**changes: Any) -> Video:
    example = {name: schemas.VIDEO_EXAMPLE.get(name) for name in (f.name for f in fields(Video))}
    read = schemas.Video.model_validate(schemas.VIDEO_EXAMPLE)
    kept = {name: getattr(read, name, value) for name, value in example.items()}
    made = Video(
        **kept | {"owner_id": new_id(), "part_size": 8, "updated_at": read.created_at}  # type: ignore[arg-type]
    )
    return replace(made, warnings=("odd",), **changes)


@pytest.mark.parametrize("failure", [None, *FailureCode])
@pytest.mark.parametrize("state", list(VideoState))
def test_a_video_is_presented_exactly_as_described(
    failure: FailureCode | None, state: VideoState
) -> None:
    body = present.answer(present.video(sample(failure=failure, state=state))).body
    strict = schemas.Video.model_validate_json(bytes(body), strict=False, extra="forbid")
    assert (strict.failure.code if strict.failure else None) == failure
    assert strict.state == state


def test_what_is_not_a_number_is_not_presented_as_one() -> None:
    body = present.answer(present.video(sample(frame_rate=float("nan")))).body
    assert b"NaN" not in bytes(body)
