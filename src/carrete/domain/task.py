"""Jobs and tasks: the units of work, who holds them and what they lead to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from carrete.domain.artifacts import JsonObject
from carrete.domain.failures import FailureCode


class TaskKind(StrEnum):
    """What a task does."""

    PREPARE = "prepare"
    ENCODE = "encode"
    AUDIO = "audio"
    FINISH = "finish"
    REMOVE = "remove"


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class Priority(IntEnum):
    """Who goes first among tasks that wait: lower is sooner."""

    FIRST_SECONDS = 0
    BULK = 1
    CLEANUP = 2


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it is stored.

    Attributes:
        index: position among the tasks of its kind in the job, from 0.
        attempt: how often it was claimed; the fence that every write of a worker checks.
        failures: how often it failed or was lost, which is what retries are counted by. Giving a
            task back on shutdown is an attempt but no failure.
        spec: what the task needs to know besides the job's plan.
        progress: fraction done, 0 to 1.
    """

    id: UUID
    job_id: UUID
    video_id: UUID
    owner_id: UUID
    kind: TaskKind
    index: int
    state: TaskState
    priority: Priority
    attempt: int
    failures: int
    spec: JsonObject
    progress: float = 0.0
    worker: str | None = None
    result: JsonObject = field(default_factory=dict)
    failure: FailureCode | None = None
    detail: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be stored.

    Attributes:
        weight: its share of the job's work, in any unit that all tasks of the job share.
    """

    kind: TaskKind
    index: int = 0
    priority: Priority = Priority.BULK
    weight: float = 1.0
    spec: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this worker holds, with all that it needs to run it.

    Attributes:
        task: the claimed task; ``task.attempt`` is the fence.
        plan: the job's plan; empty before ``prepare`` is done.
        source_key: where the original is stored.
        source_bytes: the original's size.
        profile: the job's encoding profile.
        extension: the original's file extension, with its dot; may be empty.
        traceparent: the trace that the job belongs to, in W3C's form; often none.
    """

    task: Task
    plan: JsonObject
    source_key: str
    source_bytes: int
    profile: str
    extension: str
    traceparent: str | None = None
