"""From the announcement of a file to its download, with real PUTs to S3."""

import asyncio
import base64
import hashlib
from uuid import uuid4

import httpx
import pytest
from tests.integration.api.problems import assert_problem
from tests.integration.api.serving import DATA, Client, Service

MIB = 1024 * 1024
PART = 8 * MIB


async def test_a_file_in_parts_is_uploaded_queued_and_downloaded_whole(
    own_service: Service,
) -> None:
    ana = await own_service.account("ana")
    data = bytes(range(256)) * (PART // 256) + b"the end"
    made = await ana.create("Boda en Sevilla.MOV", len(data), content_type="video/quicktime")
    assert made["upload"] == {"part_size": PART, "part_count": 2}
    video = made["video"]["id"]
    await asyncio.gather(*(ana.send(video, n, data[(n - 1) * PART : n * PART]) for n in (2, 1)))
    done = await ana.http.post(f"/api/videos/{video}/upload/complete")
    assert done.status_code == 202
    assert done.json()["state"] == "queued"
    assert done.json()["uploaded_at"]
    message = await own_service.container.queue.receive(5, 5)
    job = (await ana.http.get(f"/api/videos/{video}/tasks")).json()
    assert [(task["kind"], task["state"]) for task in job["tasks"]] == [("prepare", "pending")]
    assert message is not None
    link = await ana.http.get(f"/api/videos/{video}/download/original")
    assert (link.status_code, link.content) == (307, b"")
    async with httpx.AsyncClient(trust_env=False) as s3:
        got = await s3.get(link.headers["location"])
    assert got.content == data
    assert "filename*=UTF-8''Boda%20en%20Sevilla.MOV" in got.headers["content-disposition"]


async def test_an_interrupted_upload_goes_on_with_what_is_missing(ana: Client) -> None:
    data = b"a" * PART + b"b" * PART + b"c"
    video = (await ana.create("film.mp4", len(data)))["video"]["id"]
    await ana.send(video, 2, data[PART : 2 * PART])
    stored = (await ana.http.get(f"/api/videos/{video}/upload")).json()
    digest = base64.b64encode(hashlib.sha256(b"b" * PART).digest()).decode()
    assert stored == {
        "part_size": PART,
        "part_count": 3,
        "parts": [{"number": 2, "size": PART, "sha256": digest}],
    }
    early = await ana.http.post(f"/api/videos/{video}/upload/complete")
    problem = assert_problem(early, 409, "upload_incomplete")
    assert problem["errors"] == [
        {"field": "parts.1", "message": "missing"},
        {"field": "parts.3", "message": "missing"},
    ]
    for number in (1, 3):
        await ana.send(video, number, data[(number - 1) * PART : number * PART])
    assert (await ana.http.post(f"/api/videos/{video}/upload/complete")).status_code == 202


async def test_s3_refuses_other_bytes_than_those_that_were_signed(ana: Client) -> None:
    video = (await ana.create())["video"]["id"]
    digest = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    answer = await ana.http.post(
        f"/api/videos/{video}/upload/parts", json={"parts": [{"number": 1, "sha256": digest}]}
    )
    part = answer.json()["parts"][0]
    assert part["length"] == len(DATA)
    async with httpx.AsyncClient(trust_env=False) as s3:
        wrong = await s3.put(part["url"], content=DATA[::-1], headers=part["headers"])
    assert wrong.status_code == 400
    stored = (await ana.http.get(f"/api/videos/{video}/upload")).json()
    assert stored["parts"] == []


async def test_completing_many_times_at_once_makes_one_job(own_service: Service) -> None:
    ana = await own_service.account("ana")
    video = (await ana.create())["video"]["id"]
    await ana.send(video, 1, DATA)
    answers = await asyncio.gather(
        *(ana.http.post(f"/api/videos/{video}/upload/complete") for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["state"] for answer in answers} == {"queued"}
    assert len((await ana.http.get(f"/api/videos/{video}/tasks")).json()["tasks"]) == 1
    assert await own_service.container.queue.receive(5, 30) is not None
    assert await own_service.container.queue.receive(0, 30) is None


async def test_an_upload_is_given_up(ana: Client) -> None:
    video = (await ana.create())["video"]["id"]
    assert (await ana.http.delete(f"/api/videos/{video}/upload")).status_code == 204
    assert_problem(await ana.http.get(f"/api/videos/{video}"), 404, "not_found")
    assert_problem(await ana.http.delete(f"/api/videos/{video}/upload"), 404, "not_found")
    done = await ana.upload()
    refused = await ana.http.delete(f"/api/videos/{done['id']}/upload")
    assert_problem(refused, 409, "invalid_state")


async def test_an_upload_that_s3_has_lost_is_gone(service: Service, ana: Client) -> None:
    video = (await ana.create())["video"]["id"]
    async for upload in service.container.objects.list_uploads(f"input/{ana.id}/"):
        await service.container.objects.abort_upload(upload.key, upload.upload_id)
    answer = await ana.http.post(f"/api/videos/{video}/upload/complete")
    assert_problem(answer, 409, "upload_gone")
    assert_problem(await ana.http.get(f"/api/videos/{video}/upload"), 409, "upload_gone")


async def test_the_same_creation_with_the_same_key_makes_one_video(ana: Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"name": "film.mp4", "size_bytes": 9}
    answers = await asyncio.gather(
        *(ana.http.post("/api/videos", json=body, headers=key) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    (video,) = {answer.json()["video"]["id"] for answer in answers}
    assert answers[0].headers["location"] == f"/api/videos/{video}"
    assert len((await ana.http.get("/api/videos")).json()["items"]) == 1
    assert (await ana.http.get(f"/api/videos/{video}/upload")).json()["parts"] == []
    other = await ana.http.post("/api/videos", json=body | {"size_bytes": 10}, headers=key)
    assert_problem(other, 409, "idempotency_conflict")


async def test_of_many_creations_at_once_s3_keeps_one_upload(service: Service, ana: Client) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"name": "film.mp4", "size_bytes": 9}
    await asyncio.gather(*(ana.http.post("/api/videos", json=body, headers=key) for _ in range(8)))
    uploads = [u async for u in service.container.objects.list_uploads(f"input/{ana.id}/")]
    assert len(uploads) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "a.mp4", "size_bytes": 0}, 422, "empty_file"),
        ({"name": "a.mp4", "size_bytes": 51 * 1024**3}, 413, "too_large"),
        ({"name": "a.mp4", "size_bytes": -1}, 422, "invalid_request"),
        ({"name": "a.mp4", "size_bytes": "5"}, 422, "invalid_request"),
        ({"name": "a.mp4", "size_bytes": 5, "profile": "vp9"}, 422, "invalid_request"),
        ({"name": "a.mp4", "size_bytes": 5, "content_type": "x\ny"}, 422, "invalid_request"),
        ({"name": "../..", "size_bytes": 5}, 422, "invalid_name"),
        ({"name": "\u0000", "size_bytes": 5}, 422, "invalid_name"),
        ({"name": "ñ" * 600, "size_bytes": 5}, 422, "invalid_name"),
        ({"size_bytes": 5}, 422, "invalid_request"),
    ],
)
async def test_a_bad_announcement_is_refused(
    ana: Client, body: dict[str, object], status: int, code: str
) -> None:
    assert_problem(await ana.http.post("/api/videos", json=body), status, code)
    assert (await ana.http.get("/api/videos")).json()["items"] == []


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"number": 1, "sha256": "x"}],
        [{"number": 0, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}],
        [{"number": 2, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}],
        [{"number": 1, "sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}] * 101,
    ],
)
async def test_parts_that_can_not_be_are_not_signed(
    ana: Client, parts: list[dict[str, object]]
) -> None:
    video = (await ana.create())["video"]["id"]
    answer = await ana.http.post(f"/api/videos/{video}/upload/parts", json={"parts": parts})
    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize("name", ["Ñandú 🎬 “quoted”.mp4", 'a"b;c.mp4', "مقطع.mov", "%41.mp4"])
async def test_a_file_comes_back_under_the_name_it_was_given(ana: Client, name: str) -> None:
    video = await ana.upload(name)
    assert video["name"] == name
    answer = await ana.http.get(f"/api/videos/{video['id']}/download/original?redirect=false")
    link = answer.json()
    assert (link["filename"], link["size_bytes"]) == (name, len(DATA))
    async with httpx.AsyncClient(trust_env=False) as s3:
        got = await s3.get(link["url"])
    assert got.content == DATA
    encoded = got.headers["content-disposition"].split("filename*=UTF-8''")[1]
    assert httpx.URL(f"http://x/?n={encoded}").params["n"] == name
