"""What the users of a run were promised, and what they asked for: the audit holds it against us."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chaos.clips import Clip


class Fate(StrEnum):
    """What a user means to do with an upload."""

    KEEP = "keep"
    CANCEL = "cancel"
    DELETE = "delete"
    REPROCESS = "reprocess"
    ABANDON = "abandon"


class Answer(StrEnum):
    """How the system answered a wish of the owner."""

    NONE = "none"
    DONE = "done"
    REFUSED = "refused"
    LOST = "lost"
    """There was no answer: it may have been done or not."""


@dataclass(slots=True)
class Promise:
    """One file of one user.

    Attributes:
        video_id: once the client knew it.
        acknowledged: the API said that the upload is complete.
        answer: to the wish that ``fate`` stands for.
        kills: how often its client was killed.
    """

    user: UUID
    clip: Clip
    fate: Fate
    video_id: UUID | None = None
    acknowledged: bool = False
    answer: Answer = Answer.NONE
    kills: int = 0


@dataclass(slots=True)
class Watch:
    """The numbers of the events that one watcher saw, in the order in which it saw them."""

    user: UUID
    name: str
    seen: list[int] = field(default_factory=list)
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """A task that a worker held when it was killed or frozen.

    Attributes:
        at: when, on the database's clock.
        lease_until: how long the task was still held for it.
    """

    fault: str
    video_id: UUID
    kind: str
    index: int
    attempt: int
    at: datetime
    lease_until: datetime


@dataclass(slots=True)
class Ledger:
    """Everything that users know.

    Attributes:
        complaints: answers that no user should get, whatever goes wrong.
    """

    promises: list[Promise] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def acknowledged(self) -> Iterator[Promise]:
        """The uploads that count."""
        return (promise for promise in self.promises if promise.acknowledged)
