"""Tasks as workers see them, in PostgreSQL. Every write is fenced by the attempt (invariant 2)."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres import changes, claims, outcomes, quotas, rows
from carrete.adapters.postgres.engine import CHANNEL, Database, Transaction, dump
from carrete.domain.artifacts import JsonObject, original_key
from carrete.domain.failures import FailureCode
from carrete.domain.quota import NO_QUOTA, Quota
from carrete.domain.task import Claim, NewTask, Task, TaskKind
from carrete.domain.video import VideoState
from carrete.ports import Artifact, Completion, Doorbell, Need, Removal, StoredFile

_CLAIM_TRIES = 5


class PostgresJobs:
    """Conforms to ``ports.JobStore``."""

    def __init__(self, database: Database, quota: Quota = NO_QUOTA) -> None:
        """Keep the pool, and the limits of accounts that have none of their own."""
        self._db = database
        self._quota = quota

    async def claim(self, worker: str, lease_s: float) -> Claim | None:
        """See the port."""
        passed: list[UUID] = []
        for left in reversed(range(_CLAIM_TRIES)):
            async with self._db.transaction() as tx:
                picked = await _pick(tx, passed)
                if picked is None:
                    return None
                if not await _in_turn(tx, picked) and left:
                    await tx.connection.rollback()
                elif await _started(tx, picked):
                    return await _take(tx, picked, worker, lease_s)
                else:
                    passed.append(picked.video_id)
                    await tx.connection.rollback()
        return None

    async def waiting(self, older_than_s: float) -> bool:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.row(
                "SELECT 1 FROM task WHERE state = 'pending'"
                " AND run_after < now() - make_interval(secs => :older) LIMIT 1",
                older=older_than_s,
            )
        return found is not None

    async def heartbeat(self, task: Task, lease_s: float, progress: float) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            beat = await tx.row(
                claims.BEAT,
                id=task.id,
                attempt=task.attempt,
                lease=lease_s,
                progress=min(max(progress, 0.0), 1.0),
            )
            if beat is None:
                await outcomes.lost(tx, task)
                return
            if task.kind is not TaskKind.REMOVE and progress > task.progress:
                await tx.rows(
                    "SELECT pg_notify(:channel, :payload)",
                    channel=CHANNEL,
                    payload=json.dumps(_progress_event(beat)),
                )

    async def intend(self, task: Task, keys: Sequence[str], lease_s: float) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            held = await tx.row(
                "UPDATE task SET lease_until = now() + make_interval(secs => :lease)"
                " WHERE id = :id AND attempt = :attempt AND state = 'running' RETURNING id",
                id=task.id,
                attempt=task.attempt,
                lease=lease_s,
            )
            if held is None:
                await outcomes.lost(tx, task)
            for key in keys:
                await tx.rows(
                    "INSERT INTO artifact (key, owner_id, video_id, job_id, task_id, attempt,"
                    " state) VALUES (:key, :owner, :video, :job, :task, :attempt, 'writing')",
                    key=key,
                    owner=task.owner_id,
                    video=task.video_id,
                    job=task.job_id,
                    task=task.id,
                    attempt=task.attempt,
                )

    async def publish(
        self, task: Task, files: Sequence[StoredFile], playable_when: Sequence[Need]
    ) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            await outcomes.make_real(tx, task, files)
            await outcomes.set_playable(tx, task, playable_when)
            tx.note(task.owner_id, task.video_id, "task.published", **outcomes.label(task))

    async def complete(self, task: Task, completion: Completion) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            await tx.rows(
                "UPDATE task SET state = 'done', progress = 1, result = CAST(:result AS jsonb),"
                " finished_at = now(), lease_until = NULL WHERE id = :id",
                id=task.id,
                result=dump(completion.result),
            )
            await outcomes.make_real(tx, task, completion.files)
            # parts that only an earlier attempt published are not part of this result
            await tx.rows(
                "UPDATE artifact SET state = 'dead' WHERE task_id = :task AND state = 'live'"
                " AND attempt < :attempt",
                task=task.id,
                attempt=task.attempt,
            )
            await outcomes.keep_plan(tx, task, completion)
            if completion.facts is not None:
                await quotas.charge(tx, task, completion.facts.duration_s, self._quota)
            tx.note(task.owner_id, task.video_id, "task.done", **outcomes.label(task))
            bells = await changes.add_tasks(
                tx, task.owner_id, task.video_id, task.job_id, completion.follow
            )
            if completion.last is not None and not await outcomes.unfinished(tx, task.job_id):
                bells += await changes.add_tasks(
                    tx, task.owner_id, task.video_id, task.job_id, [completion.last]
                )
            await outcomes.set_playable(tx, task, completion.playable_when)
            if completion.publish:
                await outcomes.publish(tx, task)
            return bells

    async def finish_removal(self, task: Task) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            # swept once by the worker; a frozen worker may still write, so once more later
            await tx.rows(
                "UPDATE artifact SET state = 'gone', swept_at = now() WHERE video_id = :video",
                video=task.video_id,
            )
            await tx.rows("DELETE FROM video WHERE id = :video", video=task.video_id)
            tx.note(task.owner_id, task.video_id, "video.deleted")

    async def retry(
        self, task: Task, delay_s: float, detail: str, *, counted: bool = True
    ) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            await outcomes.put_back(tx, task, delay_s, failed=int(counted), detail=detail)
            tx.note(
                task.owner_id,
                task.video_id,
                "task.retrying",
                **outcomes.label(task),
                delay_s=delay_s,
            )
        return [Doorbell(task.id, task.owner_id)]

    async def give_back(self, task: Task) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            await outcomes.put_back(tx, task, 0.0, failed=0, detail=None)
            tx.note(task.owner_id, task.video_id, "task.given_back", **outcomes.label(task))
        return [Doorbell(task.id, task.owner_id)]

    async def reject(self, task: Task, code: FailureCode, detail: str) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            await outcomes.fail_task(tx, task, code, detail)

    async def restart(self, task: Task, first: NewTask) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            await outcomes.lock_held(tx, task)
            old = (
                await tx.rows("SELECT profile, charged_s FROM job WHERE id = :job", job=task.job_id)
            )[0]
            await tx.rows(
                "UPDATE artifact SET state = 'dead' WHERE job_id = :job AND state = 'live'",
                job=task.job_id,
            )
            # a job of its own: attempts count from 1 again, and no two may share a key
            new, bells = await changes.open_job(
                tx, task.owner_id, task.video_id, old.profile, first
            )
            # the owner's minutes were counted already
            await tx.rows("UPDATE job SET charged_s = :s WHERE id = :id", s=old.charged_s, id=new)
            await tx.rows(
                "UPDATE video SET job_id = :new WHERE id = :id AND job_id = :old",
                new=new,
                old=task.job_id,
                id=task.video_id,
            )
            await tx.rows("DELETE FROM job WHERE id = :job", job=task.job_id)
            # its first seconds are gone too; they are told of again when they are made anew
            await tx.rows(
                "UPDATE video SET playable_at = NULL WHERE id = :id AND published_job_id IS NULL",
                id=task.video_id,
            )
            await changes.note_stills(tx, task.video_id)
            tx.note(task.owner_id, task.video_id, "job.restarted", **outcomes.label(task))
            return bells

    async def acknowledge(self, task: Task) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "UPDATE task SET lease_until = NULL WHERE id = :id AND attempt = :attempt"
                " AND state <> 'running'",
                id=task.id,
                attempt=task.attempt,
            )

    async def redrive(self, task_id: UUID) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row("SELECT owner_id, video_id FROM task WHERE id = :id", id=task_id)
            if row is None:
                return ()
            video = await tx.row("SELECT * FROM video WHERE id = :id FOR UPDATE", id=row.video_id)
            revived = await tx.rows(
                "UPDATE task t SET state = 'pending', failures = 0, failure = NULL,"
                " progress = 0, run_after = now(), rung_at = now(), rings = 0, lease_until = NULL,"
                " to_bury = false FROM task dead WHERE dead.id = :id AND dead.state = 'failed'"
                " AND t.job_id = dead.job_id AND t.state IN ('failed', 'canceled')"
                " RETURNING t.id",
                id=task_id,
            )
            if not revived or video is None:
                return ()
            if video.state == VideoState.FAILED:
                await changes.set_state(
                    tx,
                    row.owner_id,
                    row.video_id,
                    VideoState.PROCESSING,
                    set_also=", failure = NULL, finished_at = NULL",
                )
            return [Doorbell(task.id, row.owner_id) for task in revived]

    async def plan_of(self, job_id: UUID) -> tuple[JsonObject, list[Artifact]]:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row("SELECT plan FROM job WHERE id = :id", id=job_id)
            found = await tx.rows(
                f"SELECT {rows.ARTIFACT} FROM artifact a"  # noqa: S608
                " WHERE a.job_id = :job AND a.state = 'live' ORDER BY a.chunk, a.key",
                job=job_id,
            )
        return (row.plan if row else {}), [rows.to_artifact(item) for item in found]

    async def removal(self, video_id: UUID) -> Removal | None:
        """See the port."""
        async with self._db.transaction() as tx:
            video = await tx.row("SELECT * FROM video WHERE id = :id", id=video_id)
            if video is None:
                return None
            found = await tx.rows("SELECT key FROM artifact WHERE video_id = :id", id=video_id)
        return Removal(
            original_key=original_key(video.owner_id, video.id, video.extension),
            upload_id=video.upload_id,
            keys=tuple(item.key for item in found),
        )


async def _pick(tx: Transaction, passed: list[UUID]) -> Row[Any] | None:
    """Choose and lock the task that is next, but none of the videos that were passed over."""
    for depth in claims.DEPTHS:
        picked = await tx.row(claims.PICK, depth=depth, passed=passed)
        if picked is not None:
            return picked
    return None


async def _in_turn(tx: Transaction, picked: Row[Any]) -> bool:
    """Note that the owner is served, unless a claim did so that this one has not seen."""
    if not picked.in_turn:  # another claim has the owner's turn and notes it
        return True
    served = await tx.rows(claims.SERVED, owner=picked.owner_id, seen=picked.served_at)
    return bool(served)


async def _started(tx: Transaction, picked: Row[Any]) -> bool:
    """Start the video with its first task, unless its owner is changing it right now."""
    if picked.kind != TaskKind.PREPARE:
        return True
    return bool(await tx.rows(claims.START_VIDEO, video=picked.video_id))


async def _take(tx: Transaction, picked: Row[Any], worker: str, lease_s: float) -> Claim:
    sql = claims.TAKE.format(columns=rows.TASK)
    row = (await tx.rows(sql, id=picked.id, worker=worker, lease=lease_s))[0]
    task = rows.to_task(row)
    if task.kind is TaskKind.PREPARE:
        tx.note(task.owner_id, task.video_id, "video.processing")
    tx.note(task.owner_id, task.video_id, "task.running", **outcomes.label(task), worker=worker)
    return Claim(
        task=task,
        plan=row.job_plan,
        source_key=original_key(task.owner_id, task.video_id, row.source_extension),
        source_bytes=row.source_bytes,
        profile=row.job_profile,
        extension=row.source_extension,
        traceparent=row.job_traceparent,
    )


def _progress_event(beat: Row[Any]) -> JsonObject:
    """A fleeting event, in the form that ``events`` reads: it has no id and is not stored."""
    values = beat._mapping  # noqa: SLF001 - SQLAlchemy's public name
    return {
        "id": None,
        "owner_id": str(beat.owner_id),
        "video_id": str(beat.video_id),
        "type": "video.progress",
        "at": beat.at.isoformat(),
        "data": {
            "progress": round(float(beat.overall or 0.0), 4),
            "task": {
                "kind": beat.kind,
                "index": values["index"],
                "attempt": beat.attempt,
                "progress": round(float(beat.progress), 4),
            },
        },
    }
