"""Videos and accounts over HTTP and real stores."""

import asyncio
import base64
import json
from uuid import UUID

import httpx
import pytest
from tests.conftest import Aws
from tests.integration.api.problems import assert_problem
from tests.integration.api.serving import PASSWORD, Client, Service, serve, settings_for

from carrete.domain.failures import FailureCode
from carrete.usecases.accounts import token_hash


async def test_a_list_is_paged_and_filtered(ana: Client) -> None:
    made = [(await ana.create(f"{n}.mp4"))["video"]["id"] for n in range(5)]
    queued = (await ana.upload())["id"]
    first = (await ana.http.get("/api/videos?limit=4")).json()
    rest = (await ana.http.get(f"/api/videos?limit=4&cursor={first['next_cursor']}")).json()
    ids = [video["id"] for video in first["items"] + rest["items"]]
    assert ids == [queued, *reversed(made)]
    assert rest["next_cursor"] is None
    only = (await ana.http.get("/api/videos?state=queued&state=ready")).json()
    assert [video["id"] for video in only["items"]] == [queued]


async def test_a_list_is_searched_and_sorted_and_its_cursor_keeps_to_its_order(
    ana: Client,
) -> None:
    for name, size in (("Boda.mp4", 30), ("playa.mp4", 10), ("BODA 2.mp4", 20)):
        await ana.create(name, size)
    first = (await ana.http.get("/api/videos?q=boda&sort=-size_bytes&limit=1")).json()
    assert [video["name"] for video in first["items"]] == ["Boda.mp4"]
    cursor = first["next_cursor"]
    rest = await ana.http.get(f"/api/videos?q=boda&sort=-size_bytes&limit=1&cursor={cursor}")
    assert [video["name"] for video in rest.json()["items"]] == ["BODA 2.mp4"]
    assert rest.json()["next_cursor"] is None
    other = await ana.http.get(f"/api/videos?sort=name&cursor={cursor}")
    assert_problem(other, 422, "invalid_request")
    counted = (await ana.http.get("/api/videos/summary?q=boda")).json()
    assert counted == {"states": {"uploading": 2}}


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("name", "\x00"),
        ("name", "\ud800"),
        ("name", 1),
        ("size_bytes", 2**63),
        ("size_bytes", "1"),
        ("size_bytes", -1),
        ("duration_s", float("nan")),
        ("duration_s", float("inf")),
        ("-created_at", 0),
        ("size_bytes", [[]]),
    ],
)
async def test_a_made_up_cursor_is_refused(ana: Client, sort: str, value: object) -> None:
    text = json.dumps([sort, value, "0" * 32]).encode()
    cursor = base64.urlsafe_b64encode(text).decode().rstrip("=")
    answer = await ana.http.get("/api/videos", params={"sort": sort, "cursor": cursor})
    assert_problem(answer, 422, "invalid_request")


async def test_a_selection_is_deleted_at_once(ana: Client) -> None:
    ids = [(await ana.create(f"{n}.mp4"))["video"]["id"] for n in range(3)]
    answer = await ana.http.post("/api/videos/delete", json={"ids": ids[:2]})
    assert (answer.status_code, answer.json()) == (202, {"deleted": 2})
    left = (await ana.http.get("/api/videos")).json()["items"]
    assert [video["id"] for video in left] == ids[2:]
    for bad in ([], [ids[2]] * 201, ["x"]):
        refused = await ana.http.post("/api/videos/delete", json={"ids": bad})
        assert_problem(refused, 422, "invalid_request")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "cursor=x", "state=sleeping", "sort=owner_id", "q=%00"]
)
async def test_a_bad_query_is_refused(ana: Client, query: str) -> None:
    assert_problem(await ana.http.get(f"/api/videos?{query}"), 422, "invalid_request")


async def test_a_video_goes_through_all_that_its_owner_may_do(own_service: Service) -> None:
    ana = await own_service.account("ana")
    video = await ana.upload("Boda.MOV")
    url = f"/api/videos/{video['id']}"
    assert_problem(await ana.http.get(f"{url}/download/processed"), 409, "invalid_state")
    assert_problem(await ana.http.get(f"{url}/poster"), 404, "not_found")
    assert_problem(await ana.http.post(f"{url}/reprocess"), 409, "invalid_state")
    canceled = await ana.http.post(f"{url}/cancel")
    assert canceled.json()["state"] == "canceled"
    again = await ana.http.post(f"{url}/reprocess", json={"profile": "h264+av1"})
    assert (again.status_code, again.json()["profile"]) == (202, "h264+av1")
    renamed = await ana.http.patch(url, json={"name": "Boda de Ana.MOV"})
    assert renamed.json()["name"] == "Boda de Ana.MOV"
    await own_service.finish(ana.id, video["id"])
    ready = (await ana.http.get(url)).json()
    assert (ready["state"], ready["progress"]) == ("ready", 1.0)
    link = (await ana.http.get(f"{url}/download/processed?redirect=false")).json()
    assert link["filename"] == "Boda de Ana.mp4"
    assert (await ana.http.get(f"{url}/poster")).status_code == 307
    assert_problem(await ana.http.post(f"{url}/cancel"), 409, "invalid_state")
    gone = await ana.http.delete(url)
    assert (gone.status_code, gone.json()) == (202, {"state": "deleting"})
    assert_problem(await ana.http.get(url), 404, "not_found")
    assert_problem(await ana.http.delete(url), 404, "not_found")
    assert (await ana.http.get("/api/videos")).json()["items"] == []


async def test_a_failure_is_told_in_both_languages(own_service: Service) -> None:
    ana = await own_service.account("ana")
    video = await ana.upload()
    claim = await own_service.container.jobs.claim("test", 30)
    assert claim is not None
    await own_service.container.jobs.reject(claim.task, FailureCode.NOT_A_VIDEO, "text")
    shown = (await ana.http.get(f"/api/videos/{video['id']}")).json()
    assert shown["state"] == "failed"
    assert shown["failure"]["code"] == "not_a_video"
    assert set(shown["failure"]["message"]) == {"en", "es"}


async def test_an_account_is_made_signed_in_and_out(service: Service) -> None:
    http = await service.client()
    body = {"email": "Ana.Lee@Example.com", "password": PASSWORD}
    assert (await http.post("/api/auth/register", json=body)).status_code == 201
    assert_problem(await http.post("/api/auth/register", json=body), 409, "email_taken")
    wrong = await http.post("/api/auth/login", json=body | {"password": "guess"})
    assert_problem(wrong, 401, "wrong_credentials")
    http.cookies.clear()
    answer = await http.post("/api/auth/login", json=body)
    assert answer.json()["account"]["email"] == "ana.lee@example.com"
    assert (await http.get("/api/me")).json() == answer.json()["account"]
    assert_problem(await http.post("/api/auth/logout"), 403, "csrf")
    left = await http.post("/api/auth/logout", headers={"X-Carrete-Client": "web"})
    assert left.status_code == 204
    assert "carrete_session" not in http.cookies
    token = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert_problem(await http.get("/api/me", headers=token), 401, "unauthenticated")


async def test_a_session_that_was_ended_elsewhere_is_soon_not_honoured_any_more(
    service: Service, ana: Client
) -> None:
    token = ana.http.headers["authorization"].removeprefix("Bearer ")
    assert (await ana.http.get("/api/me")).status_code == 200
    await service.container.accounts.close_session(token_hash(token))
    # this process remembers sessions for two seconds; each answer shows whether it still does
    async with asyncio.timeout(20):
        while (answer := await ana.http.get("/api/me")).is_success:
            pass
    assert_problem(answer, 401, "unauthenticated")


async def test_guessing_passwords_is_slowed_down(database_url: str, aws: Aws) -> None:
    settings = settings_for(database_url, aws, signin_limit=3, signin_window_s=3600)
    async with serve(settings) as service:
        http = await service.client()
        body = {"email": "ana@example.com", "password": "guess guess"}
        for _ in range(3):
            assert_problem(await http.post("/api/auth/login", json=body), 401, "wrong_credentials")
        answer = await http.post("/api/auth/login", json=body)
        assert_problem(answer, 429, "too_many_attempts")
        assert 0 < int(answer.headers["retry-after"]) <= 3600


async def test_only_a_trusted_proxy_may_say_who_the_client_is(database_url: str, aws: Aws) -> None:
    settings = settings_for(
        database_url, aws, signin_limit=1, signin_window_s=3600, trusted_proxies="192.0.2.1"
    )
    async with serve(settings) as service:
        http = await service.client()
        answers = [
            await http.post(
                "/api/auth/login",
                json={"email": f"{n}@example.com", "password": "guess"},
                headers={"X-Forwarded-For": f"198.51.100.{n}"},
            )
            for n in range(11)
        ]
        # Ten attempts for one client (ten times the limit), whatever it says that it is.
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_readiness_and_metrics_over_real_services(own_service: Service) -> None:
    ana = await own_service.account("ana")
    await ana.upload()
    ready = await ana.http.get("/readyz")
    assert ready.json()["checks"] == {"database": "ok", "objects": "ok", "queue": "ok"}
    text = (await ana.http.get("/metrics")).text
    assert 'carrete_videos{state="queued"} 1.0' in text
    assert 'carrete_tasks{state="pending"} 1.0' in text
    assert "carrete_event_listener_up 1.0" in text


async def test_no_database_is_a_503_and_not_ready(database_url: str, aws: Aws) -> None:
    settings = settings_for(database_url + "-nowhere", aws)
    async with serve(settings) as service:
        http = await service.client(authorization="Bearer x")
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["database"] == "unavailable"
        refused = await http.get("/api/videos")
        assert_problem(refused, 503, "unavailable")
        assert refused.headers["retry-after"]


async def test_a_token_of_a_file_needs_no_session(ana: Client) -> None:
    """What a presigned link is for: a player that knows no cookie."""
    video = UUID((await ana.upload())["id"])
    link = (await ana.http.get(f"/api/videos/{video}/download/original")).headers["location"]
    async with httpx.AsyncClient(trust_env=False) as stranger:
        part = await stranger.get(link, headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"not")
