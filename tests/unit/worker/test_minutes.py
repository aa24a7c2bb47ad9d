"""The day's minutes, from a prepared video to what its owner is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.usecases.desk import Desk

from carrete.domain.failures import SENTENCES, FailureCode
from carrete.domain.quota import Quota
from carrete.domain.task import TaskKind
from carrete.domain.video import VideoFacts, VideoState
from carrete.ports import Completion, Transcoder, Workspace
from carrete.usecases import run_task
from carrete.usecases.run_task import TaskRunner
from carrete.usecases.tasks.bench import Bench, Progress


class Scratch:
    @asynccontextmanager
    async def attempt(self, _task: object) -> AsyncIterator[Path]:
        yield Path("/nowhere")


async def two_minutes(_bench: Bench) -> Completion:
    return Completion({}, facts=VideoFacts(120.0, 16, 16, 25.0, "h264", None), plan={})


async def run_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(run_task.HANDLERS, TaskKind.PREPARE, two_minutes)
    claim = await desk.store.claim("w", 30)
    assert claim is not None
    runner = TaskRunner(
        jobs=desk.store,
        videos=desk.store,
        objects=desk.objects,
        queue=desk.queue,
        transcoder=cast(Transcoder, object()),
        workspace=cast(Workspace, cast(Any, Scratch())),
        lease_s=30,
        heartbeat_s=1,
        visibility_s=60,
    )
    return await runner.run(claim, None, Progress())


async def test_a_video_beyond_the_days_minutes_fails_with_a_reason_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.store.quota = Quota(minutes_per_day=1)
    video = await desk.complete(await desk.uploaded())
    assert await run_one(desk, monkeypatch) == "rejected"
    failed = await desk.now(video)
    assert (failed.state, failed.failure) == (VideoState.FAILED, FailureCode.QUOTA_EXCEEDED)
    assert "minutes" in SENTENCES[FailureCode.QUOTA_EXCEEDED].en
    assert "minutos" in SENTENCES[FailureCode.QUOTA_EXCEEDED].es
    assert desk.queue.dead == {}
    desk.store.quota = Quota(minutes_per_day=2)
    await desk.store.resubmit(desk.owner, video.id, None)
    assert await run_one(desk, monkeypatch) == "done"
