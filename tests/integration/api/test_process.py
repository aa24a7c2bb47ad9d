"""The API as a process of its own."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.conftest import Aws
from tests.integration.api.serving import PASSWORD, settings_for

from carrete.bootstrap import create_local_resources

PROGRAM = (
    "from carrete.api.main import run; from carrete.config import load_settings;"
    " run(load_settings())"
)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_in_good_order(
    database_url: str, aws: Aws, ending: signal.Signals
) -> None:
    settings = settings_for(database_url, aws)
    await create_local_resources(settings)
    environment = os.environ | {
        "CARRETE_DATABASE_URL": database_url,
        "CARRETE_AWS_ENDPOINT_URL": aws.endpoint_url,
        "CARRETE_S3_BUCKET": settings.s3_bucket,
        "CARRETE_SQS_QUEUE_URL": settings.sqs_queue_url,
        "CARRETE_SQS_DLQ_URL": settings.sqs_dlq_url,
        # Any free one: asking for one that is free now would be a race with other tests.
        "CARRETE_API_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        written = await until_it_serves(process.stderr)
        url = re.findall(r"http://[0-9.:]+", written[-1]["event"])[0]
        token = await watch_until_the_end(url, lambda: process.send_signal(ending))
        _, rest = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    log = rest.decode()
    written += [json.loads(line) for line in log.splitlines()]
    assert process.returncode == 0, log
    requests = [line for line in written if line["event"] == "request"]
    assert {line["route"] for line in requests} == {"/api/auth/register", "/api/events"}
    assert not [line for line in written if line["level"] in {"warning", "error"}], log
    assert PASSWORD not in log
    assert token not in log


async def until_it_serves(log: asyncio.StreamReader) -> list[dict[str, Any]]:
    """The lines up to the one that says where it listens."""
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while not lines or "running on" not in lines[-1]["event"]:
            lines.append(json.loads(await log.readline()))
    return lines


async def watch_until_the_end(url: str, end: Callable[[], None]) -> str:
    """Open an event stream and end the process: the stream must end too. Returns the token."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        body = {"email": "ana@example.com", "password": PASSWORD}
        token = str((await http.post("/api/auth/register", json=body)).json()["token"])
        headers = {"Authorization": f"Bearer {token}"}
        async with http.stream("GET", "/api/events", headers=headers) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 1000"
            end()
            async with asyncio.timeout(10):
                async for _ in lines:
                    pass
    return token
