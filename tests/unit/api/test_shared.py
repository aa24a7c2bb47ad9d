from tests.unit.api.memory_api import open_api
from tests.unit.api.test_http import assert_problem


async def test_a_links_password_can_not_be_guessed() -> None:
    async with open_api(signin_limit=3) as api:
        ana = await api.account()
        made = await ana.post("/api/videos", json={"name": "a.mp4", "size_bytes": 5})
        shares = f"/api/videos/{made.json()['video']['id']}/shares"
        token = (await ana.post(shares, json={"password": "olives"})).json()["token"]
        url = f"/api/shared/{token}/unlock"
        for _ in range(3):
            answer = await api.anyone.post(url, json={"password": "guess"})
            assert_problem(answer, 403, "wrong_credentials")
        answer = await api.anyone.post(url, json={"password": "olives"})
        assert_problem(answer, 429, "too_many_attempts")
        assert int(answer.headers["retry-after"]) > 0
