"""Pieces of transactions that several stores share: changes of state, each with its event.

Order of locks, so that no two transactions wait for each other: the video's row first, then rows
of its tasks. ``claim``, which starts from a task, skips rows and turns of owners that are locked
instead of waiting.
"""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete import tracing
from carrete.adapters.postgres.engine import Transaction, dump
from carrete.domain.ids import new_id
from carrete.domain.task import NewTask, Priority, TaskKind
from carrete.domain.video import VideoState
from carrete.ports import Doorbell, NotFoundError

UNPLANNED_WEIGHT = 100.0
"""Total weight of a job before its plan is known; ``prepare`` itself weighs 1."""


async def lock_video(tx: Transaction, owner_id: UUID, video_id: UUID) -> Row[Any]:
    """Lock a video's row.

    Raises:
        NotFoundError: the owner has no such video, or it is being deleted.
    """
    row = await tx.row(
        "SELECT * FROM video WHERE id = :id AND owner_id = :owner AND state <> 'deleting'"
        " FOR UPDATE",
        id=video_id,
        owner=owner_id,
    )
    if row is None:
        raise not_found(video_id)
    return row


def not_found(video_id: UUID) -> NotFoundError:
    """The error for a video that the asker does not have."""
    return NotFoundError(f"there is no video {video_id}")


async def set_state(
    tx: Transaction,
    owner_id: UUID,
    video_id: UUID,
    state: VideoState,
    *,
    set_also: str = "",
    values: dict[str, Any] | None = None,
    **data: Any,
) -> None:
    """Change a video's state and note the event ``video.<state>``. The row is locked already."""
    await tx.rows(
        f"UPDATE video SET state = :state, updated_at = now(){set_also} WHERE id = :id",  # noqa: S608
        state=state,
        id=video_id,
        **(values or {}),
    )
    tx.note(owner_id, video_id, f"video.{state}", **data)


async def open_job(
    tx: Transaction, owner_id: UUID, video_id: UUID, profile: str, first: NewTask
) -> tuple[UUID, list[Doorbell]]:
    """Add a job with its first task; returns the job and the doorbells to ring after commit.

    The job belongs to the trace that is open here: all its tasks will.
    """
    job_id = new_id()
    await tx.rows(
        "INSERT INTO job (id, video_id, owner_id, profile, total_weight, traceparent)"
        " VALUES (:id, :video, :owner, :profile, :weight, :traceparent)",
        id=job_id,
        video=video_id,
        owner=owner_id,
        profile=profile,
        weight=UNPLANNED_WEIGHT,
        traceparent=tracing.current(),
    )
    return job_id, await add_tasks(tx, owner_id, video_id, job_id, [first])


async def add_tasks(
    tx: Transaction, owner_id: UUID, video_id: UUID, job_id: UUID, tasks: Iterable[NewTask]
) -> list[Doorbell]:
    """Add waiting tasks; one that exists already (same job, kind and index) is left as it is.

    Tasks of one priority and index that were added together are claimed in the order given.
    """
    wanted = list(tasks)
    rows = [
        {
            "id": str(task_id),
            "kind": new.kind,
            "index": new.index,
            "priority": int(new.priority),
            "weight": new.weight,
            "spec": new.spec,
        }
        for task_id, new in zip(sorted(new_id() for _ in wanted), wanted, strict=True)
    ]
    # one statement: the plan of an hour has hundreds of tasks, and a viewer waits for the first
    added = await tx.rows(
        "INSERT INTO task (id, job_id, video_id, owner_id, kind, index, state, priority, weight,"
        " spec) SELECT t.id, :job, :video, :owner, t.kind, t.index, 'pending', t.priority,"
        " t.weight, t.spec FROM jsonb_to_recordset(CAST(:tasks AS jsonb) -> 'tasks')"
        " AS t (id uuid, kind text, index integer, priority smallint, weight float8, spec jsonb)"
        " ON CONFLICT (job_id, kind, index) DO NOTHING RETURNING id",
        job=job_id,
        video=video_id,
        owner=owner_id,
        tasks=dump({"tasks": rows}),
    )
    return [Doorbell(task_id, owner_id) for task_id in sorted(row.id for row in added)]


def first_task() -> NewTask:
    """The task that every job starts with."""
    return NewTask(TaskKind.PREPARE, priority=Priority.FIRST_SECONDS)


async def stop_tasks(tx: Transaction, video_id: UUID, *, but: UUID | None = None) -> None:
    """Cancel a video's unfinished tasks.

    A running one keeps its ``lease_until``: until then, or until its worker acknowledges, the
    attempt may still be writing, and its keys are not swept.
    """
    await tx.rows(
        "UPDATE task SET state = 'canceled', finished_at = now() WHERE video_id = :video"
        " AND state IN ('pending', 'running') AND id IS DISTINCT FROM CAST(:but AS uuid)",
        video=video_id,
        but=but,
    )


async def begin_removal(tx: Transaction, video: Row[Any]) -> list[Doorbell]:
    """Hide a video, stop its work and open the task that deletes its objects; its row is locked."""
    await stop_tasks(tx, video.id)
    task = NewTask(TaskKind.REMOVE, priority=Priority.CLEANUP)
    _, bells = await open_job(tx, video.owner_id, video.id, video.profile, task)
    await set_state(tx, video.owner_id, video.id, VideoState.DELETING)
    return bells


async def drop_results(tx: Transaction, video_id: UUID, *, but: Collection[UUID | None]) -> None:
    """Mark the live objects of a video's jobs as dead, except those of the jobs in ``but``."""
    await tx.rows(
        "UPDATE artifact SET state = 'dead' WHERE video_id = :video AND state = 'live'"
        " AND NOT job_id = ANY(CAST(:but AS uuid[]))",
        video=video_id,
        but=[job for job in but if job is not None],
    )
    await note_stills(tx, video_id)


async def note_stills(tx: Transaction, video_id: UUID) -> None:
    """Keep with the video whether its results have pictures, so that a list need not look."""
    await tx.rows(
        "UPDATE video v SET has_poster = coalesce(a.poster, false),"
        " has_storyboard = coalesce(a.storyboard, false) FROM (SELECT"
        " bool_or(kind = 'poster') AS poster, bool_or(kind = 'storyboard') AS storyboard"
        " FROM artifact WHERE state = 'live' AND kind IN ('poster', 'storyboard')"
        " AND job_id = (SELECT coalesce(published_job_id, job_id) FROM video WHERE id = :id)) a"
        " WHERE v.id = :id AND (v.has_poster, v.has_storyboard)"
        " IS DISTINCT FROM (coalesce(a.poster, false), coalesce(a.storyboard, false))",
        id=video_id,
    )
