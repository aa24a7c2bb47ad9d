"""What the operator sees: workers, work, history and accounts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from carrete.domain.account import Account
from carrete.domain.failures import FailureCode
from carrete.domain.library import Position
from carrete.domain.quota import OwnQuota, Usage
from carrete.domain.task import TaskKind

MAX_WORKERS = 500
"""Workers that are shown."""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What a worker says of itself.

    Attributes:
        name: as tasks have it.
        host: the machine.
        slots: tasks that it runs at once.
        draining: whether it takes no more.
    """

    name: str
    host: str
    version: str
    slots: int
    draining: bool = False


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """A worker as it was last heard of."""

    report: WorkerReport
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task that a worker holds.

    Attributes:
        seconds: of video that it makes, if it makes any.
    """

    worker: str
    video_id: UUID
    owner_id: UUID
    kind: TaskKind
    index: int
    attempt: int
    progress: float
    started_at: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Tasks that wait and run.

    Attributes:
        oldest_pending_s: seconds since the oldest waiting task could have been claimed.
        oldest_ring_s: seconds since its message, or that of another one, was sent.
    """

    pending: int
    running: int
    oldest_pending_s: float | None
    oldest_ring_s: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened in a stretch of time that begins ``at``: counts, seconds of video, bytes."""

    at: datetime
    ready: int = 0
    failed: int = 0
    source_seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    tasks_lost: int = 0


@dataclass(frozen=True, slots=True)
class BuriedTask:
    """What the rows say of a task in the dead-letter queue."""

    task_id: UUID
    video_id: UUID
    owner_email: str
    kind: TaskKind
    failure: FailureCode | None


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with what it uses; ``videos`` it has."""

    account: Account
    videos: int
    usage: Usage
    quota: OwnQuota


class OperatorStore(Protocol):
    """The operator's view of everybody's work. No owner is asked for: only admins may ask."""

    async def report_worker(self, report: WorkerReport) -> None:
        """A worker lives; this is what it says of itself."""
        ...

    async def forget_worker(self, name: str) -> None:
        """A worker has stopped in good order."""
        ...

    async def workers(self) -> list[KnownWorker]:
        """The workers heard of, by name; at most ``MAX_WORKERS``."""
        ...

    async def running_tasks(self, limit: int) -> list[RunningTask]:
        """Tasks that are running, those that run the longest first."""
        ...

    async def backlog(self) -> Backlog:
        """How much waits and runs."""
        ...

    async def history(self, since: datetime, bucket_s: int) -> list[Tally]:
        """What happened since then, by stretches of ``bucket_s`` seconds that are not empty."""
        ...

    async def buried(self, task_ids: Collection[UUID]) -> dict[UUID, BuriedTask]:
        """What the rows say of these tasks; those that are gone are left out."""
        ...

    async def accounts(
        self, text: str, after: Position | None, limit: int
    ) -> Sequence[KnownAccount]:
        """Accounts whose address contains the text, by address, those behind ``after``."""
        ...

    async def account(self, account_id: UUID) -> KnownAccount:
        """One account.

        Raises:
            NotFoundError: there is none, or it was removed.
        """
        ...
