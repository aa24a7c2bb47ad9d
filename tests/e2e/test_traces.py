"""One trace follows a video from the request that submitted it into each worker's ffmpeg."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from tests.e2e.collector import SpanView, collecting
from tests.e2e.conftest import PASSWORD, Person

from carrete.client.api import CarreteClient
from carrete.client.retry import PATIENT
from carrete.client.state import UploadBook
from carrete.local.stack import Stack, StackOptions

pytestmark = pytest.mark.e2e

SUBMIT = "POST /api/videos/{video_id}/upload/complete"
TASKS = {"task prepare", "task encode", "task finish"}  # a short video is one chunk, sound included


def above(span: SpanView, spans: list[SpanView]) -> list[str]:
    """Names of the spans that a span is in, from the nearest to the outermost."""
    by_id = {one.span_id: one for one in spans}
    names = []
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        names.append(span.name)
    return names


async def test_a_trace_leads_from_the_upload_through_the_queue_to_every_ffmpeg(
    clip: Path, tmp_path: Path
) -> None:
    with collecting() as collector:
        options = StackOptions(
            api_port=0,
            localstack_port=0,
            workers=2,
            environment={
                "CARRETE_OTLP_ENDPOINT": collector.url,
                # the exporter's own variable: how long it gathers before it sends
                "OTEL_BSP_SCHEDULE_DELAY": "200",
            },
        )
        async with Stack(options) as stack, CarreteClient(stack.api_url, retry=PATIENT) as client:
            signed = await client.register(f"{uuid4().hex}@example.org", PASSWORD)
            client.use_token(signed.token)
            person = Person(client, signed.account.id, UploadBook(tmp_path / "uploads"))
            video = await person.upload(clip)
            done = await person.settled(video)
            assert done.state == "ready"
            spans = await asyncio.to_thread(collector.until, {SUBMIT, *TASKS})
    spans = collector.spans  # what came when the processes ended, too
    submit = next(span for span in spans if span.name == SUBMIT)
    assert submit.service == "carrete-api"
    assert submit.attributes["carrete.video_id"] == str(video.id)
    whole = [span for span in spans if span.trace_id == submit.trace_id]
    assert {span.name for span in whole} >= {SUBMIT, *TASKS}
    tasks = [span for span in whole if span.name in TASKS]
    assert {span.service for span in tasks} == {"carrete-worker"}
    assert {span.attributes["carrete.outcome"] for span in tasks} == {"done"}
    assert all(above(span, whole) == [SUBMIT] for span in tasks)
    # the message that woke a worker was rung from within the same trace
    assert any(submit.trace_id in span.links for span in tasks)
    programs = [span for span in whole if "process.executable.name" in span.attributes]
    inside = {above(span, whole)[0] for span in programs}
    assert inside >= TASKS
    encodes = [span for span in programs if above(span, whole)[0] == "task encode"]
    assert any(int(span.attributes.get("ffmpeg.frame", 0)) > 0 for span in encodes)
    assert "X-Amz-Signature" not in str(spans)
