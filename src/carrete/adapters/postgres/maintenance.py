"""What ``reconcile`` and ``gc`` ask of PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text

from carrete.adapters.postgres import rows
from carrete.adapters.postgres.engine import LEADER_LOCK, Database, Transaction, translated
from carrete.adapters.postgres.outcomes import fail_task
from carrete.domain.artifacts import original_key
from carrete.domain.failures import FailureCode
from carrete.domain.retry import MAX_FAILURES
from carrete.ports import AbandonedUpload, DeadTask, Doorbell, Freed, QueueCounts

# An attempt that wrote keys is over when its task is no longer running it, and no worker that
# lost it may still be at work (a canceled task keeps its lease until its worker has let go).
_ATTEMPT_OVER = """
NOT EXISTS (SELECT 1 FROM task t WHERE t.id = a.task_id AND t.attempt = a.attempt
            AND (t.state = 'running' OR t.lease_until > now()))
"""

_LONGEST_DOUBLING = 6


class PostgresMaintenance:
    """Conforms to ``ports.MaintenanceStore``."""

    def __init__(self, database: Database) -> None:
        """Keep the pool."""
        self._db = database

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[bool]:
        """See the port."""
        with translated():
            # a connection of its own: the lock belongs to it and goes when it breaks
            async with self._db.engine.connect() as connection:
                result = await connection.execute(
                    text("SELECT pg_try_advisory_xact_lock(:space, 0)"), {"space": LEADER_LOCK}
                )
                yield bool(result.scalar())

    async def free_expired(self, limit: int) -> Freed:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT id, video_id FROM task WHERE state = 'running' AND lease_until < now()"
                " ORDER BY lease_until LIMIT :limit",
                limit=limit,
            )
        bells: list[Doorbell] = []
        given_up: list[Doorbell] = []
        for row in found:
            async with self._db.transaction() as tx:
                await _free(tx, row.id, row.video_id, bells, given_up)
        return Freed(tuple(bells), tuple(given_up))

    async def unburied(self, limit: int) -> Sequence[DeadTask]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT id, owner_id, attempt, detail FROM task WHERE to_bury AND state = 'failed'"
                " ORDER BY finished_at LIMIT :limit",
                limit=limit,
            )
        return [
            DeadTask(Doorbell(row.id, row.owner_id), row.attempt, row.detail or "") for row in found
        ]

    async def letter_sent(self, dead: DeadTask) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "UPDATE task SET to_bury = false WHERE id = :id AND attempt = :attempt",
                id=dead.bell.task_id,
                attempt=dead.attempt,
            )

    async def unseen(self, older_than_s: float, limit: int) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "UPDATE task SET rung_at = now(), rings = least(rings + 1, 100) WHERE id IN ("
                " SELECT id FROM task WHERE state = 'pending' AND run_after <= now()"
                " AND rung_at < now() - make_interval(secs => :older * (1 << least(rings, :most)))"
                " ORDER BY priority, id LIMIT :limit FOR UPDATE SKIP LOCKED)"
                " RETURNING id, owner_id",
                older=older_than_s,
                most=_LONGEST_DOUBLING,
                limit=limit,
            )
        return [Doorbell(row.id, row.owner_id) for row in found]

    async def abandoned(self, older_than_s: float, limit: int) -> Sequence[AbandonedUpload]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT id, owner_id, extension, upload_id, size_bytes FROM video"
                " WHERE state = 'uploading' AND updated_at < now() - make_interval(secs => :older)"
                " ORDER BY updated_at LIMIT :limit",
                older=older_than_s,
                limit=limit,
            )
        return [
            AbandonedUpload(
                owner_id=row.owner_id,
                video_id=row.id,
                key=original_key(row.owner_id, row.id, row.extension),
                upload_id=row.upload_id,
                size_bytes=row.size_bytes,
            )
            for row in found
        ]

    async def drop_abandoned(self, video_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            gone = await tx.row(
                "DELETE FROM video WHERE id = :id AND state = 'uploading' RETURNING owner_id",
                id=video_id,
            )
            if gone is not None:
                tx.note(gone.owner_id, video_id, "video.deleted", reason="abandoned")

    async def dead_keys(self, grace_s: float, limit: int) -> Sequence[str]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT key FROM artifact a WHERE a.state = 'dead'"  # noqa: S608
                f" OR (a.state = 'writing' AND {_ATTEMPT_OVER})"
                " OR (a.state = 'gone' AND a.swept_at < now() - make_interval(secs => :grace))"
                " ORDER BY key LIMIT :limit",
                grace=grace_s,
                limit=limit,
            )
        return [row.key for row in found]

    async def swept(self, keys: Sequence[str], grace_s: float) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "DELETE FROM artifact WHERE key = ANY(:keys) AND state = 'gone'"
                " AND swept_at < now() - make_interval(secs => :grace)",
                keys=list(keys),
                grace=grace_s,
            )
            await tx.rows(
                "UPDATE artifact SET state = 'gone', swept_at = now()"
                " WHERE key = ANY(:keys) AND state IN ('dead', 'writing')",
                keys=list(keys),
            )

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT key FROM artifact WHERE key = ANY(:keys) AND state <> 'gone' UNION ALL"
                " SELECT k FROM unnest(CAST(:keys AS text[])) k JOIN video v"
                " ON k = 'input/' || v.owner_id || '/' || v.id || '/original' || v.extension",
                keys=list(keys),
            )
        return {row.key for row in found}

    async def known_uploads(self, upload_ids: Sequence[str]) -> set[str]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT upload_id FROM video WHERE upload_id = ANY(:ids)", ids=list(upload_ids)
            )
        return {row.upload_id for row in found}

    async def prune_events(self, older_than_s: float, limit: int) -> int:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "DELETE FROM event WHERE id IN (SELECT id FROM event"
                " WHERE at < now() - make_interval(secs => :older) LIMIT :limit) RETURNING id",
                older=older_than_s,
                limit=limit,
            )
        return len(found)

    async def removed_videos(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                "SELECT v.owner_id, v.id FROM account a JOIN video v ON v.owner_id = a.id"
                " WHERE a.removed_at IS NOT NULL AND v.state <> 'deleting'"
                " ORDER BY v.owner_id LIMIT :limit",
                limit=limit,
            )
        return [(row.owner_id, row.id) for row in found]

    async def forget_accounts(self, limit: int) -> int:
        """See the port."""
        async with self._db.transaction() as tx:
            # they hold the names that the account gave its videos
            await tx.rows(
                "DELETE FROM event WHERE id IN (SELECT e.id FROM account a"
                " JOIN event e ON e.owner_id = a.id WHERE a.removed_at IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM video v WHERE v.owner_id = a.id) LIMIT :limit)",
                limit=limit,
            )
            gone = await tx.rows(
                "DELETE FROM account WHERE id IN (SELECT a.id FROM account a"
                " WHERE a.removed_at IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM video v WHERE v.owner_id = a.id)"
                " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.owner_id = a.id) LIMIT :limit)"
                " RETURNING id",
                limit=limit,
            )
        return len(gone)

    async def drop_silent_workers(self, older_than_s: float) -> int:
        """See the port."""
        async with self._db.transaction() as tx:
            gone = await tx.rows(
                "DELETE FROM worker WHERE seen_at < now() - make_interval(secs => :older)"
                " RETURNING name",
                older=older_than_s,
            )
        return len(gone)

    async def counts(self) -> QueueCounts:
        """See the port."""
        async with self._db.transaction() as tx:
            tasks = await tx.row(
                "SELECT count(*) FILTER (WHERE state = 'pending') AS pending,"
                " count(*) FILTER (WHERE state = 'running') AS running,"
                " coalesce(extract(epoch FROM now() - min(run_after)"
                " FILTER (WHERE state = 'pending' AND run_after <= now())), 0) AS oldest"
                " FROM task WHERE state IN ('pending', 'running')"
            )
            videos = await tx.rows("SELECT state, count(*) AS n FROM video GROUP BY state")
        return QueueCounts(
            pending=tasks.pending if tasks else 0,
            running=tasks.running if tasks else 0,
            oldest_wait_s=float(tasks.oldest) if tasks else 0.0,
            videos={row.state: row.n for row in videos},
        )


async def _free(
    tx: Transaction,
    task_id: UUID,
    video_id: UUID,
    bells: list[Doorbell],
    given_up: list[Doorbell],
) -> None:
    """Put one expired task back, or fail it when it was lost too often."""
    await tx.rows("SELECT 1 FROM video WHERE id = :id FOR UPDATE", id=video_id)
    row = await tx.row(
        f"SELECT {rows.TASK} FROM task t WHERE t.id = :id AND t.state = 'running'"  # noqa: S608
        " AND t.lease_until < now() FOR UPDATE",
        id=task_id,
    )
    if row is None:
        return
    task = rows.to_task(row)
    detail = f"worker {task.worker} was not heard of for the whole lease"
    if task.failures + 1 >= MAX_FAILURES:
        await fail_task(tx, task, FailureCode.GAVE_UP, detail)
        given_up.append(Doorbell(task.id, task.owner_id))
        return
    await tx.rows(
        "UPDATE task SET state = 'pending', failures = failures + 1, lease_until = NULL,"
        " detail = :detail, run_after = now(), rung_at = now(), rings = 0 WHERE id = :id",
        id=task.id,
        detail=detail,
    )
    tx.note(
        task.owner_id,
        task.video_id,
        "task.lost",
        kind=task.kind.value,
        index=task.index,
        attempt=task.attempt,
    )
    bells.append(Doorbell(task.id, task.owner_id))
