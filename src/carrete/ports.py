"""What Carrete needs from the outside, as protocols with their contracts.

Adapters translate their own errors into the ones named here, once. Every method may also raise
``TransientError`` when the service behind it can't be reached.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from carrete.domain.account import Account, Role, Session
from carrete.domain.artifacts import ArtifactKind, JsonObject, MadeFile
from carrete.domain.failures import CarreteError, FailureCode
from carrete.domain.media import ByteRange, SourceInfo, Verification
from carrete.domain.plan import Chunk, Plan
from carrete.domain.task import Claim, NewTask, Task
from carrete.domain.upload import Part
from carrete.domain.video import Event, Video, VideoFacts, VideoState

ProgressSink = Callable[[float], None]
"""Takes the fraction that is done, 0 to 1. Called on the event loop, as often as it likes."""


PartSink = Callable[[MadeFile], Awaitable[None]]
"""Takes a part that is complete while the rest is still being made."""


class NotFoundError(CarreteError):
    """Nothing of that id belongs to the one who asks. Another owner's thing is not found either."""


class IdempotencyConflictError(CarreteError):
    """An ``Idempotency-Key`` came again with another request."""


class UploadGoneError(CarreteError):
    """The multipart upload was completed, aborted or never existed."""


# ── accounts ────────────────────────────────────────────────────────────────────────────────────


class AccountStore(Protocol):
    """Accounts, their sessions, and counts of sign-in attempts."""

    async def create_account(self, email: str, password_hash: str, role: Role) -> Account:
        """Add an account. ``email`` is in its normal form.

        Raises:
            EmailTakenError: the address has an account.
        """
        ...

    async def credentials(self, email: str) -> tuple[Account, str] | None:
        """The account of an address and its password hash."""
        ...

    async def set_password_hash(self, account_id: UUID, password_hash: str) -> None:
        """Replace the password hash (when the hash's parameters are out of date)."""
        ...

    async def open_session(
        self, account_id: UUID, token_hash: bytes, label: str, expires_at: datetime
    ) -> Session:
        """Add a session that the token with this SHA-256 opens."""
        ...

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """The unexpired session of a token and its account."""
        ...

    async def close_session(self, token_hash: bytes) -> None:
        """End a session; nothing happens when there is none."""
        ...

    async def count_attempt(self, key: str, window_s: int) -> int:
        """Count one attempt under ``key`` and return how many the current window holds.

        Windows are fixed and start at multiples of ``window_s`` seconds.
        """
        ...

    async def prune_accounts(self) -> None:
        """Delete expired sessions and old attempt counts."""
        ...


# ── videos and jobs ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NewVideo:
    """What a video starts with."""

    id: UUID
    owner_id: UUID
    name: str
    extension: str
    content_type: str
    size_bytes: int
    part_size: int
    profile: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored object that a published or running job made."""

    key: str
    video_id: UUID
    job_id: UUID
    kind: ArtifactKind
    size_bytes: int
    content_type: str
    rendition: str | None
    chunk: int | None
    meta: JsonObject


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A message that says: a task of this owner waits. It carries no work itself (invariant 1)."""

    task_id: UUID
    owner_id: UUID


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job of a video with its tasks, for its owner."""

    id: UUID
    profile: str
    plan: JsonObject
    created_at: datetime
    finished_at: datetime | None
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What a job has made so far.

    Attributes:
        plan: empty before ``prepare`` is done.
        complete: whether that is all; the job is published.
        artifacts: live objects in order of their chunks.
    """

    plan: JsonObject
    complete: bool
    artifacts: tuple[Artifact, ...]


class VideoStore(Protocol):
    """Videos as their owners see and change them. Every call is scoped by owner (invariant 9)."""

    async def create_video(
        self, new: NewVideo, idempotency_key: str | None, request_hash: bytes
    ) -> tuple[Video, bool]:
        """Add a video in ``uploading``, or find the one that the same key made before.

        Returns:
            The video, and whether it was made by this call.

        Raises:
            IdempotencyConflictError: the key was used with another ``request_hash``.
        """
        ...

    async def set_upload(self, owner_id: UUID, video_id: UUID, upload_id: str) -> str:
        """Keep S3's name of the multipart upload unless one is kept; returns the one that is."""
        ...

    async def touch(self, owner_id: UUID, video_id: UUID) -> None:
        """A sign of life from an upload: it is not abandoned."""
        ...

    async def video(self, owner_id: UUID, video_id: UUID) -> Video:
        """One video.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def videos(
        self,
        owner_id: UUID,
        *,
        states: Collection[VideoState] = (),
        before: UUID | None = None,
        limit: int,
    ) -> list[Video]:
        """Videos from the newest on, at most ``limit``, those made before ``before``."""
        ...

    async def rename(self, owner_id: UUID, video_id: UUID, name: str) -> Video:
        """Change the name that is shown.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def submit(self, owner_id: UUID, video_id: UUID, etag: str | None) -> Sequence[Doorbell]:
        """The original is stored whole: open a job, from ``uploading`` to ``queued``.

        Calling it again changes nothing and returns nothing to ring.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: the video is being deleted.
        """
        ...

    async def resubmit(
        self, owner_id: UUID, video_id: UUID, profile: str | None
    ) -> Sequence[Doorbell]:
        """Process the original anew with a new job; the old results stay until it is ready.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: it is uploading, in work or being deleted.
        """
        ...

    async def cancel(self, owner_id: UUID, video_id: UUID) -> Video:
        """Stop a job that is queued or in work; a canceled one stays as it is.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: there is nothing to cancel.
        """
        ...

    async def request_removal(
        self, owner_id: UUID, video_id: UUID, *, only: VideoState | None = None
    ) -> Sequence[Doorbell]:
        """Hide the video from its owner, stop its work and open the task that deletes its objects.

        Args:
            owner_id: who asks.
            video_id: of which video.
            only: the state that the video must be in.

        Raises:
            NotFoundError: the owner has no such video.
            InvalidStateError: it is in another state than ``only``.
        """
        ...

    async def artifacts(
        self, owner_id: UUID, video_id: UUID, kinds: Collection[ArtifactKind]
    ) -> list[Artifact]:
        """The live objects of the published job, or of the one in work where none is published.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def results(
        self,
        owner_id: UUID,
        video_id: UUID,
        kinds: Collection[ArtifactKind],
        rendition: str | None = None,
    ) -> "Results":
        """The published job's plan and live objects, or those of the one in work so far.

        Args:
            owner_id: who asks.
            video_id: of which video.
            kinds: of objects.
            rendition: objects of this one alone.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def job(self, owner_id: UUID, video_id: UUID) -> JobDetail | None:
        """The video's current job with its tasks.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...


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
        follow: tasks that can start now.
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


class JobStore(Protocol):
    """Tasks as workers see them. Every write checks the attempt that made it (invariant 2)."""

    async def claim(self, worker: str, lease_s: float) -> Claim | None:
        """Take the task that should run next, or nothing when none waits.

        Fair and in order: see ADR 2. The claim raises ``attempt`` and sets the lease.
        """
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

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def finish_removal(self, task: Task) -> None:
        """End a ``remove`` task: the video's rows go.

        Raises:
            LeaseLostError: the attempt is no longer the task's; nothing was changed.
        """
        ...

    async def retry(self, task: Task, delay_s: float, detail: str) -> Sequence[Doorbell]:
        """Put a failed task back; it may be claimed again after ``delay_s`` seconds.

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
        given_up: failed, to be buried in the dead-letter queue.
    """

    waiting: tuple[Doorbell, ...]
    given_up: tuple[Doorbell, ...]


class MaintenanceStore(Protocol):
    """What ``reconcile`` and ``gc`` ask of the database."""

    def lead(self) -> AbstractAsyncContextManager[bool]:
        """Hold the one leader's lock if it is free; yields whether this caller leads."""
        ...

    async def free_expired(self, limit: int) -> "Freed":
        """Put tasks whose lease ran out back, or fail those that were lost too often."""
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

    async def counts(self) -> "QueueCounts":
        """How much waits and runs, for metrics."""
        ...


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


class EventLog(Protocol):
    """What happened, in order, for those who watch."""

    async def events(
        self, owner_id: UUID, after: int, limit: int, video_id: UUID | None = None
    ) -> list[Event]:
        """Stored events of an owner with an id above ``after``, in order."""
        ...

    async def last_event_id(self, owner_id: UUID) -> int:
        """The newest event's id, or 0."""
        ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """All owners' events as they are committed.

        The iterator ends with ``TransientError`` when the connection breaks; what was missed then
        is read with ``events``.
        """
        ...


# ── objects ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """A stored object: its key, bytes and entity tag."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that whoever holds it may make, with the headers that it must carry."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartToSend:
    """A part that a client is about to send.

    Attributes:
        number: from 1.
        length: bytes.
        sha256: base64 of the SHA-256 of those bytes; S3 refuses others.
        expires_s: seconds until the URL is no longer valid.
    """

    number: int
    length: int
    sha256: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that was neither completed nor aborted."""

    key: str
    upload_id: str
    initiated: datetime


class ObjectStore(Protocol):
    """The bucket."""

    async def begin_upload(self, key: str, content_type: str) -> str:
        """Open a multipart upload with SHA-256 part checksums; returns S3's name for it."""
        ...

    async def sign_part(self, key: str, upload_id: str, part: "PartToSend") -> SignedRequest:
        """A PUT of exactly that part. No request is made."""
        ...

    async def parts(self, key: str, upload_id: str) -> list[Part]:
        """The parts stored so far, by number.

        Raises:
            UploadGoneError: there is no such upload.
        """
        ...

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the object out of its parts.

        Raises:
            UploadGoneError: there is no such upload.
        """
        ...

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw the stored parts away; nothing happens when the upload is gone."""
        ...

    async def head(self, key: str) -> ObjectHead | None:
        """Facts about an object, or nothing where there is none."""
        ...

    async def sign_get(
        self, key: str, expires_s: int, *, filename: str | None = None, inline: bool = False
    ) -> str:
        """A URL that reads the object, saved under ``filename`` by browsers. No request is made."""
        ...

    async def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to and without ``end``; the caller keeps that small.

        Raises:
            NotFoundError: there is no such object.
            TransientError: fewer bytes came.
        """
        ...

    async def download(self, key: str, target: Path, on_progress: ProgressSink) -> None:
        """Copy an object into a file.

        Raises:
            NotFoundError: there is no such object.
        """
        ...

    async def put_file(self, key: str, source: Path, content_type: str) -> int:
        """Store a file; returns its size in bytes. Nothing is visible before all of it is there."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted."""
        ...

    def list(self, prefix: str) -> AsyncIterator[ObjectHead]:
        """All objects under a prefix. For operators: the running system never lists."""
        ...

    def list_uploads(self, prefix: str) -> AsyncIterator[OpenUpload]:
        """All open multipart uploads under a prefix. For operators."""
        ...

    async def check(self) -> None:
        """Prove that the bucket answers.

        Raises:
            TransientError: it does not, and why.
        """
        ...


# ── queue ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Message:
    """A doorbell as received.

    Attributes:
        receipt: what SQS wants back to extend or delete it.
        received: how often it was received, this time included.
        body: as it was sent; it may be anything.
    """

    receipt: str
    received: int
    body: str


@dataclass(frozen=True, slots=True)
class DeadLetterMessage:
    """A task in the dead-letter queue, and why it is there."""

    message: Message
    task_id: UUID | None
    reason: str


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

    async def check(self) -> None:
        """Prove that both queues answer.

        Raises:
            TransientError: they do not, and why.
        """
        ...


# ── media ───────────────────────────────────────────────────────────────────────────────────────


class Transcoder(Protocol):
    """ffmpeg. ``out`` is an empty directory of the attempt; canceling a call kills its processes.

    Errors: ``InvalidInputError`` when the source is at fault, ``TransientError`` for what may pass
    (killed, disk full, stalled), any other ``CarreteError`` for a bug.
    """

    async def probe(self, source: Path) -> SourceInfo:
        """Read the source's header and decide whether it is a video that can be processed."""
        ...

    async def encode_chunk(
        self,
        source: Path,
        plan: Plan,
        chunk: Chunk,
        out: Path,
        on_progress: ProgressSink,
        *,
        only: Sequence[str] | None = None,
    ) -> tuple[MadeFile, ...]:
        """Make the renditions of one chunk that ``only`` names, or all, from one decode."""
        ...

    async def copy_top(
        self, source: Path, plan: Plan, out: Path, on_progress: ProgressSink
    ) -> tuple[MadeFile, ...]:
        """Keep the source's own picture as the top rendition, where the plan says so."""
        ...

    async def encode_head(self, source: Path, plan: Plan, out: Path) -> tuple[MadeFile, ...]:
        """Make the first seconds of sound ahead of the rest, where the plan says so: part 0."""
        ...

    async def encode_audio(
        self,
        source: Path,
        plan: Plan,
        out: Path,
        on_progress: ProgressSink,
        *,
        after_head: bool = False,
        on_part: PartSink | None = None,
    ) -> tuple[MadeFile, ...]:
        """Make the sound of the whole video, or all after the head.

        With ``on_part``, complete parts go there in order while the rest is made, and only the
        last one is returned.
        """
        ...

    async def stills(self, plan: Plan, result: Path, out: Path) -> tuple[MadeFile, ...]:
        """Make the still pictures of a finished file: poster and storyboard."""
        ...

    async def assemble(
        self,
        plan: Plan,
        chunks: Sequence[Path],
        audio: Sequence[Path],
        out: Path,
        on_progress: ProgressSink,
    ) -> tuple[MadeFile, ...]:
        """Join the top rendition's chunks and the sound's parts, in order; encodes nothing."""
        ...

    async def verify(self, plan: Plan, result: Path) -> Verification:
        """Check a finished file against the plan (invariant 6).

        Raises:
            VerificationError: it differs, and in what.
        """
        ...


# ── local files ─────────────────────────────────────────────────────────────────────────────────


class Workspace(Protocol):
    """A worker's scratch directory. What it holds is bounded, and gone when nothing needs it."""

    def attempt(self, task: Task) -> AbstractAsyncContextManager[Path]:
        """An empty directory for one attempt, removed at the end.

        Raises:
            TransientError: the disk is full.
        """
        ...

    def source(
        self,
        claim: Claim,
        on_progress: ProgressSink,
        ranges: Sequence[ByteRange] = (),
    ) -> AbstractAsyncContextManager[Path]:
        """The original as a local file that nobody changes.

        Args:
            claim: whose original.
            on_progress: told how much has been read.
            ranges: the bytes that are needed; the rest of the file may read as zeros. All bytes
                when there are none.

        Raises:
            InvalidInputError: with ``source_missing``, when it is not stored.
            TransientError: it could not be copied, or the disk is full.
        """
        ...

    def header(self, claim: Claim, on_progress: ProgressSink) -> AbstractAsyncContextManager[Path]:
        """The original as a local file that can be probed.

        At least what describes it and its first media bytes can be read; all of it where its
        container can't be read in parts.

        Raises:
            InvalidInputError: with ``source_missing``, when it is not stored.
            TransientError: it could not be copied, or the disk is full.
        """
        ...
