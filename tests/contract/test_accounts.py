import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.contract.conftest import Stores

from carrete.domain.account import Account, EmailTakenError, Role, Session
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.ids import new_id
from carrete.domain.quota import OwnQuota, Quota, QuotaExceededError, QuotaKind, Usage
from carrete.domain.task import NewTask, TaskKind
from carrete.domain.video import VideoFacts, VideoState
from carrete.ports import MAX_SESSIONS, Completion, NewVideo, NotFoundError

DAY = timedelta(days=1)


async def opened(stores: Stores, account: Account, name: str) -> Session:
    return await stores.accounts.open_session(
        account.id, hashlib.sha256(name.encode()).digest(), name, datetime.now(UTC) + DAY
    )


async def labels(stores: Stores, account: Account) -> list[str]:
    return [session.label for session in await stores.accounts.sessions(account.id)]


async def test_sessions_are_listed_by_when_they_were_used(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    for name in ("one", "two", "three"):
        await opened(stores, ana, name)
    await opened(stores, eva, "other")
    await stores.elapse(120)
    found = await stores.accounts.session(hashlib.sha256(b"two").digest())
    assert found is not None
    assert await labels(stores, ana) == ["two", "three", "one"]
    await stores.elapse(86_400)
    assert await labels(stores, ana) == []


async def test_one_session_is_ended_and_only_its_own_accounts(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    one, _ = await opened(stores, ana, "one"), await opened(stores, ana, "two")
    with pytest.raises(NotFoundError):
        await stores.accounts.end_session(eva.id, one.id)
    await stores.accounts.end_session(ana.id, one.id)
    assert await stores.accounts.session(hashlib.sha256(b"one").digest()) is None
    assert await labels(stores, ana) == ["two"]
    with pytest.raises(NotFoundError):
        await stores.accounts.end_session(ana.id, one.id)


async def test_all_sessions_but_one_are_ended(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    kept = await opened(stores, ana, "kept")
    await opened(stores, ana, "other")
    await opened(stores, eva, "hers")
    await stores.accounts.end_other_sessions(ana.id, kept.id)
    assert (await labels(stores, ana), await labels(stores, eva)) == (["kept"], ["hers"])


async def test_an_account_has_so_many_sessions_and_the_oldest_end(stores: Stores) -> None:
    ana = await stores.account()
    for number in range(MAX_SESSIONS + 2):
        await opened(stores, ana, str(number))
    found = await labels(stores, ana)
    assert len(found) == MAX_SESSIONS
    assert not {"0", "1"} & set(found)


async def test_a_removed_account_is_out_of_reach_and_its_address_is_free(stores: Stores) -> None:
    ana = await stores.account()
    await opened(stores, ana, "one")
    await stores.accounts.remove_account(ana.id)
    assert await stores.accounts.session(hashlib.sha256(b"one").digest()) is None
    assert await stores.accounts.credentials(ana.email) is None
    again = await stores.accounts.create_account(ana.email, "hash", Role.USER)
    assert again.id != ana.id
    with pytest.raises(EmailTakenError):
        await stores.accounts.create_account(ana.email, "hash", Role.USER)


async def test_a_removed_account_goes_when_its_videos_and_events_are_gone(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    mine, hers = await stores.queued(ana.id), await stores.queued(eva.id)
    assert await stores.maintenance.removed_videos(10) == []
    await stores.accounts.remove_account(ana.id)
    assert await stores.maintenance.removed_videos(10) == [(ana.id, mine.id)]
    assert await stores.maintenance.forget_accounts(10) == 0
    await stores.videos.request_removals(ana.id, [mine.id])
    assert await stores.maintenance.removed_videos(10) == []
    while (claim := await stores.jobs.claim("w", 60)) is not None:
        if claim.task.kind is TaskKind.REMOVE:
            await stores.jobs.finish_removal(claim.task)
    # its events go first, a bounded number at a time
    assert await stores.maintenance.forget_accounts(2) == 0
    for _ in range(9):
        await stores.maintenance.forget_accounts(2)
    assert await stores.events.events(ana.id, 0, 10) == []
    assert (await stores.accounts.usage(ana.id))[0] == Usage()
    assert (await stores.videos.video(eva.id, hers.id)).state is not VideoState.DELETING
    assert await stores.accounts.credentials(eva.email) is not None


async def test_a_role_is_changed_by_address(stores: Stores) -> None:
    ana = await stores.account()
    changed = await stores.accounts.set_role(ana.email, Role.ADMIN)
    assert changed is not None
    assert (changed.id, changed.role) == (ana.id, Role.ADMIN)
    assert await stores.accounts.set_role("nobody@example.org", Role.ADMIN) is None


def sized(owner: UUID, size: int) -> NewVideo:
    return NewVideo(new_id(), owner, "a.mp4", ".mp4", "video/mp4", size, 8, "h264")


async def test_what_is_stored_and_in_flight_is_counted(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.videos.create_video(sized(owner, 100), None, b"")
    video, _ = await stores.videos.create_video(sized(owner, 30), None, b"")
    await stores.videos.submit(owner, video.id, None)
    used, own = await stores.accounts.usage(owner)
    assert (used, own) == (Usage(130, 2, 0.0), OwnQuota())
    await stores.videos.cancel(owner, video.id)
    assert (await stores.accounts.usage(owner))[0] == Usage(130, 1, 0.0)
    await stores.videos.request_removal(owner, video.id)
    assert (await stores.accounts.usage(owner))[0] == Usage(100, 1, 0.0)


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        (Quota(videos_in_flight=3), QuotaKind.VIDEOS_IN_FLIGHT),
        (Quota(stored_bytes=350), QuotaKind.STORED_BYTES),
    ],
)
async def test_of_many_videos_at_once_no_more_are_begun_than_may(
    stores: Stores, quota: Quota, kind: QuotaKind
) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    stores.limit(quota)
    refusals = set[QuotaKind]()

    async def create(owner: UUID) -> bool:
        try:
            await stores.videos.create_video(sized(owner, 100), None, b"")
        except QuotaExceededError as error:
            refusals.add(error.kind)
            return False
        return True

    made = await asyncio.gather(*(create(ana.id) for _ in range(12)), create(eva.id))
    assert (sum(made[:12]), made[12], refusals) == (3, True, {kind})
    assert len(await stores.videos.videos(ana.id, limit=20)) == 3


async def test_the_same_request_again_is_answered_at_the_limit_too(stores: Stores) -> None:
    owner = (await stores.account()).id
    stores.limit(Quota(videos_in_flight=1))
    new = sized(owner, 100)
    first, _ = await stores.videos.create_video(new, "key", b"h")
    again, made = await stores.videos.create_video(sized(owner, 100), "key", b"h")
    assert (again.id, made) == (first.id, False)


async def test_an_accounts_own_limit_goes_before_the_common_one(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    stores.limit(Quota(videos_in_flight=1, stored_bytes=1000))
    await stores.accounts.set_quota(ana.id, OwnQuota(videos_in_flight=2))
    await stores.accounts.set_quota(eva.id, OwnQuota(videos_in_flight=0))
    for _ in range(2):
        await stores.videos.create_video(sized(ana.id, 1), None, b"")
    with pytest.raises(QuotaExceededError):
        await stores.videos.create_video(sized(ana.id, 1), None, b"")
    for _ in range(5):
        await stores.videos.create_video(sized(eva.id, 200), None, b"")
    with pytest.raises(QuotaExceededError):
        await stores.videos.create_video(sized(eva.id, 1), None, b"")


async def test_processing_anew_counts_as_in_flight(stores: Stores) -> None:
    owner = (await stores.account()).id
    stores.limit(Quota(videos_in_flight=1))
    video = await stores.queued(owner)
    await stores.videos.cancel(owner, video.id)
    await stores.upload(owner)
    with pytest.raises(QuotaExceededError):
        await stores.videos.resubmit(owner, video.id, None)
    assert (await stores.videos.video(owner, video.id)).state is VideoState.CANCELED


def prepared(seconds: float) -> Completion:
    return Completion({}, facts=VideoFacts(seconds, 16, 16, 25.0, "h264", None), plan={})


async def test_the_days_minutes_are_counted_once_a_job_and_refused_when_used_up(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    stores.limit(Quota(minutes_per_day=2))
    await stores.queued(owner)
    first = await stores.jobs.claim("w", 60)
    assert first is not None
    await stores.jobs.complete(first.task, prepared(90))
    assert (await stores.accounts.usage(owner))[0].minutes_today == 1.5
    second = await stores.queued(owner)
    claim = await stores.jobs.claim("w", 60)
    assert claim is not None
    with pytest.raises(InvalidInputError) as refused:
        await stores.jobs.complete(claim.task, prepared(31))
    assert refused.value.code is FailureCode.QUOTA_EXCEEDED
    # nothing was changed: the attempt still holds the task, and may end it
    await stores.jobs.reject(claim.task, refused.value.code, refused.value.detail)
    assert (await stores.videos.video(owner, second.id)).failure is FailureCode.QUOTA_EXCEEDED
    await stores.queued(owner)
    third = await stores.jobs.claim("w", 60)
    assert third is not None
    await stores.jobs.complete(third.task, prepared(30))
    with pytest.raises(QuotaExceededError) as full:
        await stores.upload(owner)
    assert (full.value.kind, full.value.used) == (QuotaKind.MINUTES_TODAY, 2.0)


async def test_a_job_that_begins_anew_is_not_counted_twice(stores: Stores) -> None:
    owner = (await stores.account()).id
    await stores.queued(owner)
    first = await stores.jobs.claim("w", 60)
    assert first is not None
    follow = [NewTask(TaskKind.FINISH)]
    await stores.jobs.complete(
        first.task, Completion({}, facts=prepared(60).facts, plan={}, follow=follow)
    )
    finish = await stores.jobs.claim("w", 60)
    assert finish is not None
    await stores.jobs.restart(finish.task, NewTask(TaskKind.PREPARE))
    again = await stores.jobs.claim("w", 60)
    assert again is not None
    await stores.jobs.complete(again.task, prepared(60))
    assert (await stores.accounts.usage(owner))[0].minutes_today == 1.0


async def test_of_many_jobs_at_once_no_more_minutes_are_counted_than_may_be(
    stores: Stores,
) -> None:
    owner = (await stores.account()).id
    stores.limit(Quota(minutes_per_day=3))
    claims = []
    for _ in range(6):
        await stores.queued(owner)
        claims.append(await stores.jobs.claim("w", 60))

    async def complete(number: int) -> bool:
        claim = claims[number]
        assert claim is not None
        try:
            await stores.jobs.complete(claim.task, prepared(60))
        except InvalidInputError:
            return False
        return True

    assert sum(await asyncio.gather(*(complete(number) for number in range(6)))) == 3
    assert (await stores.accounts.usage(owner))[0].minutes_today == 3.0
