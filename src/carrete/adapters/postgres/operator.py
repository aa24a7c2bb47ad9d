"""What the operator sees, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres import quotas
from carrete.adapters.postgres.engine import Database
from carrete.domain.account import Account, Role
from carrete.domain.failures import FailureCode
from carrete.domain.library import Position
from carrete.domain.quota import Usage
from carrete.domain.task import TaskKind
from carrete.ports import (
    MAX_WORKERS,
    Backlog,
    BuriedTask,
    KnownAccount,
    KnownWorker,
    NotFoundError,
    RunningTask,
    Tally,
    WorkerReport,
)

_HISTORY = """
SELECT to_timestamp(floor(extract(epoch FROM at) / :bucket) * :bucket) AS bucket,
    count(*) FILTER (WHERE type = 'video.ready' AND jsonb_exists(data, 'result_bytes')) AS ready,
    count(*) FILTER (WHERE type = 'video.failed') AS failed,
    count(*) FILTER (WHERE type = 'task.lost') AS lost,
    coalesce(sum(CAST(data->>'duration_s' AS float8)) FILTER (WHERE type = 'video.ready'), 0)
        AS seconds,
    coalesce(sum(CAST(data->>'size_bytes' AS bigint)) FILTER (WHERE type = 'video.queued'), 0)
        AS bytes_in,
    coalesce(sum(CAST(data->>'result_bytes' AS bigint)) FILTER (WHERE type = 'video.ready'), 0)
        AS bytes_out
FROM event WHERE at >= :since
    AND type IN ('video.queued', 'video.ready', 'video.failed', 'task.lost')
GROUP BY 1 ORDER BY 1
"""

_ACCOUNTS = f"""
SELECT a.*, u.videos, u.stored, u.flying, coalesce(d.seconds, 0) AS seconds
FROM (SELECT id, email, role, created_at, {quotas.OWN} FROM account WHERE {{condition}}
      ORDER BY email, id LIMIT :limit) a
CROSS JOIN LATERAL (
    SELECT count(*) AS videos, coalesce(sum(v.size_bytes + v.results_bytes), 0) AS stored,
        count(*) FILTER (WHERE v.state IN ('uploading', 'queued', 'processing')) AS flying
    FROM video v WHERE v.owner_id = a.id AND v.state <> 'deleting') u
LEFT JOIN owner_day d ON d.owner_id = a.id AND d.day = {quotas.TODAY}
ORDER BY a.email, a.id
"""  # noqa: S608 - constants


class PostgresOperator:
    """Conforms to ``ports.OperatorStore``."""

    def __init__(self, database: Database) -> None:
        """Keep the pool."""
        self._db = database

    async def report_worker(self, report: WorkerReport) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "INSERT INTO worker (name, host, version, slots, draining)"
                " VALUES (:name, :host, :version, :slots, :draining)"
                " ON CONFLICT (name) DO UPDATE SET seen_at = now(), draining = :draining",
                name=report.name,
                host=report.host,
                version=report.version,
                slots=report.slots,
                draining=report.draining,
            )

    async def forget_worker(self, name: str) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows("DELETE FROM worker WHERE name = :name", name=name)

    async def workers(self) -> list[KnownWorker]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT * FROM worker ORDER BY host, name LIMIT :most", most=MAX_WORKERS
            )
        return [
            KnownWorker(
                WorkerReport(row.name, row.host, row.version, row.slots, row.draining),
                row.started_at,
                row.seen_at,
            )
            for row in found
        ]

    async def running_tasks(self, limit: int) -> list[RunningTask]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                'SELECT t.worker, t.video_id, t.owner_id, t.kind, t."index" AS position, t.attempt,'
                " t.progress, t.started_at, CASE WHEN t.kind = 'encode'"
                " THEN CAST(j.plan->'chunks'->t.\"index\"->>'duration_s' AS float8)"
                " WHEN t.kind IN ('audio', 'finish') THEN v.duration_s END AS seconds"
                " FROM task t JOIN job j ON j.id = t.job_id JOIN video v ON v.id = t.video_id"
                " WHERE t.state = 'running' ORDER BY t.started_at LIMIT :limit",
                limit=limit,
            )
        return [
            RunningTask(
                worker=row.worker or "",
                video_id=row.video_id,
                owner_id=row.owner_id,
                kind=TaskKind(row.kind),
                index=row.position,
                attempt=row.attempt,
                progress=row.progress,
                started_at=row.started_at,
                seconds=row.seconds,
            )
            for row in found
        ]

    async def backlog(self) -> Backlog:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT count(*) FILTER (WHERE state = 'pending') AS pending,"
                " count(*) FILTER (WHERE state = 'running') AS running,"
                " extract(epoch FROM now() - min(run_after)"
                " FILTER (WHERE state = 'pending' AND run_after <= now())) AS waited,"
                " extract(epoch FROM now() - min(rung_at)"
                " FILTER (WHERE state = 'pending' AND rung_at <= now())) AS rung"
                " FROM task WHERE state IN ('pending', 'running')"
            )
        assert row is not None
        waited, rung = (None if x is None else float(x) for x in (row.waited, row.rung))
        return Backlog(row.pending, row.running, waited, rung)

    async def history(self, since: datetime, bucket_s: int) -> list[Tally]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(_HISTORY, since=since, bucket=bucket_s)
        return [
            Tally(
                at=row.bucket,
                ready=row.ready,
                failed=row.failed,
                source_seconds=float(row.seconds),
                bytes_in=int(row.bytes_in),
                bytes_out=int(row.bytes_out),
                tasks_lost=row.lost,
            )
            for row in found
        ]

    async def buried(self, task_ids: Collection[UUID]) -> dict[UUID, BuriedTask]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT t.id, t.video_id, a.email, t.kind, t.failure FROM task t"
                " JOIN account a ON a.id = t.owner_id WHERE t.id = ANY(:ids)",
                ids=list(task_ids),
            )
        return {
            row.id: BuriedTask(
                row.id,
                row.video_id,
                row.email,
                TaskKind(row.kind),
                FailureCode(row.failure) if row.failure else None,
            )
            for row in found
        }

    async def accounts(
        self, text: str, after: Position | None, limit: int
    ) -> Sequence[KnownAccount]:
        """See the port."""
        condition = "removed_at IS NULL AND position(lower(CAST(:text AS text)) IN email) > 0"
        values: dict[str, Any] = {"text": text, "limit": limit}
        if after is not None:
            condition += " AND (email, id) > (CAST(:after AS text), :after_id)"
            values |= {"after": after.value, "after_id": after.id}
        async with self._db.transaction() as tx:
            found = await tx.rows(_ACCOUNTS.format(condition=condition), **values)
        return [_known(row) for row in found]

    async def account(self, account_id: UUID) -> KnownAccount:
        """See the port."""
        sql = _ACCOUNTS.format(condition="removed_at IS NULL AND id = :id")
        async with self._db.transaction() as tx:
            row = await tx.row(sql, id=account_id, limit=1)
        if row is None:
            msg = f"there is no account {account_id}"
            raise NotFoundError(msg)
        return _known(row)


def _known(row: Row[Any]) -> KnownAccount:
    return KnownAccount(
        Account(row.id, row.email, Role(row.role), row.created_at),
        row.videos,
        Usage(int(row.stored), row.flying, row.seconds / 60),
        quotas.own_quota(row),
    )
