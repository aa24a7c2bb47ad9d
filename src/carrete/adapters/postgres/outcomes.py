"""What the end of a task changes, in PostgreSQL: pieces of the transactions of ``jobs``."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from carrete.adapters.postgres import changes
from carrete.adapters.postgres.engine import Transaction, dump
from carrete.domain.artifacts import ArtifactKind, JsonObject
from carrete.domain.failures import (
    PERHAPS_OURS,
    FailureCode,
    LeaseLostError,
    TaskCanceledError,
)
from carrete.domain.task import Task, TaskKind
from carrete.domain.video import VideoState
from carrete.ports import Completion, Need, StoredFile

STILLS = frozenset({ArtifactKind.POSTER, ArtifactKind.STORYBOARD})


def label(task: Task) -> JsonObject:
    """What events say of a task."""
    return {"kind": task.kind.value, "index": task.index, "attempt": task.attempt}


async def lost(tx: Transaction, task: Task) -> None:
    """Raise what became of an attempt that no longer holds its task."""
    row = await tx.row("SELECT state, attempt FROM task WHERE id = :id", id=task.id)
    if row is None or (row.state == "canceled" and row.attempt == task.attempt):
        msg = f"{task.kind} {task.index} was canceled"
        raise TaskCanceledError(msg)
    msg = f"attempt {task.attempt} at {task.kind} {task.index} lost its lease"
    raise LeaseLostError(msg)


async def lock_held(tx: Transaction, task: Task) -> None:
    """Lock the video, then the task, and check the fence."""
    await tx.rows("SELECT 1 FROM video WHERE id = :id FOR UPDATE", id=task.video_id)
    held = await tx.row(
        "SELECT id FROM task WHERE id = :id AND attempt = :attempt AND state = 'running'"
        " FOR UPDATE",
        id=task.id,
        attempt=task.attempt,
    )
    if held is None:
        await lost(tx, task)


async def make_real(tx: Transaction, task: Task, files: Sequence[StoredFile]) -> None:
    """Make objects live; they replace those of the same kind, rendition and chunk."""
    for file in files:
        await tx.rows(
            "UPDATE artifact SET state = 'dead' WHERE job_id = :job AND state = 'live'"
            " AND kind = :kind AND rendition IS NOT DISTINCT FROM CAST(:rendition AS text)"
            " AND chunk IS NOT DISTINCT FROM CAST(:chunk AS integer) AND key <> :key",
            job=task.job_id,
            kind=file.kind,
            rendition=file.rendition,
            chunk=file.chunk,
            key=file.key,
        )
        await tx.rows(
            "UPDATE artifact SET state = 'live', kind = :kind, rendition = :rendition,"
            " chunk = :chunk, size_bytes = :size, content_type = :type,"
            " meta = CAST(:meta AS jsonb) WHERE key = :key AND task_id = :task",
            key=file.key,
            task=task.id,
            kind=file.kind,
            rendition=file.rendition,
            chunk=file.chunk,
            size=file.size_bytes,
            type=file.content_type,
            meta=dump(file.meta),
        )
    if any(file.kind in STILLS for file in files):
        await changes.note_stills(tx, task.video_id)


async def keep_plan(tx: Transaction, task: Task, completion: Completion) -> None:
    """Keep the plan and what was learned about the original, where there is such."""
    if completion.plan is not None:
        await tx.rows(
            "UPDATE job SET plan = CAST(:plan AS jsonb), total_weight = :weight WHERE id = :id",
            id=task.job_id,
            plan=dump(completion.plan),
            weight=completion.total_weight or changes.UNPLANNED_WEIGHT,
        )
    if completion.facts is not None:
        facts = asdict(completion.facts)
        columns = ", ".join(f"{name} = :{name}" for name in facts)
        await tx.rows(
            f"UPDATE video SET {columns}, updated_at = now() WHERE id = :id",  # noqa: S608
            id=task.video_id,
            **{**facts, "warnings": list(completion.facts.warnings)},
        )


async def unfinished(tx: Transaction, job_id: UUID) -> bool:
    """Whether some task of the job is not done."""
    # the video's lock makes the last two tasks of a job end one after the other
    row = await tx.row(
        "SELECT 1 FROM task WHERE job_id = :job AND state <> 'done' LIMIT 1", job=job_id
    )
    return row is not None


async def set_playable(tx: Transaction, task: Task, needs: Sequence[Need]) -> None:
    """Note that the first seconds can be streamed, once all that they need is live."""
    for need in needs:
        live = await tx.row(
            "SELECT 1 FROM artifact WHERE job_id = :job AND state = 'live' AND kind = :kind"
            " AND rendition IS NOT DISTINCT FROM CAST(:rendition AS text)"
            " AND chunk IS NOT DISTINCT FROM CAST(:chunk AS integer)",
            job=task.job_id,
            kind=need.kind,
            rendition=need.rendition,
            chunk=need.chunk,
        )
        if live is None:
            return
    first = needs and await tx.row(
        "UPDATE video SET playable_at = now(), updated_at = now()"
        " WHERE id = :id AND playable_at IS NULL RETURNING id",
        id=task.video_id,
    )
    if first:
        tx.note(task.owner_id, task.video_id, "video.playable")


async def publish(tx: Transaction, task: Task) -> None:
    """Make the video ready with this job's results; those of earlier jobs go."""
    await tx.rows("UPDATE job SET finished_at = now() WHERE id = :id", id=task.job_id)
    await changes.drop_results(tx, task.video_id, but=[task.job_id])
    await tx.rows(
        "DELETE FROM job WHERE video_id = :video AND id <> :job",
        video=task.video_id,
        job=task.job_id,
    )
    row = await tx.row(
        "SELECT v.duration_s, coalesce((SELECT sum(size_bytes) FROM artifact"
        " WHERE job_id = :job AND state = 'live'), 0) AS bytes FROM video v WHERE v.id = :id",
        job=task.job_id,
        id=task.video_id,
    )
    result_bytes = int(row.bytes) if row else 0
    await changes.set_state(
        tx,
        task.owner_id,
        task.video_id,
        VideoState.READY,
        set_also=", published_job_id = :job, finished_at = now(),"
        " playable_at = coalesce(playable_at, now()), output_bytes = (SELECT sum(size_bytes)"
        " FROM artifact WHERE job_id = :job AND state = 'live' AND kind = 'processed'),"
        " results_bytes = :bytes",
        values={"job": task.job_id, "bytes": result_bytes},
        duration_s=row.duration_s if row else None,
        result_bytes=result_bytes,
    )
    await changes.note_stills(tx, task.video_id)


async def put_back(
    tx: Transaction, task: Task, delay_s: float, *, failed: int, detail: str | None
) -> None:
    """Make a task wait again."""
    await tx.rows(
        "UPDATE task SET state = 'pending', failures = failures + :failed, lease_until = NULL,"
        " detail = :detail, run_after = now() + make_interval(secs => :delay),"
        " rung_at = now() + make_interval(secs => :delay), rings = 0 WHERE id = :id",
        id=task.id,
        failed=failed,
        detail=detail,
        delay=delay_s,
    )


async def fail_task(tx: Transaction, task: Task, code: FailureCode, detail: str) -> None:
    """End a task, its video and the job's other tasks; the video's row is locked already.

    Where the fault may be ours, the operator is to be told (``unburied``), and the job's objects
    stay, for a redrive to build on.
    """
    await tx.rows(
        "UPDATE task SET state = 'failed', failure = :code, detail = :detail, to_bury = :to_bury,"
        " failures = failures + 1, finished_at = now(), lease_until = NULL WHERE id = :id",
        id=task.id,
        to_bury=code in PERHAPS_OURS,
        code=code,
        detail=detail,
    )
    if task.kind is TaskKind.REMOVE:
        return
    await changes.stop_tasks(tx, task.video_id, but=task.id)
    if code not in PERHAPS_OURS:
        await tx.rows(
            "UPDATE artifact SET state = 'dead' WHERE job_id = :job AND state = 'live'",
            job=task.job_id,
        )
        await changes.note_stills(tx, task.video_id)
    await changes.set_state(
        tx,
        task.owner_id,
        task.video_id,
        VideoState.FAILED,
        set_also=", failure = :code, finished_at = now()",
        values={"code": code.value},
        code=code.value,
    )
