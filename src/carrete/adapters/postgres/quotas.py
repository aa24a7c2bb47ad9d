"""What an account uses, and its limits: pieces of transactions."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres.engine import Transaction
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.quota import OwnQuota, Quota, Usage, check_new_video
from carrete.domain.task import Task
from carrete.domain.video import IN_FLIGHT

OWN = "quota_stored_bytes, quota_videos_in_flight, quota_minutes_per_day"
TODAY = "CAST(now() AT TIME ZONE 'utc' AS date)"


async def admit(tx: Transaction, owner_id: UUID, quota: Quota) -> None:
    """Check the limits after a video was added in this transaction, which a refusal undoes.

    The account's row was locked before (``lock``), so that of many additions at once each sees
    those before it.
    """
    if quota != Quota():
        check_new_video(await usage(tx, owner_id), quota)


async def lock(tx: Transaction, owner_id: UUID, common: Quota) -> Quota:
    """The account's limits, with its row locked against others that ask the same."""
    row = await tx.row(
        f"SELECT {OWN} FROM account WHERE id = :id FOR NO KEY UPDATE",  # noqa: S608 - constant
        id=owner_id,
    )
    return common if row is None else own_quota(row).over(common)


async def usage(tx: Transaction, owner_id: UUID) -> Usage:
    """What an account uses."""
    row = await tx.row(
        "SELECT coalesce(sum(v.size_bytes + v.results_bytes), 0) AS stored,"  # noqa: S608 - constant
        " count(*) FILTER (WHERE v.state = ANY(:flying)) AS flying,"
        f" coalesce((SELECT seconds FROM owner_day WHERE owner_id = :id AND day = {TODAY}), 0)"
        " AS seconds FROM video v WHERE v.owner_id = :id AND v.state <> 'deleting'",
        id=owner_id,
        flying=[state.value for state in IN_FLIGHT],
    )
    assert row is not None
    return Usage(int(row.stored), row.flying, row.seconds / 60)


async def charge(tx: Transaction, task: Task, seconds: float, common: Quota) -> None:
    """Count a video's length against its owner's day, once for each job.

    Raises:
        InvalidInputError: the day's minutes do not suffice.
    """
    row = await tx.row(
        f"SELECT j.charged_s, {OWN} FROM job j JOIN account a ON a.id = j.owner_id"  # noqa: S608
        " WHERE j.id = :job",
        job=task.job_id,
    )
    if row is None or row.charged_s is not None:
        return
    limit = own_quota(row).over(common).minutes_per_day * 60
    counted = await tx.row(
        "INSERT INTO owner_day AS d (owner_id, day, seconds)"
        f" SELECT :owner, {TODAY}, :seconds WHERE :limit = 0 OR :seconds <= :limit"
        " ON CONFLICT (owner_id, day) DO UPDATE SET seconds = d.seconds + :seconds"
        " WHERE :limit = 0 OR d.seconds + :seconds <= :limit RETURNING seconds",
        owner=task.owner_id,
        seconds=seconds,
        limit=float(limit),
    )
    if counted is None:
        detail = f"{seconds:.0f} s more than the day's {limit} s allow"
        raise InvalidInputError(FailureCode.QUOTA_EXCEEDED, detail)
    await tx.rows("UPDATE job SET charged_s = :s WHERE id = :id", s=seconds, id=task.job_id)


def own_quota(row: Row[Any]) -> OwnQuota:
    """The limits in a row with the columns ``OWN``."""
    return OwnQuota(row.quota_stored_bytes, row.quota_videos_in_flight, row.quota_minutes_per_day)
