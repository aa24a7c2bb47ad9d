"""What every task works with: its claim, its ports, its scratch directory and its progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carrete.domain.artifacts import MadeFile, attempt_prefix
from carrete.domain.failures import FailureCode
from carrete.domain.plan import Plan
from carrete.domain.task import Claim
from carrete.ports import (
    JobStore,
    ObjectStore,
    ProgressSink,
    StoredFile,
    Transcoder,
    VideoStore,
    Workspace,
)


@dataclass
class Progress:
    """What is known of a running attempt.

    Attributes:
        fraction: done so far, 0 to 1; the lease keeper reports it.
        stored_bytes: bytes that were stored in the bucket.
        media_s: seconds of picture that were encoded.
        failure: why the video failed for good, if this attempt ended it.
    """

    fraction: float = 0.0
    stored_bytes: int = 0
    media_s: float = 0.0
    failure: FailureCode | None = None

    def part(self, start: float, end: float) -> ProgressSink:
        """A sink for a step that makes up the part from ``start`` to ``end`` of the task."""

        def sink(done: float) -> None:
            now = start + (end - start) * min(max(done, 0.0), 1.0)
            self.fraction = max(self.fraction, now)

        return sink


@dataclass(frozen=True)
class Bench:
    """One attempt's working place.

    Attributes:
        scratch: an empty directory that goes when the attempt ends.
        lease_s: seconds that each write extends the lease by.
    """

    claim: Claim
    scratch: Path
    lease_s: float
    jobs: JobStore
    videos: VideoStore
    objects: ObjectStore
    transcoder: Transcoder
    workspace: Workspace
    progress: Progress = field(default_factory=Progress)

    @property
    def plan(self) -> Plan:
        """The job's plan, once ``prepare`` is done."""
        return Plan.from_json(self.claim.plan)

    async def store(self, files: Sequence[MadeFile], sink: ProgressSink) -> list[StoredFile]:
        """Store files under keys of this attempt; they stay invisible until the task completes.

        The keys are written down first: if the worker dies now, what it left can be found.
        """
        task = self.claim.task
        prefix = attempt_prefix(
            task.owner_id, task.video_id, task.job_id, task.kind, task.index, task.attempt
        )
        await self.jobs.intend(task, [prefix + file.name for file in files], self.lease_s)
        stored = []
        for position, file in enumerate(files, start=1):
            size = await self.objects.put_file(prefix + file.name, file.path, file.content_type)
            self.progress.stored_bytes += size
            stored.append(
                StoredFile(
                    key=prefix + file.name,
                    kind=file.kind,
                    size_bytes=size,
                    content_type=file.content_type,
                    rendition=file.rendition,
                    chunk=file.chunk,
                    meta=file.meta,
                )
            )
            sink(position / len(files))
        return stored
