"""The whole job for several files: upload, wait, download, with the time of each step."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from carrete.cli.display import Bar, Display
from carrete.cli.errors import explain
from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.messages import Speaker
from carrete.client.api import CarreteClient
from carrete.client.download import download, free_name
from carrete.client.events import Tracker, tracking
from carrete.client.models import EventView, JobView, VideoView
from carrete.client.state import UploadBook
from carrete.client.upload import UploadReport, UploadRequest, upload_file
from carrete.domain.failures import CarreteError
from carrete.domain.upload import processed_name
from carrete.domain.video import VideoState

UPLOADS_AT_ONCE = 2
"""Files; each is sent in several parts at once, so that more would only share the same line."""


@dataclass
class Seconds:
    """Where the time went, in seconds; ``None`` for steps that were not reached.

    Attributes:
        upload: from the first byte read to the answer that the upload is complete.
        queue: from there until a worker began, by the server's clock.
        processing: from there until it was done, by the server's clock.
        download: of the result.
        total: of all, waiting for other files included.
    """

    upload: float | None = None
    queue: float | None = None
    processing: float | None = None
    download: float | None = None
    total: float | None = None


@dataclass
class FileResult:
    """What became of one file. ``error`` is a sentence; ``failure`` a stable code."""

    file: Path
    state: str = "waiting"
    video_id: UUID | None = None
    output: Path | None = None
    size_bytes: int = 0
    output_bytes: int | None = None
    renditions: list[dict[str, Any]] = field(default_factory=list)
    seconds: Seconds = field(default_factory=Seconds)
    failure: str | None = None
    error: str | None = None
    exit_code: ExitCode = ExitCode.OK

    @property
    def ratio(self) -> float | None:
        """Size of the result as a fraction of the original's."""
        if not self.output_bytes or not self.size_bytes:
            return None
        return self.output_bytes / self.size_bytes

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        ratio = None if self.ratio is None else round(self.ratio, 4)
        return {
            "file": str(self.file),
            "video_id": None if self.video_id is None else str(self.video_id),
            "state": self.state,
            "output": None if self.output is None else str(self.output),
            "size_bytes": self.size_bytes,
            "output_bytes": self.output_bytes,
            "ratio": ratio,
            "renditions": self.renditions,
            "seconds": {
                name: None if value is None else round(value, 3)
                for name, value in asdict(self.seconds).items()
            },
            "failure": self.failure,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Work:
    """What to do and with what.

    Attributes:
        targets: where each file's result goes.
        force: replace what is there.
        profile: of encoding; the server's default when not given.
        book: where unfinished uploads are remembered.
    """

    targets: dict[Path, Path]
    force: bool
    profile: str | None
    book: UploadBook


def plan_targets(
    files: Sequence[Path], directory: Path, *, force: bool, pick: bool = False
) -> dict[Path, Path]:
    """Where each file's result goes: ``<stem>.mp4``, numbered where two files share a stem.

    Args:
        files: the originals.
        directory: of the results.
        force: results may replace files, but never an original.
        pick: take a free name instead of refusing.

    Raises:
        CommandError: a file is there already, before anything was sent.
    """
    targets: dict[Path, Path] = {}
    originals = {file.resolve() for file in files}
    for file in dict.fromkeys(files):
        wanted = directory / processed_name(file.name)
        target, number = wanted, 1
        while target in targets.values():
            number += 1
            target = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
        if pick:
            target = free_name(target)
        if target.resolve() in originals:
            raise CommandError("target_is_original", ExitCode.USAGE, path=target)
        if target.exists() and not force:
            raise CommandError("target_exists", path=target)
        targets[file] = target
    return targets


class Pipeline:
    """Takes files through the system on one connection to its events."""

    def __init__(
        self, client: CarreteClient, account_id: UUID, work: Work, display: Display, say: Speaker
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._work = work
        self._display = display
        self._say = say
        self._gate = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._bars: dict[UUID, Bar] = {}

    async def run(self) -> list[FileResult]:
        """Process all files; one that fails does not keep the others."""
        async with tracking(self._client, self._on_event) as tracker:
            jobs = (self._file(file, tracker) for file in self._work.targets)
            return list(await asyncio.gather(*jobs))

    async def _file(self, file: Path, tracker: Tracker) -> FileResult:
        result, since = FileResult(file), time.monotonic()
        try:
            video = await self._upload(result)
            video = await self._processing(result, video, tracker)
            if video.state is VideoState.READY:
                await self._download(result, video.id)
        except (CarreteError, OSError) as error:
            result.exit_code, result.error = explain(error, self._say)
            self._display.line(f"{file.name}: {result.error}")
        result.seconds.total = time.monotonic() - since
        return result

    async def _upload(self, result: FileResult) -> VideoView:
        async with self._gate:
            result.state, since = "uploading", time.monotonic()
            bar = self._display.bar(self._say("step_upload", file=result.file.name), in_bytes=True)
            outcome = await upload_file(
                self._client,
                self._account_id,
                UploadRequest(result.file, profile=self._work.profile),
                book=self._work.book,
                report=UploadReport(progress=bar.update),
            )
        video = outcome.video
        result.video_id, result.size_bytes = video.id, video.size_bytes
        result.state, result.seconds.upload = str(video.state), time.monotonic() - since
        bar.end(self._say("uploaded", size=self._say.size(video.size_bytes)))
        return video

    async def _processing(
        self, result: FileResult, video: VideoView, tracker: Tracker
    ) -> VideoView:
        bar = self._display.bar(self._say("step_process", file=result.file.name))
        self._bars[video.id] = bar
        video = await tracker.settled(video.id)
        del self._bars[video.id]
        result.state = str(video.state)
        result.seconds.queue = _between(video.uploaded_at, video.started_at)
        result.seconds.processing = _between(video.started_at, video.finished_at)
        if video.state is VideoState.READY:
            result.output_bytes = video.output_bytes
            result.renditions = renditions_of(await self._client.job(video.id))
            bar.end(self._say("processed", time=self._say.seconds(result.seconds.processing)))
            return video
        result.exit_code = ExitCode.FAILED
        result.error = self._say(f"state_{video.state}")
        if video.failure is not None:
            result.failure = video.failure.code
            result.error = self._say.pick(video.failure.message)
        bar.end(result.error, ok=False)
        return video

    async def _download(self, result: FileResult, video_id: UUID) -> None:
        target, since = self._work.targets[result.file], time.monotonic()
        bar = self._display.bar(self._say("step_download", file=target.name), in_bytes=True)
        result.output_bytes = await download(
            self._client,
            video_id,
            "processed",
            target,
            force=self._work.force,
            progress=bar.update,
        )
        result.seconds.download = time.monotonic() - since
        result.output = target
        bar.end(self._say.size(result.output_bytes))

    def _on_event(self, event: EventView) -> None:
        bar = None if event.video_id is None else self._bars.get(event.video_id)
        if bar is not None and event.type == "video.progress":
            bar.update(float(event.data.get("progress", 0)), 1)


def renditions_of(job: JobView) -> list[dict[str, Any]]:
    """What was made, from the result of the task that says so: name, size in pixels, bytes."""
    for task in job.tasks:
        made = task.result.get("renditions")
        if isinstance(made, list):
            return [dict(item) for item in made if isinstance(item, dict)]
    return []


def exit_code_of(results: Sequence[FileResult]) -> ExitCode:
    """The exit code of all: the one failure's own, or a plain failure for several kinds."""
    codes = {result.exit_code for result in results} - {ExitCode.OK}
    if not codes:
        return ExitCode.OK
    return codes.pop() if len(codes) == 1 else ExitCode.FAILED


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
