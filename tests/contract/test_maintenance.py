from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.conftest import Stores

from carrete.domain.account import EmailTakenError
from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import FailureCode
from carrete.domain.task import NewTask, TaskKind
from carrete.ports import Completion, StoredFile

LEASE = 20.0


async def test_only_one_leads(stores: Stores) -> None:
    async with stores.maintenance.lead() as first, stores.maintenance.lead() as second:
        assert (first, second) == (True, False)
    async with stores.maintenance.lead() as again:
        assert again


async def test_a_waiting_task_is_rung_for_again_less_and_less_often(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    assert await stores.maintenance.unseen(60, 10) == []
    await stores.elapse(61)
    assert len(await stores.maintenance.unseen(60, 10)) == 1
    await stores.elapse(61)
    assert await stores.maintenance.unseen(60, 10) == []
    await stores.elapse(61)
    assert len(await stores.maintenance.unseen(60, 10)) == 1


async def test_abandoned_uploads_are_found_and_signs_of_life_count(stores: Stores) -> None:
    owner = (await stores.account()).id
    left, alive = await stores.upload(owner), await stores.upload(owner)
    await stores.videos.set_upload(owner, left.id, "upload")
    await stores.elapse(100)
    await stores.videos.touch(owner, alive.id)
    found = await stores.maintenance.abandoned(60, 10)
    assert [(u.video_id, u.upload_id) for u in found] == [(left.id, "upload")]
    assert await stores.maintenance.known_uploads(["upload", "other"]) == {"upload"}
    await stores.maintenance.drop_abandoned(left.id)
    assert [v.id for v in await stores.videos.videos(owner, limit=9)] == [alive.id]


async def test_a_completed_upload_is_never_dropped(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    await stores.maintenance.drop_abandoned(video.id)
    assert (await stores.videos.video(owner, video.id)).id == video.id


async def test_keys_of_a_lost_attempt_are_dead_and_swept_twice(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    claim = await stores.jobs.claim("w", LEASE)
    assert claim is not None
    await stores.jobs.intend(claim.task, ["k1", "k2"], LEASE)
    assert await stores.maintenance.dead_keys(600, 10) == []
    await stores.elapse(LEASE + 1)
    await stores.maintenance.free_expired(10)
    assert await stores.maintenance.dead_keys(600, 10) == ["k1", "k2"]
    await stores.maintenance.swept(["k1", "k2"], 600)
    assert await stores.maintenance.dead_keys(600, 10) == []
    await stores.elapse(601)
    assert await stores.maintenance.dead_keys(600, 10) == ["k1", "k2"]
    await stores.maintenance.swept(["k1", "k2"], 600)
    assert await stores.maintenance.dead_keys(0, 10) == []
    assert await stores.maintenance.known_keys(["k1"]) == set()


async def test_keys_of_a_canceled_attempt_wait_until_its_worker_has_let_go(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    claim = await stores.jobs.claim("w", LEASE)
    assert claim is not None
    await stores.jobs.intend(claim.task, ["k"], LEASE)
    await stores.videos.cancel(owner, video.id)
    assert await stores.maintenance.dead_keys(600, 10) == []
    await stores.jobs.acknowledge(claim.task)
    assert await stores.maintenance.dead_keys(600, 10) == ["k"]


async def test_live_keys_and_originals_are_known(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.queued(owner)
    claim = await stores.jobs.claim("w", LEASE)
    assert claim is not None
    await stores.jobs.intend(claim.task, ["k"], LEASE)
    file = StoredFile("k", ArtifactKind.CHUNK, 1, "video/mp4", None, None, {})
    follow = [NewTask(TaskKind.ENCODE)]
    await stores.jobs.complete(claim.task, Completion(result={}, files=[file], follow=follow))
    original = f"input/{owner}/{video.id}/original.mp4"
    known = await stores.maintenance.known_keys(["k", original, "other"])
    assert known == {"k", original}
    assert await stores.maintenance.dead_keys(0, 10) == []


async def test_a_failure_that_may_be_ours_is_to_be_buried_until_it_is(stores: Stores) -> None:
    owner = (await stores.account()).id
    for code in (FailureCode.INTERNAL, FailureCode.DAMAGED_FILE):
        await stores.queued(owner)
        claim = await stores.jobs.claim("w", LEASE)
        assert claim is not None
        await stores.jobs.reject(claim.task, code, f"because of {code}")
    (dead,) = await stores.maintenance.unburied(10)
    assert dead.reason == "because of internal_error"
    assert await stores.maintenance.unburied(0) == []
    await stores.maintenance.letter_sent(dead)
    assert await stores.maintenance.unburied(10) == []


async def test_a_redriven_task_is_not_to_be_buried_before_it_fails_again(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    for _ in range(5):
        assert await stores.jobs.claim("w", LEASE) is not None
        await stores.elapse(LEASE + 1)
        await stores.maintenance.free_expired(10)
    (first,) = await stores.maintenance.unburied(10)
    assert await stores.jobs.redrive(first.bell.task_id)
    assert await stores.maintenance.unburied(10) == []
    claim = await stores.jobs.claim("w", LEASE)
    assert claim is not None
    await stores.jobs.reject(claim.task, FailureCode.INTERNAL, "again")
    # who sent the first letter says so late
    await stores.maintenance.letter_sent(first)
    (second,) = await stores.maintenance.unburied(10)
    assert (second.bell, second.reason) == (first.bell, "again")


async def test_old_events_are_pruned(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.upload(owner)
    await stores.elapse(100)
    await stores.upload(owner)
    assert await stores.maintenance.prune_events(60, 100) == 1
    assert len(await stores.events.events(owner, 0, 10)) == 1


async def test_counts_tell_what_waits(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    await stores.queued(owner)
    await stores.jobs.claim("w", LEASE)
    await stores.elapse(50)
    counts = await stores.maintenance.counts()
    assert (counts.pending, counts.running) == (1, 1)
    assert counts.oldest_wait_s == pytest.approx(50, abs=10)
    assert counts.videos == {"queued": 1, "processing": 1}


async def test_an_address_has_one_account(stores: Stores) -> None:
    account = await stores.account()
    with pytest.raises(EmailTakenError):
        await stores.account()
    found = await stores.accounts.credentials(account.email)
    assert found == (account, "hash")
    await stores.accounts.set_password_hash(account.id, "new")
    found = await stores.accounts.credentials(account.email)
    assert found is not None
    assert found[1] == "new"
    assert await stores.accounts.credentials("nobody@example.org") is None


async def test_sessions_open_close_and_expire(stores: Stores) -> None:
    account = await stores.account()
    soon = datetime.now(UTC) + timedelta(seconds=60)
    session = await stores.accounts.open_session(account.id, b"a" * 32, "firefox", soon)
    await stores.accounts.open_session(account.id, b"b" * 32, "curl", soon)
    assert await stores.accounts.session(b"a" * 32) == (account, session)
    await stores.accounts.close_session(b"a" * 32)
    assert await stores.accounts.session(b"a" * 32) is None
    await stores.elapse(61)
    assert await stores.accounts.session(b"b" * 32) is None
    await stores.accounts.prune_accounts()


async def test_attempts_are_counted_by_key(stores: Stores) -> None:
    assert await stores.accounts.count_attempt("a", 10_000_000) == 1
    assert await stores.accounts.count_attempt("a", 10_000_000) == 2
    assert await stores.accounts.count_attempt("b", 10_000_000) == 1
