"""What reconcile and gc ask of the database."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from carrete.ports.videos import Doorbell


@dataclass(frozen=True, slots=True)
class AbandonedUpload:
    """An upload that nobody went on with."""

    owner_id: UUID
    video_id: UUID
    key: str
    upload_id: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Freed:
    """Tasks whose lease had run out.

    Attributes:
        waiting: put back, to be rung for.
        given_up: failed; ``unburied`` has them too.
    """

    waiting: tuple[Doorbell, ...]
    given_up: tuple[Doorbell, ...]


@dataclass(frozen=True, slots=True)
class DeadTask:
    """A task that failed and perhaps should not have.

    Attributes:
        attempt: the one that failed.
        reason: for the operator.
    """

    bell: Doorbell
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """The state of all work at one moment.

    Attributes:
        oldest_wait_s: seconds since the oldest waiting task could have been claimed.
    """

    pending: int
    running: int
    oldest_wait_s: float
    videos: dict[str, int]


class MaintenanceStore(Protocol):
    """What ``reconcile`` and ``gc`` ask of the database."""

    def lead(self) -> AbstractAsyncContextManager[bool]:
        """Hold the one leader's lock if it is free; yields whether this caller leads."""
        ...

    async def free_expired(self, limit: int) -> "Freed":
        """Put tasks whose lease ran out back, or fail those that were lost too often."""
        ...

    async def unburied(self, limit: int) -> Sequence[DeadTask]:
        """Failed tasks that the dead-letter queue has to get, those that failed first first."""
        ...

    async def letter_sent(self, dead: DeadTask) -> None:
        """The dead-letter queue has the task; nothing happens when it is at work again."""
        ...

    async def unseen(self, older_than_s: float, limit: int) -> Sequence[Doorbell]:
        """Waiting tasks whose message has not been sent for a while; marks them as sent now."""
        ...

    async def abandoned(self, older_than_s: float, limit: int) -> Sequence[AbandonedUpload]:
        """Uploads that nothing has happened to for that long."""
        ...

    async def drop_abandoned(self, video_id: UUID) -> None:
        """Delete the row of an abandoned upload, unless it has been completed meanwhile."""
        ...

    async def dead_keys(self, grace_s: float, limit: int) -> Sequence[str]:
        """Keys that no live row needs: of replaced results, and of attempts that are over.

        Each is returned twice: as soon as it is dead, and once more ``grace_s`` later, so that a
        late write of a frozen worker is removed too.
        """
        ...

    async def swept(self, keys: Sequence[str], grace_s: float) -> None:
        """Keep that these keys have been deleted once, or forget those deleted a second time."""
        ...

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Which of these keys some row points at (originals and artifacts)."""
        ...

    async def known_uploads(self, upload_ids: Sequence[str]) -> set[str]:
        """Which of these multipart uploads some row points at."""
        ...

    async def prune_events(self, older_than_s: float, limit: int) -> int:
        """Delete old events; returns how many."""
        ...

    async def removed_videos(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Owners and videos of removed accounts that nobody is deleting yet."""
        ...

    async def forget_accounts(self, limit: int) -> int:
        """Delete the events of removed accounts whose videos are gone, then the accounts.

        Args:
            limit: most rows of each kind.

        Returns:
            How many accounts are gone.
        """
        ...

    async def drop_silent_workers(self, older_than_s: float) -> int:
        """Forget workers that were not heard of for that long; returns how many."""
        ...

    async def counts(self) -> "QueueCounts":
        """How much waits and runs, for metrics."""
        ...
