"""What the operator sees, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from carrete.adapters.memory.state import State
from carrete.domain.library import Position
from carrete.domain.quota import OwnQuota
from carrete.domain.task import TaskKind, TaskState
from carrete.domain.video import VideoState
from carrete.ports import (
    MAX_WORKERS,
    Backlog,
    BuriedTask,
    KnownAccount,
    KnownWorker,
    NotFoundError,
    RunningTask,
    Tally,
    WorkerReport,
)


class MemoryOperator(State):
    """Conforms to ``ports.OperatorStore``."""

    async def report_worker(self, report: WorkerReport) -> None:
        """See the port."""
        now = self.clock()
        known = self.fleet.get(report.name)
        started = known.started_at if known else now
        self.fleet[report.name] = KnownWorker(report, started, now)

    async def forget_worker(self, name: str) -> None:
        """See the port."""
        self.fleet.pop(name, None)

    async def workers(self) -> list[KnownWorker]:
        """See the port."""
        found = sorted(self.fleet.values(), key=lambda one: (one.report.host, one.report.name))
        return found[:MAX_WORKERS]

    async def running_tasks(self, limit: int) -> list[RunningTask]:
        """See the port."""
        running = [r.task for r in self.tasks.values() if r.task.state is TaskState.RUNNING]
        running.sort(key=lambda task: task.started_at or self.clock())
        return [
            RunningTask(
                worker=task.worker or "",
                video_id=task.video_id,
                owner_id=task.owner_id,
                kind=task.kind,
                index=task.index,
                attempt=task.attempt,
                progress=task.progress,
                started_at=task.started_at,
                seconds=self._seconds(task.kind, task.index, task.job_id, task.video_id),
            )
            for task in running[:limit]
        ]

    def _seconds(self, kind: TaskKind, index: int, job_id: UUID, video_id: UUID) -> float | None:
        if kind is TaskKind.ENCODE:
            chunks = cast(list[dict[str, Any]], self.job_rows[job_id].plan.get("chunks", []))
            return chunks[index]["duration_s"] if index < len(chunks) else None
        if kind in {TaskKind.PREPARE, TaskKind.REMOVE}:
            return None
        return self.rows[video_id].video.duration_s

    async def backlog(self) -> Backlog:
        """See the port."""
        now = self.clock()
        waiting = [r for r in self.tasks.values() if r.task.state is TaskState.PENDING]
        running = [r for r in self.tasks.values() if r.task.state is TaskState.RUNNING]
        waited = [(now - r.run_after).total_seconds() for r in waiting if r.run_after <= now]
        rung = [(now - r.rung_at).total_seconds() for r in waiting if r.rung_at <= now]
        return Backlog(
            len(waiting), len(running), max(waited, default=None), max(rung, default=None)
        )

    async def history(self, since: datetime, bucket_s: int) -> list[Tally]:
        """See the port."""
        tallies: dict[datetime, Tally] = {}
        for event in self.log:
            if event.at < since:
                continue
            start = event.at.timestamp() // bucket_s * bucket_s
            at = datetime.fromtimestamp(start, UTC)
            old, data = tallies.get(at, Tally(at)), cast(dict[str, Any], event.data)
            match event.type:
                case "video.ready" if "result_bytes" in data:
                    new = replace(
                        old,
                        ready=old.ready + 1,
                        source_seconds=old.source_seconds + (data["duration_s"] or 0),
                        bytes_out=old.bytes_out + data["result_bytes"],
                    )
                case "video.queued":
                    new = replace(old, bytes_in=old.bytes_in + data.get("size_bytes", 0))
                case "video.failed":
                    new = replace(old, failed=old.failed + 1)
                case "task.lost":
                    new = replace(old, tasks_lost=old.tasks_lost + 1)
                case _:
                    continue
            tallies[at] = new
        return [tallies[at] for at in sorted(tallies)]

    async def buried(self, task_ids: Collection[UUID]) -> dict[UUID, BuriedTask]:
        """See the port."""
        found = [self.tasks[one].task for one in task_ids if one in self.tasks]
        return {
            task.id: BuriedTask(
                task.id,
                task.video_id,
                self.accounts_by_id[task.owner_id][0].email,
                task.kind,
                task.failure,
            )
            for task in found
        }

    async def accounts(
        self, text: str, after: Position | None, limit: int
    ) -> Sequence[KnownAccount]:
        """See the port."""
        behind = ("", UUID(int=0)) if after is None else (str(after.value), after.id)
        found = sorted(
            (account.email, account.id)
            for account, _ in self.accounts_by_id.values()
            if account.id not in self.removed and text.lower() in account.email
        )
        return [self._known(one) for email, one in found if (email, one) > behind][:limit]

    async def account(self, account_id: UUID) -> KnownAccount:
        """See the port."""
        if account_id not in self.accounts_by_id or account_id in self.removed:
            msg = f"there is no account {account_id}"
            raise NotFoundError(msg)
        return self._known(account_id)

    def _known(self, account_id: UUID) -> KnownAccount:
        videos = [row.video for row in self.rows.values() if row.video.owner_id == account_id]
        return KnownAccount(
            self.accounts_by_id[account_id][0],
            sum(video.state is not VideoState.DELETING for video in videos),
            self.used_by(account_id),
            self.own_quotas.get(account_id, OwnQuota()),
        )
