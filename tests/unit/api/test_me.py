"""What a person does with their own account, over ports in memory."""

import httpx
import pytest
from tests.unit.api.memory_api import PASSWORD, MemoryApi, open_api
from tests.unit.api.test_http import assert_problem

from carrete.api.state import COOKIE

NEW = "a longer horse"


async def sign_in(api: MemoryApi, password: str = PASSWORD, agent: str = "other") -> httpx.Response:
    return await api.client().post(
        "/api/auth/login",
        json={"email": "ana@example.com", "password": password},
        headers={"User-Agent": agent},
    )


async def signed_in(api: MemoryApi, agent: str = "other") -> httpx.AsyncClient:
    answer = await sign_in(api, agent=agent)
    return api.client(authorization=f"Bearer {answer.json()['token']}")


async def test_a_new_password_ends_every_other_session(api: MemoryApi) -> None:
    ana = await api.account()
    other = await signed_in(api)
    assert (await other.get("/api/me")).status_code == 200
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await ana.post("/api/me/password", json=body)).status_code == 204
    assert (await ana.get("/api/me")).status_code == 200
    assert_problem(await other.get("/api/me"), 401, "unauthenticated")
    assert_problem(await sign_in(api), 401, "wrong_credentials")
    assert (await sign_in(api, NEW)).status_code == 200


async def test_a_new_password_needs_the_old_one_and_can_not_be_guessed(api: MemoryApi) -> None:
    async with open_api(signin_limit=3) as limited:
        ana = await limited.account()
        wrong = {"current_password": "wrong horse", "new_password": NEW}
        for _ in range(3):
            answer = await ana.post("/api/me/password", json=wrong)
            assert_problem(answer, 403, "wrong_credentials")
        right = wrong | {"current_password": PASSWORD}
        answer = await ana.post("/api/me/password", json=right)
        assert_problem(answer, 429, "too_many_attempts")
        assert int(answer.headers["retry-after"]) > 0
        assert (await sign_in(limited)).status_code == 200


async def test_sessions_are_listed_and_ended(api: MemoryApi) -> None:
    ana = await api.account()
    other = await signed_in(api, agent="Firefox")
    await signed_in(api, agent="curl")
    items = (await ana.get("/api/me/sessions")).json()["items"]
    assert [item["current"] for item in items].count(True) == 1
    assert {item["label"] for item in items if not item["current"]} == {"Firefox", "curl"}
    firefox = next(item["id"] for item in items if item["label"] == "Firefox")
    assert (await ana.delete(f"/api/me/sessions/{firefox}")).status_code == 204
    assert_problem(await other.get("/api/me"), 401, "unauthenticated")
    assert_problem(await ana.delete(f"/api/me/sessions/{firefox}"), 404, "not_found")
    assert (await ana.delete("/api/me/sessions")).status_code == 204
    left = (await ana.get("/api/me/sessions")).json()["items"]
    assert [item["current"] for item in left] == [True]


async def test_an_ended_session_watches_no_longer(api: MemoryApi) -> None:
    ana = await api.account()
    hub = api.app.state.api.hub
    owner = (await ana.get("/api/me")).json()["id"]
    account = next(a for a, _ in api.store.accounts_by_id.values() if str(a.id) == owner)
    stream = hub.subscribe(account.id, None)
    assert (await ana.delete("/api/me/sessions")).status_code == 204
    assert stream.closed


async def test_what_is_used_is_shown_with_its_limits() -> None:
    async with open_api(quota_videos_in_flight=2, quota_minutes_per_day=0) as api:
        ana = await api.account()
        for _ in range(2):
            await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
        assert (await ana.get("/api/me/usage")).json() == {
            "stored_bytes": {"used": 10, "limit": 1024**4},
            "videos_in_flight": {"used": 2, "limit": 2},
            "minutes_today": {"used": 0.0, "limit": None},
        }
        refused = await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
        problem = assert_problem(refused, 403, "quota_exceeded")
        assert (problem["quota"], problem["used"], problem["limit"]) == ("videos_in_flight", 3, 2)


@pytest.mark.parametrize("by_cookie", [True, False])
async def test_a_deleted_account_is_out_of_reach_at_once(
    api: MemoryApi,
    by_cookie: bool,  # noqa: FBT001
) -> None:
    ana = await api.account()
    await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
    if by_cookie:
        await api.anyone.post(
            "/api/auth/login", json={"email": "ana@example.com", "password": PASSWORD}
        )
        ana = api.anyone
        ana.headers["X-Carrete-Client"] = "web"
    wrong = await ana.request("DELETE", "/api/me", json={"password": "wrong horse"})
    assert_problem(wrong, 403, "wrong_credentials")
    gone = await ana.request("DELETE", "/api/me", json={"password": PASSWORD})
    assert (gone.status_code, gone.json()) == (202, {"state": "deleting"})
    assert f'{COOKIE}=""' in gone.headers["set-cookie"]
    assert_problem(await ana.get("/api/me"), 401, "unauthenticated")
    assert_problem(await sign_in(api), 401, "wrong_credentials")
    again = await api.account()
    assert (await again.get("/api/videos")).json()["items"] == []
