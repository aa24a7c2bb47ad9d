"""The API as a process of its own."""

import asyncio
import json
import os
import signal
import sys

import httpx
import pytest
from tests.conftest import Aws
from tests.integration.api.serving import PASSWORD, settings_for

from carrete.bootstrap import create_local_resources
from carrete.local.localstack import free_port

PROGRAM = (
    "from carrete.api.main import run; from carrete.config import load_settings;"
    " run(load_settings())"
)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_in_good_order(
    database_url: str, aws: Aws, ending: signal.Signals
) -> None:
    settings = settings_for(database_url, aws, api_port=free_port(18080))
    await create_local_resources(settings)
    environment = os.environ | {
        "CARRETE_DATABASE_URL": database_url,
        "CARRETE_AWS_ENDPOINT_URL": aws.endpoint_url,
        "CARRETE_S3_BUCKET": settings.s3_bucket,
        "CARRETE_SQS_QUEUE_URL": settings.sqs_queue_url,
        "CARRETE_SQS_DLQ_URL": settings.sqs_dlq_url,
        "CARRETE_API_PORT": str(settings.api_port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        url = f"http://127.0.0.1:{settings.api_port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await answers(http)
            body = {"email": "ana@example.com", "password": PASSWORD}
            token = (await http.post("/api/auth/register", json=body)).json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            async with http.stream("GET", "/api/events", headers=headers) as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == "retry: 1000"
                process.send_signal(ending)
                async for _ in lines:
                    pass
        _, log = await asyncio.wait_for(process.communicate(), 5)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0
    written = [json.loads(line) for line in log.decode().splitlines()]
    requests = [line for line in written if line["event"] == "request"]
    assert {line["route"] for line in requests} == {"/api/auth/register", "/api/events"}
    assert not [line for line in written if line["level"] in {"warning", "error"}]
    assert PASSWORD not in log.decode()
    assert token not in log.decode()


async def answers(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await http.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
