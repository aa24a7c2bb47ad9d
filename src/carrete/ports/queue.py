"""The doorbell queue and the dead-letter queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from carrete.ports.videos import Doorbell


@dataclass(frozen=True, slots=True)
class Message:
    """A doorbell as received.

    Attributes:
        receipt: what SQS wants back to extend or delete it.
        received: how often it was received, this time included.
        body: as it was sent; it may be anything.
        traceparent: the trace of whoever rang, in W3C's form; often none.
        id: the queue's own name of it.
        sent_at: when it was sent, where that is known.
    """

    receipt: str
    received: int
    body: str
    traceparent: str | None = None
    id: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterMessage:
    """A task in the dead-letter queue, and why it is there."""

    message: Message
    task_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages in both queues, roughly: SQS counts on many machines.

    Attributes:
        waiting: that could be received, or will be after their delay.
        in_flight: that were received and are hidden.
        dead: in the dead-letter queue, also those that are being looked at.
    """

    waiting: int
    in_flight: int
    dead: int


class Queue(Protocol):
    """SQS: the doorbell, and the dead-letter queue beside it."""

    async def ring(self, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
        """Send a message for each; its message group is the owner, which makes SQS fair."""
        ...

    async def receive(self, wait_s: float, visibility_s: float) -> Message | None:
        """Wait up to ``wait_s`` seconds (at most 20) for a message and hide it meanwhile."""
        ...

    async def extend(self, message: Message, visibility_s: float) -> None:
        """Keep a message hidden for longer; nothing happens when it is gone."""
        ...

    async def delete(self, message: Message) -> None:
        """The message has done its work; nothing happens when it is gone."""
        ...

    async def bury(self, bell: Doorbell, reason: str) -> None:
        """Put a task that can't be done into the dead-letter queue."""
        ...

    async def dead_letters(self, limit: int, visibility_s: float) -> list[DeadLetterMessage]:
        """Up to ``limit`` dead letters, hidden for ``visibility_s`` seconds."""
        ...

    async def delete_dead_letter(self, message: Message) -> None:
        """Remove a dead letter that was sent back to work."""
        ...

    async def depth(self) -> QueueDepth:
        """How many messages there are."""
        ...

    async def check(self) -> None:
        """Prove that both queues answer.

        Raises:
            TransientError: they do not, and why.
        """
        ...
