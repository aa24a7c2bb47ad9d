"""What the operator sees, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from carrete.api.schemas.accounts import ACCOUNT_EXAMPLE
from carrete.api.schemas.examples import AT, VIDEO_ID, example, request
from carrete.domain.account import Role
from carrete.domain.failures import FailureCode
from carrete.domain.task import TaskKind
from carrete.usecases.operate import MAX_BUCKETS

_WORKER_EXAMPLE = {
    "name": "ip-10-0-1-7-4242-a1b2c3",
    "host": "ip-10-0-1-7",
    "version": "0.1.0",
    "started_at": AT,
    "seen_at": AT,
    "draining": False,
    "slots": 2,
    "tasks": [
        {
            "video_id": VIDEO_ID,
            "owner_id": ACCOUNT_EXAMPLE["id"],
            "kind": "encode",
            "index": 3,
            "attempt": 1,
            "progress": 0.5,
            "started_at": AT,
            "speed": 2.4,
        }
    ],
}


class QueueState(BaseModel):
    """The queue of doorbells, roughly, as SQS counts it."""

    waiting: int
    in_flight: int
    oldest_age_s: float | None = Field(description="Since the oldest waiting task was rung for")


class TasksState(BaseModel):
    """The tasks, exactly, as the database has them."""

    pending: int
    running: int
    oldest_pending_s: float | None = Field(description="Since the oldest could have been claimed")


class WorkerTask(BaseModel):
    """A task that a worker runs."""

    video_id: UUID
    owner_id: UUID
    kind: TaskKind
    index: int
    attempt: int
    progress: float
    started_at: datetime | None
    speed: float | None = Field(description="Seconds of video made in one second")


class Worker(BaseModel):
    """A worker that was heard of in the last minute."""

    name: str
    host: str
    version: str
    started_at: datetime
    seen_at: datetime
    draining: bool = Field(description="Whether it takes no more tasks")
    slots: int = Field(description="Tasks that it runs at once")
    tasks: list[WorkerTask]


class Overview(BaseModel):
    """The system at this moment."""

    model_config = example(
        {
            "queue": {"waiting": 2, "in_flight": 1, "oldest_age_s": 1.5},
            "dead_letters": 0,
            "tasks": {"pending": 2, "running": 1, "oldest_pending_s": 1.5},
            "workers": [_WORKER_EXAMPLE],
        }
    )

    queue: QueueState
    dead_letters: int
    tasks: TasksState
    workers: list[Worker]


class Bucket(BaseModel):
    """What happened in one stretch of time."""

    at: datetime = Field(description="Its beginning")
    ready: int = Field(description="Videos that became ready")
    failed: int = Field(description="Videos that failed")
    source_seconds: float = Field(description="Seconds of video that became ready")
    bytes_in: int = Field(description="Bytes of originals that were uploaded")
    bytes_out: int = Field(description="Bytes of results that became ready")
    tasks_lost: int = Field(description="Tasks whose worker was lost")


class History(BaseModel):
    """What happened, by stretches of equal length."""

    model_config = example(
        {
            "bucket_s": 300,
            "buckets": [
                {
                    "at": AT,
                    "ready": 3,
                    "failed": 0,
                    "source_seconds": 512.4,
                    "bytes_in": 734003200,
                    "bytes_out": 104857600,
                    "tasks_lost": 0,
                }
            ],
        }
    )

    bucket_s: int = Field(description="Seconds of each")
    buckets: list[Bucket] = Field(description=f"At most {MAX_BUCKETS}, the oldest first")


class DeadLetter(BaseModel):
    """A task that could not be done; of one whose rows are gone, the message alone."""

    message_id: str
    task_id: UUID | None
    video_id: UUID | None
    owner_email: str | None
    kind: TaskKind | None
    failure: FailureCode | None
    detail: str
    at: datetime | None = Field(description="When it was put there")


class DeadLetters(BaseModel):
    """The dead-letter queue."""

    model_config = example(
        {
            "items": [
                {
                    "message_id": "5fea7756-0ea4-451a-a703-a558b933e274",
                    "task_id": "0198c5a2-aaaa-7000-8000-00000000000a",
                    "video_id": VIDEO_ID,
                    "owner_email": "ana@example.com",
                    "kind": "encode",
                    "failure": "internal_error",
                    "detail": "RuntimeError: out was published and is gone",
                    "at": AT,
                }
            ]
        }
    )

    items: list[DeadLetter]


class Redriven(BaseModel):
    """How many dead letters went back to work."""

    model_config = example({"moved": 2})

    moved: int


class AccountQuota(BaseModel):
    """Limits of one account alone: nothing where the system's holds, 0 where none does."""

    model_config = request(
        {"stored_bytes": 10737418240, "videos_in_flight": None, "minutes_per_day": 0}
    )

    stored_bytes: int | None = Field(None, ge=0, le=2**60, strict=True)
    videos_in_flight: int | None = Field(None, ge=0, le=10**6, strict=True)
    minutes_per_day: int | None = Field(None, ge=0, le=10**6, strict=True)


class UserChange(BaseModel):
    """What changes of an account: its limits, all three together, if they are given."""

    model_config = request({"quota": {"stored_bytes": 10737418240}})

    quota: AccountQuota | None = None


USER_EXAMPLE = ACCOUNT_EXAMPLE | {
    "videos": 12,
    "stored_bytes": 1468006400,
    "minutes_today": 12.5,
    "quota": {"stored_bytes": 10737418240, "videos_in_flight": None, "minutes_per_day": None},
}


class User(BaseModel):
    """An account as the operator sees it."""

    model_config = example(USER_EXAMPLE)

    id: UUID
    email: str
    role: Role
    created_at: datetime
    videos: int
    stored_bytes: int = Field(description="Originals and results")
    minutes_today: float
    quota: AccountQuota


class Users(BaseModel):
    """Some accounts, by address."""

    model_config = example({"items": [USER_EXAMPLE], "next_cursor": None})

    items: list[User]
    next_cursor: str | None = Field(description="`cursor` of the next page; nothing on the last")
