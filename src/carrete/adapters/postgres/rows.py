"""From rows to the domain's values, and the columns that the rows must have."""

from dataclasses import fields
from operator import itemgetter
from typing import Any

from sqlalchemy import Row

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import FailureCode
from carrete.domain.task import Priority, Task, TaskKind, TaskState
from carrete.domain.video import Video, VideoState
from carrete.ports import Artifact

_FIELDS = tuple(field.name for field in fields(Video))

_OWN = ", ".join(f"v.{name}" for name in _FIELDS if name != "progress")

VIDEO = f"""
{_OWN},
CASE v.state WHEN 'ready' THEN 1.0::float8 WHEN 'processing' THEN (
    SELECT least(1.0, coalesce(sum(t.weight * t.progress), 0) / greatest(j.total_weight, 1e-9))
    FROM job j LEFT JOIN task t ON t.job_id = j.id WHERE j.id = v.job_id GROUP BY j.total_weight
) ELSE 0.0::float8 END AS progress
"""  # noqa: S608 - names of our own fields

TASK = """
t.id, t.job_id, t.video_id, t.owner_id, t.kind, t.index, t.state, t.priority, t.attempt,
t.failures, t.spec, t.progress, t.worker, t.result, t.failure, t.detail, t.created_at,
t.started_at, t.finished_at
"""

ARTIFACT = """
a.key, a.video_id, a.job_id, a.kind, a.size_bytes, a.content_type, a.rendition, a.chunk, a.meta
"""


_COLUMNS = [*(name for name in _FIELDS if name != "progress"), "progress"]
_PICK = itemgetter(*(_COLUMNS.index(name) for name in _FIELDS))
_STATE, _FAILURE, _WARNINGS, _PROGRESS = (
    _FIELDS.index(name) for name in ("state", "failure", "warnings", "progress")
)
_STATES = {state.value: state for state in VideoState}
_FAILURES: dict[str | None, FailureCode | None] = {code.value: code for code in FailureCode}
_FAILURES[None] = None


def to_video(row: Row[Any]) -> Video:
    """A row of ``VIDEO`` columns, by position: a list of videos makes a hundred of these."""
    values = list(_PICK(row))
    values[_STATE] = _STATES[values[_STATE]]
    values[_FAILURE] = _FAILURES[values[_FAILURE]]
    values[_WARNINGS] = tuple(values[_WARNINGS])
    values[_PROGRESS] = float(values[_PROGRESS] or 0.0)
    return Video(*values)


def to_task(row: Row[Any]) -> Task:
    """A row of ``TASK`` columns."""
    return Task(
        id=row.id,
        job_id=row.job_id,
        video_id=row.video_id,
        owner_id=row.owner_id,
        kind=TaskKind(row.kind),
        index=row._mapping["index"],  # noqa: SLF001 - ``row.index`` is a method of tuples
        state=TaskState(row.state),
        priority=Priority(row.priority),
        attempt=row.attempt,
        failures=row.failures,
        spec=row.spec,
        progress=row.progress,
        worker=row.worker,
        result=row.result,
        failure=FailureCode(row.failure) if row.failure else None,
        detail=row.detail,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def to_artifact(row: Row[Any]) -> Artifact:
    """A row of ``ARTIFACT`` columns."""
    return Artifact(
        key=row.key,
        video_id=row.video_id,
        job_id=row.job_id,
        kind=ArtifactKind(row.kind),
        size_bytes=row.size_bytes,
        content_type=row.content_type,
        rendition=row.rendition,
        chunk=row.chunk,
        meta=row.meta,
    )
