"""Links to a video over HTTP and real stores."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.integration.api.problems import assert_problem
from tests.integration.api.published import plan
from tests.integration.api.serving import Client, Service

PASSWORD = "olives"


@pytest.fixture
async def visitor(own_service: Service) -> httpx.AsyncClient:
    return await own_service.client()


async def shared(service: Service, **wanted: object) -> tuple[Client, str, dict[str, str]]:
    ana = await service.account("ana")
    video = await ana.upload("Boda.mov")
    await service.finish(ana.id, video["id"])
    answer = await ana.http.post(f"/api/videos/{video['id']}/shares", json=wanted)
    assert answer.status_code == 201, answer.text
    return ana, video["id"], answer.json()


async def test_whoever_has_a_link_watches_without_an_account(
    own_service: Service, visitor: httpx.AsyncClient
) -> None:
    ana, video, share = await shared(own_service)
    assert share["path"] == f"/s/{share['token']}"
    assert share["embed_path"] == f"/embed/{share['token']}"
    url = f"/api/shared/{share['token']}"
    seen = (await visitor.get(url)).json()
    assert (seen["name"], seen["state"], seen["playable"]) == ("Boda.mov", "ready", True)
    assert (seen["password_required"], seen["allow_download"]) == (False, False)
    master = await visitor.get(f"{url}/hls/master.m3u8")
    assert (master.status_code, f"{plan().top.name}.m3u8" in master.text) == (200, True)
    media = await visitor.get(f"{url}/hls/{plan().top.name}.m3u8")
    assert "X-Amz-Signature" in media.text
    assert "#xywh" in (await visitor.get(f"{url}/storyboard.vtt")).text
    assert (await visitor.get(f"{url}/poster")).status_code == 307
    assert_problem(await visitor.get(f"{url}/download"), 403, "forbidden")
    listed = (await ana.http.get(f"/api/videos/{video}/shares")).json()["items"]
    assert [(one["id"], one["views"]) for one in listed] == [(share["id"], 1)]


async def test_a_link_with_a_password_shows_nothing_before_it_is_said(
    own_service: Service, visitor: httpx.AsyncClient
) -> None:
    _, _, share = await shared(own_service, password=PASSWORD, allow_download=True)
    assert share["has_password"]
    url = f"/api/shared/{share['token']}"
    for key in ("", "?key=guess"):
        assert (await visitor.get(f"{url}{key}")).json() == {"password_required": True}
        for path in ("hls/master.m3u8", "hls/audio.m3u8", "poster", "storyboard.vtt", "download"):
            answer = await visitor.get(f"{url}/{path}{key}")
            assert_problem(answer, 403, "password_required")
    wrong = await visitor.post(f"{url}/unlock", json={"password": "grapes"})
    assert_problem(wrong, 403, "wrong_credentials")
    opened = (await visitor.post(f"{url}/unlock", json={"password": PASSWORD})).json()
    key = opened["key"]
    assert datetime.fromisoformat(opened["expires_at"]) > datetime.now(UTC) + timedelta(hours=11)
    assert (await visitor.get(f"{url}?key={key}")).json()["name"] == "Boda.mov"
    master = (await visitor.get(f"{url}/hls/master.m3u8?key={key}")).text
    tracks = [line for line in master.splitlines() if line and not line.startswith("#")]
    assert all(line.endswith(f"key={key}") for line in tracks)
    assert f'URI="audio.m3u8?key={key}"' in master
    for track in tracks:
        assert (await visitor.get(f"{url}/hls/{track}")).status_code == 200
    download = await visitor.get(f"{url}/download?key={key}")
    assert (download.status_code, "Boda.mp4" in download.headers["location"]) == (307, True)


async def test_a_link_ends_at_its_time_or_at_once(service: Service, ana: Client) -> None:
    video = (await ana.create())["video"]["id"]
    url = f"/api/videos/{video}/shares"
    for bad in ("2020-01-01T00:00:00Z", "2026-13-01", "9999-12-31T23:59:59-12:00", "2030-01-01"):
        refused = await ana.http.post(url, json={"expires_at": bad})
        assert_problem(refused, 422, "invalid_request")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    share = (await ana.http.post(url, json={"expires_at": soon})).json()
    visitor = await service.client()
    assert (await visitor.get(f"/api/shared/{share['token']}")).status_code == 200
    assert (await ana.http.delete(f"{url}/{share['id']}")).status_code == 204
    assert_problem(await visitor.get(f"/api/shared/{share['token']}"), 404, "not_found")
    assert_problem(await ana.http.delete(f"{url}/{share['id']}"), 404, "not_found")
    assert (await ana.http.post(url)).status_code == 201
