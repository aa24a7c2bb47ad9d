from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.conftest import Services, Stores
from tests.integration.api.published import plan

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import FailureCode
from carrete.domain.ids import new_id
from carrete.domain.library import Position
from carrete.domain.quota import OwnQuota, Usage
from carrete.domain.task import NewTask, TaskKind
from carrete.domain.video import VideoFacts
from carrete.ports import (
    Backlog,
    Completion,
    Doorbell,
    NotFoundError,
    StoredFile,
    Tally,
    WorkerReport,
)

REPORT = WorkerReport("w1", "host", "1.0", 2)


async def test_workers_are_known_until_they_are_silent_or_say_goodbye(stores: Stores) -> None:
    await stores.operator.report_worker(REPORT)
    await stores.operator.report_worker(replace(REPORT, name="w2", host="a"))
    await stores.operator.report_worker(replace(REPORT, draining=True))
    found = await stores.operator.workers()
    assert [one.report for one in found] == [
        replace(REPORT, name="w2", host="a"),
        replace(REPORT, draining=True),
    ]
    assert found[1].started_at <= found[1].seen_at
    assert await stores.maintenance.drop_silent_workers(60) == 0
    await stores.elapse(61)
    await stores.operator.report_worker(REPORT)
    assert await stores.maintenance.drop_silent_workers(60) == 1
    assert [one.report.name for one in await stores.operator.workers()] == ["w1"]
    await stores.operator.forget_worker("w1")
    assert await stores.operator.workers() == []


async def test_running_tasks_say_how_much_video_they_make(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    first = await stores.jobs.claim("w1", 60)
    assert first is not None
    facts = VideoFacts(60.0, 16, 16, 25.0, "h264", None)
    follow = [NewTask(TaskKind.ENCODE), NewTask(TaskKind.AUDIO)]
    done = Completion({}, facts=facts, plan=plan().to_json(), follow=follow)
    await stores.jobs.complete(first.task, done)
    for worker in ("w1", "w2"):
        assert await stores.jobs.claim(worker, 60) is not None
    found = {task.kind: task for task in await stores.operator.running_tasks(10)}
    encode, audio = found[TaskKind.ENCODE], found[TaskKind.AUDIO]
    assert (encode.video_id, encode.owner_id, encode.attempt) == (video.id, owner, 1)
    assert (encode.seconds, audio.seconds) == (plan().chunks[0].duration_s, 60.0)
    assert {encode.worker, audio.worker} == {"w1", "w2"}
    assert len(await stores.operator.running_tasks(1)) == 1


async def test_the_backlog_is_counted_with_the_oldest_wait(stores: Stores) -> None:
    owner = (await stores.account()).id
    assert await stores.operator.backlog() == Backlog(0, 0, None, None)
    await stores.queued(owner)
    await stores.queued(owner)
    await stores.jobs.claim("w", 60)
    await stores.elapse(30)
    found = await stores.operator.backlog()
    assert (found.pending, found.running) == (1, 1)
    assert found.oldest_pending_s is not None
    assert found.oldest_ring_s is not None
    assert 30 <= found.oldest_pending_s < 60
    assert 30 <= found.oldest_ring_s < 60


async def test_history_adds_up_what_happened_and_leaves_out_what_did_not(stores: Stores) -> None:
    owner = (await stores.account()).id
    since = datetime.now(UTC) - timedelta(hours=1)
    assert await stores.operator.history(since, 3600) == []
    await stores.queued(owner)
    claim = await stores.jobs.claim("w", 20)
    assert claim is not None
    file = StoredFile("k", ArtifactKind.PROCESSED, 70, "video/mp4", None, None, {})
    await stores.jobs.intend(claim.task, ["k"], 20)
    facts = VideoFacts(60.0, 16, 16, 25.0, "h264", None)
    await stores.jobs.complete(
        claim.task, Completion({}, files=[file], facts=facts, plan={}, publish=True)
    )
    await stores.queued(owner)
    bad = await stores.jobs.claim("w", 20)
    assert bad is not None
    await stores.jobs.reject(bad.task, FailureCode.NOT_A_VIDEO, "no")
    await stores.queued(owner)
    assert await stores.jobs.claim("w", 20) is not None
    await stores.elapse(30)
    await stores.maintenance.free_expired(10)
    found = await stores.operator.history(since - timedelta(hours=1), 60)
    total = Tally(
        at=found[0].at,
        ready=sum(one.ready for one in found),
        failed=sum(one.failed for one in found),
        source_seconds=sum(one.source_seconds for one in found),
        bytes_in=sum(one.bytes_in for one in found),
        bytes_out=sum(one.bytes_out for one in found),
        tasks_lost=sum(one.tasks_lost for one in found),
    )
    assert total == Tally(found[0].at, 1, 1, 60.0, 3000, 70, 1)
    assert all(one.at.timestamp() % 60 == 0 for one in found)
    assert await stores.operator.history(datetime.now(UTC) + timedelta(hours=1), 60) == []


async def test_a_canceled_reprocessing_makes_nothing_ready_again(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    claim = await stores.jobs.claim("w", 20)
    assert claim is not None
    await stores.jobs.complete(claim.task, Completion({}, publish=True))
    await stores.videos.resubmit(owner, video.id, None)
    await stores.videos.cancel(owner, video.id)
    found = await stores.operator.history(datetime.now(UTC) - timedelta(hours=1), 3600)
    assert (sum(one.ready for one in found), sum(one.bytes_in for one in found)) == (1, 1000)


async def test_a_buried_task_is_described_while_it_is_there(stores: Stores) -> None:
    ana = await stores.account()
    video = await stores.queued(ana.id)
    claim = await stores.jobs.claim("w", 20)
    assert claim is not None
    await stores.jobs.reject(claim.task, FailureCode.INTERNAL, "bug")
    found = await stores.operator.buried([claim.task.id, new_id()])
    assert list(found) == [claim.task.id]
    one = found[claim.task.id]
    assert (one.video_id, one.owner_email) == (video.id, ana.email)
    assert (one.kind, one.failure) == (TaskKind.PREPARE, FailureCode.INTERNAL)


async def test_accounts_are_listed_by_address_with_what_they_use(stores: Stores) -> None:
    for name in ("eva", "ana", "bob", "gone"):
        await stores.account(name)
    ana = (await stores.operator.accounts("ANA", None, 9))[0].account
    gone = (await stores.operator.accounts("gone", None, 9))[0].account
    await stores.accounts.remove_account(gone.id)
    await stores.queued(ana.id)
    await stores.accounts.set_quota(ana.id, OwnQuota(videos_in_flight=7))
    first = await stores.operator.accounts("example", None, 2)
    assert [one.account.email for one in first] == ["ana@example.org", "bob@example.org"]
    assert (first[0].videos, first[0].usage) == (1, Usage(1000, 1, 0.0))
    assert first[0].quota == OwnQuota(videos_in_flight=7)
    last = first[-1].account
    rest = await stores.operator.accounts("example", Position(last.email, last.id), 9)
    assert [one.account.email for one in rest] == ["eva@example.org"]
    assert (await stores.operator.account(ana.id)) == first[0]
    for missing in (gone.id, new_id()):
        with pytest.raises(NotFoundError):
            await stores.operator.account(missing)
        with pytest.raises(NotFoundError):
            await stores.accounts.set_quota(missing, OwnQuota())


async def test_messages_are_counted_in_both_queues(services: Services) -> None:
    queue = services.queue
    bells = [Doorbell(new_id(), new_id()) for _ in range(3)]
    await queue.ring(bells)
    await queue.bury(bells[0], "why")
    message = await queue.receive(5, 30)
    assert message is not None
    assert message.id
    depth = await queue.depth()
    assert (depth.waiting, depth.in_flight, depth.dead) == (2, 1, 1)
