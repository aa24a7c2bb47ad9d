"""What ``reconcile`` and ``gc`` ask, in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from carrete.adapters.memory.jobs import MemoryJobs
from carrete.adapters.memory.state import ArtifactRow, flag
from carrete.domain.artifacts import original_key
from carrete.domain.failures import FailureCode
from carrete.domain.retry import MAX_FAILURES
from carrete.domain.task import TaskState
from carrete.domain.video import VideoState
from carrete.ports import AbandonedUpload, DeadTask, Doorbell, Freed, QueueCounts

_LONGEST_DOUBLING = 6


class MemoryMaintenance(MemoryJobs):
    """Conforms to ``ports.MaintenanceStore``."""

    @asynccontextmanager
    async def lead(self) -> AsyncIterator[bool]:
        """See the port."""
        with flag(self) as leading:
            yield leading

    async def free_expired(self, limit: int) -> Freed:
        """See the port."""
        waiting: list[Doorbell] = []
        given_up: list[Doorbell] = []
        expired = [
            row
            for row in self.tasks.values()
            if row.task.state is TaskState.RUNNING
            and row.lease_until is not None
            and row.lease_until < self.clock()
        ]
        for row in expired[:limit]:
            bell = Doorbell(row.task.id, row.task.owner_id)
            detail = f"worker {row.task.worker} was not heard of for the whole lease"
            if row.task.failures + 1 >= MAX_FAILURES:
                self.fail_task(row, FailureCode.GAVE_UP, detail)
                given_up.append(bell)
            else:
                self.put_back(row, 0.0, failed=1, detail=detail)
                self._note(row.task, "task.lost")
                waiting.append(bell)
        return Freed(tuple(waiting), tuple(given_up))

    async def unburied(self, limit: int) -> Sequence[DeadTask]:
        """See the port."""
        return [
            DeadTask(Doorbell(task.id, task.owner_id), task.attempt, task.detail or "")
            for task in (row.task for row in self.tasks.values() if row.to_bury)
            if task.state is TaskState.FAILED
        ][:limit]

    async def letter_sent(self, dead: DeadTask) -> None:
        """See the port."""
        row = self.tasks.get(dead.bell.task_id)
        if row is not None and row.task.attempt == dead.attempt:
            row.to_bury = False

    async def unseen(self, older_than_s: float, limit: int) -> Sequence[Doorbell]:
        """See the port."""
        bells: list[Doorbell] = []
        now = self.clock()
        for row in sorted(self.tasks.values(), key=lambda r: (r.task.priority, r.task.id)):
            quiet = timedelta(seconds=older_than_s * (1 << min(row.rings, _LONGEST_DOUBLING)))
            due = row.task.state is TaskState.PENDING and row.run_after <= now
            if due and row.rung_at < now - quiet and len(bells) < limit:
                row.rung_at = now
                row.rings += 1
                bells.append(Doorbell(row.task.id, row.task.owner_id))
        return bells

    async def abandoned(self, older_than_s: float, limit: int) -> Sequence[AbandonedUpload]:
        """See the port."""
        before = self.later(-older_than_s)
        videos = [row.video for row in self.rows.values()]
        return [
            AbandonedUpload(
                owner_id=video.owner_id,
                video_id=video.id,
                key=original_key(video.owner_id, video.id, video.extension),
                upload_id=video.upload_id,
                size_bytes=video.size_bytes,
            )
            for video in videos
            if video.state is VideoState.UPLOADING and video.updated_at < before
        ][:limit]

    async def drop_abandoned(self, video_id: UUID) -> None:
        """See the port."""
        row = self.rows.get(video_id)
        if row is not None and row.video.state is VideoState.UPLOADING:
            self.delete_video(video_id)
            self.note(row.video.owner_id, video_id, "video.deleted", reason="abandoned")

    def _attempt_over(self, key: ArtifactRow) -> bool:
        row = self.tasks.get(key.task_id)
        if row is None or row.task.attempt != key.attempt:
            return True
        held = row.lease_until is not None and row.lease_until > self.clock()
        return row.task.state is not TaskState.RUNNING and not held

    async def dead_keys(self, grace_s: float, limit: int) -> Sequence[str]:
        """See the port."""
        before = self.later(-grace_s)
        return sorted(
            key.key
            for key in self.keys.values()
            if key.state == "dead"
            or (key.state == "writing" and self._attempt_over(key))
            or (key.state == "gone" and key.swept_at is not None and key.swept_at < before)
        )[:limit]

    async def swept(self, keys: Sequence[str], grace_s: float) -> None:
        """See the port."""
        before = self.later(-grace_s)
        for name in keys:
            key = self.keys.get(name)
            if key is None:
                continue
            if key.state == "gone" and key.swept_at is not None and key.swept_at < before:
                del self.keys[name]
            elif key.state in {"dead", "writing"}:
                key.state, key.swept_at = "gone", self.clock()

    async def known_keys(self, keys: Sequence[str]) -> set[str]:
        """See the port."""
        made = {key.key for key in self.keys.values() if key.state != "gone"}
        videos = [row.video for row in self.rows.values()]
        originals = {original_key(v.owner_id, v.id, v.extension) for v in videos}
        return (made | originals) & set(keys)

    async def known_uploads(self, upload_ids: Sequence[str]) -> set[str]:
        """See the port."""
        known = {row.video.upload_id for row in self.rows.values()}
        return {upload for upload in upload_ids if upload in known}

    async def prune_events(self, older_than_s: float, limit: int) -> int:
        """See the port."""
        before = self.later(-older_than_s)
        old = [event for event in self.log if event.at < before][:limit]
        self.log = [event for event in self.log if event not in old]
        return len(old)

    async def removed_videos(self, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """See the port."""
        videos = [row.video for row in self.rows.values()]
        return sorted(
            (video.owner_id, video.id)
            for video in videos
            if video.owner_id in self.removed and video.state is not VideoState.DELETING
        )[:limit]

    async def forget_accounts(self, limit: int) -> int:
        """See the port."""
        busy = {row.video.owner_id for row in self.rows.values()}
        done = sorted(self.removed - busy)[:limit]
        old = [event for event in self.log if event.owner_id in done][:limit]
        self.log = [event for event in self.log if event not in old]
        talked_of = {event.owner_id for event in self.log}
        gone = [account for account in done if account not in talked_of]
        for account in gone:
            self.removed.discard(account)
            del self.accounts_by_id[account]
        return len(gone)

    async def drop_silent_workers(self, older_than_s: float) -> int:
        """See the port."""
        before = self.later(-older_than_s)
        silent = [name for name, one in self.fleet.items() if one.seen_at < before]
        for name in silent:
            del self.fleet[name]
        return len(silent)

    async def counts(self) -> QueueCounts:
        """See the port."""
        waiting = [r for r in self.tasks.values() if r.task.state is TaskState.PENDING]
        running = [r for r in self.tasks.values() if r.task.state is TaskState.RUNNING]
        waits = [(self.clock() - row.run_after).total_seconds() for row in waiting]
        videos: dict[str, int] = {}
        for row in self.rows.values():
            videos[row.video.state.value] = videos.get(row.video.state.value, 0) + 1
        return QueueCounts(len(waiting), len(running), max([0.0, *waits]), videos)
