"""No secret is ever written to the log, whatever the level."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import httpx
from tests.conftest import Aws
from tests.integration.api.serving import Client, settings_for
from tests.integration.api.test_process import PROGRAM, until_it_serves

from carrete.bootstrap import create_local_resources

PASSWORD, NEW, SHARED, WRONG = (
    "first-horse-battery",
    "second-horse-battery",
    "olives-and-bread",
    "wrong-horse-battery",
)


async def drive(url: str) -> set[str]:
    """Use everything that has to do with secrets, well and badly; returns the secrets."""
    kept = {PASSWORD, NEW, SHARED, WRONG}
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        who = {"email": "ana@example.com", "password": PASSWORD}
        registered = await http.post("/api/auth/register", json=who)
        kept |= {registered.json()["token"], registered.cookies["carrete_session"]}
        http.headers["X-Carrete-Client"] = "test"
        await http.post("/api/auth/login", json=who | {"password": WRONG})
        await http.post("/api/auth/login", json=who | {"password": WRONG, "other": 1})
        token = (await http.post("/api/auth/login", json=who)).json()["token"]
        kept.add(token)
        http.headers["Authorization"] = f"Bearer {token}"
        ana = Client(http)
        video = (await ana.create())["video"]["id"]
        kept |= await links(ana, video)
        kept |= await share(http, video)
        body = {"current_password": PASSWORD, "new_password": NEW}
        assert (await http.post("/api/me/password", json=body)).status_code == 204
        wrong = {"current_password": WRONG, "new_password": NEW}
        await http.post("/api/me/password", json=wrong)
        async with http.stream("GET", "/api/events?last_event_id=0") as stream:
            assert await anext(stream.aiter_lines())
        await http.request("DELETE", "/api/me", json={"password": NEW})
    return kept


async def links(ana: Client, video: str) -> set[str]:
    """Signatures of presigned URLs, one of which is sent back to us by mistake."""
    digest = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
    parts = {"parts": [{"number": 1, "sha256": digest}]}
    answer = await ana.http.post(f"/api/videos/{video}/upload/parts", json=parts)
    signed = answer.json()["parts"][0]["url"]
    uploaded = (await ana.upload())["id"]
    url = f"/api/videos/{uploaded}/download/original"
    location = (await ana.http.get(url)).headers["location"]
    await ana.http.get(f"{url}?next={location}")
    await ana.http.get(f"/api/{location}")
    return {httpx.URL(one).params["X-Amz-Signature"] for one in (signed, location)}


async def share(http: httpx.AsyncClient, video: str) -> set[str]:
    """A link's token, and the key of who knew its password."""
    made = await http.post(f"/api/videos/{video}/shares", json={"password": SHARED})
    token = made.json()["token"]
    url = f"/api/shared/{token}"
    await http.post(f"{url}/unlock", json={"password": WRONG})
    key = (await http.post(f"{url}/unlock", json={"password": SHARED})).json()["key"]
    for path in ("", "/hls/master.m3u8", "/hls/audio.m3u8", "/poster", "/download", "/nowhere"):
        await http.get(f"{url}{path}?key={key}")
    for page in (f"/s/{token}", f"/embed/{token}?key={key}"):
        await http.get(page, headers={"Accept": "text/html"})
    return {token, key}


async def test_no_secret_is_in_the_log_at_any_level(database_url: str, aws: Aws) -> None:
    settings = settings_for(database_url, aws)
    await create_local_resources(settings)
    environment = os.environ | {
        "CARRETE_DATABASE_URL": database_url,
        "CARRETE_AWS_ENDPOINT_URL": aws.endpoint_url,
        "CARRETE_S3_BUCKET": settings.s3_bucket,
        "CARRETE_SQS_QUEUE_URL": settings.sqs_queue_url,
        "CARRETE_SQS_DLQ_URL": settings.sqs_dlq_url,
        "CARRETE_API_PORT": "0",
        "CARRETE_LOG_LEVEL": "debug",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        started = await until_it_serves(process.stderr)
        url = next(word for word in started[-1]["event"].split() if word.startswith("http://"))
        reading = asyncio.create_task(process.stderr.read())
        kept = await drive(url)
        process.send_signal(signal.SIGTERM)
        log = (await asyncio.wait_for(reading, 30)).decode()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.splitlines()]
    routes = {line.get("route") for line in lines if line["event"] == "request"}
    assert {"/api/auth/login", "/api/shared/{token}/unlock", "/api/me/password"} <= routes
    assert len(kept) >= 10
    for secret in kept:
        assert len(secret) > 10
        assert secret not in log
