"""Tasks as workers see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from carrete.domain.artifacts import ArtifactKind, JsonObject
from carrete.domain.failures import FailureCode
from carrete.domain.task import Claim, NewTask, Task
from carrete.domain.video import VideoFacts
from carrete.ports.videos import Artifact, Doorbell


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object that an attempt has stored and wants published."""

    key: str
    kind: ArtifactKind
    size_bytes: int
    content_type: str
    rendition: str | None
    chunk: int | None
    meta: JsonObject


@dataclass(frozen=True, slots=True)
class Need:
    """A live object that must be there before a video counts as playable."""

    kind: ArtifactKind
    rendition: str | None
    chunk: int | None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a task's success changes, all in one transaction.

    Attributes:
        result: facts kept with the task (times, sizes).
        files: objects that become real.
        facts: what was learned about the original.
        plan: the job's plan.
        total_weight: the sum of the weights of all tasks of the job.
        follow: tasks that can start now; of equals, those named first are claimed first.
        last: the task that starts once no other task of the job is unfinished.
        playable_when: the first seconds can be streamed once all of these are live; never, when
            there are none.
        publish: the video is ready; the job's results replace those of earlier jobs.
    """

    result: JsonObject
    files: Sequence[StoredFile] = ()
    facts: VideoFacts | None = None
    plan: JsonObject | None = None
    total_weight: float | None = None
    follow: Sequence[NewTask] = ()
    last: NewTask | None = None
    playable_when: Sequence[Need] = ()
    publish: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """All objects of a video that is being deleted.

    Attributes:
        original_key: the key of the original, and of its multipart upload.
        upload_id: the open multipart upload.
    """

    original_key: str
    upload_id: str | None
    keys: tuple[str, ...]


class JobStore(Protocol):
    """Tasks as workers see them. Every write checks the attempt that made it (invariant 2)."""

    async def claim(self, worker: str, lease_s: float) -> Claim | None:
        """Take the task that should run next, or nothing when none waits.

        Fair and in order: see ADR 2. The claim raises ``attempt`` and sets the lease.
        """
        ...

    async def waiting(self, older_than_s: float) -> bool:
        """Whether some task could have been claimed for so long, and nobody did."""
        ...

    async def heartbeat(self, task: Task, lease_s: float, progress: float) -> None:
        """Extend the lease and keep the progress.

        Raises:
            TaskCanceledError: the owner canceled or deleted the video.
            LeaseLostError: the attempt is no longer the task's.
        """
        ...

    async def intend(self, task: Task, keys: Sequence[str], lease_s: float) -> None:
        """Write down keys before anything is stored under them, so that no orphan is ever unknown.

        Raises:
            LeaseLostError: the attempt is no longer the task's.
        """
        ...

    async def publish(
        self, task: Task, files: Sequence[StoredFile], playable_when: Sequence[Need]
    ) -> None:
        """Make objects of a task real that goes on: its first part can be streamed already.

        They replace live objects of the same kind, rendition and chunk that an earlier attempt
        published.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def complete(self, task: Task, completion: Completion) -> Sequence[Doorbell]:
        """End the task well and apply what follows from it.

        Facts come with a length, which is counted against the owner's day, once for each job.

        Raises:
            InvalidInputError: the owner's minutes for today are used up; nothing was changed.
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def finish_removal(self, task: Task) -> None:
        """End a ``remove`` task: the video's rows go.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def retry(
        self, task: Task, delay_s: float, detail: str, *, counted: bool = True
    ) -> Sequence[Doorbell]:
        """Put a failed task back; it may be claimed again after ``delay_s`` seconds.

        Whether it is ``counted`` as a failure decides how often a task may be tried.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def give_back(self, task: Task) -> Sequence[Doorbell]:
        """Put a task back at once, uncounted: the worker is shutting down.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def reject(self, task: Task, code: FailureCode, detail: str) -> None:
        """End the task and the video as failed; the job's other tasks are canceled.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def restart(self, task: Task, first: NewTask) -> Sequence[Doorbell]:
        """Begin the job anew: its tasks and objects go, and ``first`` is its first task again.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def acknowledge(self, task: Task) -> None:
        """Say that a canceled or lost attempt has stopped and writes nothing any more."""
        ...

    async def redrive(self, task_id: UUID) -> Sequence[Doorbell]:
        """Send a failed task and its video back to work, with its failures forgotten.

        Returns:
            Nothing to ring when the task is gone or no longer failed.
        """
        ...

    async def plan_of(self, job_id: UUID) -> tuple[JsonObject, list[Artifact]]:
        """A job's plan and its live objects, for the worker that finishes it."""
        ...

    async def removal(self, video_id: UUID) -> "Removal | None":
        """What a ``remove`` task must delete, or nothing when the video is gone."""
        ...
