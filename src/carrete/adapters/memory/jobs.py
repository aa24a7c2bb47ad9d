"""Tasks as workers see them, in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from carrete import tracing
from carrete.adapters.memory.state import ArtifactRow, JobRow, State, TaskRow
from carrete.domain.artifacts import JsonObject, original_key
from carrete.domain.failures import (
    PERHAPS_OURS,
    FailureCode,
    LeaseLostError,
    TaskCanceledError,
)
from carrete.domain.ids import new_id
from carrete.domain.task import Claim, NewTask, Task, TaskKind, TaskState
from carrete.domain.video import IN_WORK, Event, Video, VideoState
from carrete.ports import Artifact, Completion, Doorbell, Need, Removal, StoredFile

AGED_S = 30


class MemoryJobs(State):
    """Conforms to ``ports.JobStore``."""

    def open_job(self, video: Video, profile: str, first: NewTask) -> tuple[UUID, list[Doorbell]]:
        """Add a job with its first task."""
        job = JobRow(new_id(), video.id, profile, self.clock(), traceparent=tracing.current())
        self.job_rows[job.id] = job
        return job.id, self.add_tasks(video.owner_id, job, [first])

    def add_tasks(self, owner_id: UUID, job: JobRow, tasks: Iterable[NewTask]) -> list[Doorbell]:
        """Add waiting tasks; one that exists already is left as it is."""
        bells = []
        now = self.clock()
        wanted = list(tasks)
        # among equals the order given is the order of claims
        for task_id, new in zip(sorted(new_id() for _ in wanted), wanted, strict=True):
            if any(
                (r.task.kind, r.task.index) == (new.kind, new.index) for r in self.tasks_of(job.id)
            ):
                continue
            task = Task(
                id=task_id,
                job_id=job.id,
                video_id=job.video_id,
                owner_id=owner_id,
                kind=new.kind,
                index=new.index,
                state=TaskState.PENDING,
                priority=new.priority,
                attempt=0,
                failures=0,
                spec=new.spec,
                created_at=now,
            )
            self.tasks[task.id] = TaskRow(task, new.weight, run_after=now, rung_at=now)
            bells.append(Doorbell(task.id, owner_id))
        return bells

    def _order(self, row: TaskRow) -> tuple[int, int, int, int, tuple[float, int, UUID]]:
        owner = row.task.owner_id
        aged = row.run_after < self.clock() - timedelta(seconds=AGED_S)
        running = sum(
            1
            for other in self.tasks.values()
            if other.task.owner_id == owner and other.task.state is TaskState.RUNNING
        )
        urgency = 0 if aged else int(row.task.priority)
        return (
            urgency,
            running,
            self.turns.get(owner, 0),
            int(row.task.priority),
            in_turn(row.task),
        )

    async def claim(self, worker: str, lease_s: float) -> Claim | None:
        """See the port."""
        waiting = [
            row
            for row in self.tasks.values()
            if row.task.state is TaskState.PENDING and row.run_after <= self.clock()
        ]
        best: dict[UUID, TaskRow] = {}
        for row in sorted(waiting, key=lambda item: (item.task.priority, in_turn(item.task))):
            best.setdefault(row.task.owner_id, row)
        if not best:
            return None
        row = min(best.values(), key=self._order)
        task = self.change_task(
            row,
            state=TaskState.RUNNING,
            attempt=row.task.attempt + 1,
            worker=worker,
            progress=0.0,
            started_at=self.clock(),
            finished_at=None,
            failure=None,
            detail=None,
        )
        row.lease_until = self.later(lease_s)
        self.turns[task.owner_id] = max(self.turns.values(), default=0) + 1
        video = self.rows[task.video_id].video
        if task.kind is TaskKind.PREPARE and video.state in IN_WORK:
            self.change(video.id, state=VideoState.PROCESSING, started_at=self.clock())
            self.note(task.owner_id, task.video_id, "video.processing")
        self._note(task, "task.running", worker=worker)
        job = self.job_rows[task.job_id]
        return Claim(
            task=task,
            plan=job.plan,
            source_key=original_key(task.owner_id, task.video_id, video.extension),
            source_bytes=video.size_bytes,
            profile=job.profile,
            extension=video.extension,
            traceparent=job.traceparent,
        )

    async def waiting(self, older_than_s: float) -> bool:
        """See the port."""
        return any(
            row.task.state is TaskState.PENDING and row.run_after < self.later(-older_than_s)
            for row in self.tasks.values()
        )

    async def heartbeat(self, task: Task, lease_s: float, progress: float) -> None:
        """See the port."""
        row = self._held(task)
        row.lease_until = self.later(lease_s)
        now = self.change_task(row, progress=max(row.task.progress, min(max(progress, 0.0), 1.0)))
        if task.kind is TaskKind.REMOVE or progress <= task.progress:
            return
        own: JsonObject = {**_label(task), "progress": round(now.progress, 4)}
        data: JsonObject = {"progress": round(self.overall(task.job_id), 4), "task": own}
        self.announce(
            Event(None, task.owner_id, task.video_id, "video.progress", data, self.clock())
        )

    async def intend(self, task: Task, keys: Sequence[str], lease_s: float) -> None:
        """See the port."""
        self._held(task).lease_until = self.later(lease_s)
        for key in keys:
            self.keys[key] = ArtifactRow(key, task.video_id, task.job_id, task.id, task.attempt)

    async def publish(
        self, task: Task, files: Sequence[StoredFile], playable_when: Sequence[Need]
    ) -> None:
        """See the port."""
        self._held(task)
        self._make_real(task, files)
        self._set_playable(task, playable_when)
        self._note(task, "task.published")

    def _make_real(self, task: Task, files: Sequence[StoredFile]) -> None:
        for file in files:
            same = Need(file.kind, file.rendition, file.chunk)
            for key in self.keys.values():
                old = key.made
                if key.job_id == task.job_id and key.state == "live" and old and _need(old) == same:
                    key.state = "dead"
            self.keys[file.key].state = "live"
            self.keys[file.key].made = _artifact(task, file)

    def _set_playable(self, task: Task, needs: Sequence[Need]) -> None:
        there = {_need(made) for made in self.live(task.job_id)}
        waiting = self.rows[task.video_id].video.playable_at is None
        if needs and waiting and there.issuperset(needs):
            self.change(task.video_id, playable_at=self.clock())
            self.note(task.owner_id, task.video_id, "video.playable")

    async def complete(self, task: Task, completion: Completion) -> Sequence[Doorbell]:
        """See the port."""
        row = self._held(task)
        if completion.facts is not None:
            job = self.job_rows[task.job_id]
            self.charge(job, task.owner_id, completion.facts.duration_s)
        self.change_task(
            row,
            state=TaskState.DONE,
            progress=1.0,
            result=completion.result,
            finished_at=self.clock(),
        )
        row.lease_until = None
        self._make_real(task, completion.files)
        for key in self.keys.values():
            earlier = key.task_id == task.id and key.attempt < task.attempt
            if earlier and key.state == "live":
                key.state = "dead"
        job = self.job_rows[task.job_id]
        if completion.plan is not None:
            job.plan = completion.plan
            job.total_weight = completion.total_weight or 100.0
        if completion.facts is not None:
            self.change(task.video_id, **asdict(completion.facts))
        self._note(task, "task.done")
        bells = self.add_tasks(task.owner_id, job, completion.follow)
        all_done = all(r.task.state is TaskState.DONE for r in self.tasks_of(job.id))
        if completion.last is not None and all_done:
            bells += self.add_tasks(task.owner_id, job, [completion.last])
        self._set_playable(task, completion.playable_when)
        if completion.publish:
            self._publish(task, job)
        return bells

    def _publish(self, task: Task, job: JobRow) -> None:
        job.finished_at = self.clock()
        self.drop_results(task.video_id, but={job.id})
        others = {j.id for j in self.job_rows.values() if j.video_id == task.video_id} - {job.id}
        self.job_rows = {k: j for k, j in self.job_rows.items() if k not in others}
        self.tasks = {k: r for k, r in self.tasks.items() if r.task.job_id not in others}
        video = self.rows[task.video_id].video
        sizes = [made.size_bytes for made in self.live(job.id) if made.kind == "processed"]
        result_bytes = sum(made.size_bytes for made in self.live(job.id))
        self.set_state(
            video,
            VideoState.READY,
            {"duration_s": video.duration_s, "result_bytes": result_bytes},
            published_job_id=job.id,
            finished_at=self.clock(),
            playable_at=video.playable_at or self.clock(),
            output_bytes=sum(sizes) if sizes else None,
        )

    async def finish_removal(self, task: Task) -> None:
        """See the port."""
        self._held(task)
        for key in self.keys.values():
            if key.video_id == task.video_id:
                key.state = "gone"
                key.swept_at = self.clock()
        self.delete_video(task.video_id)
        self.note(task.owner_id, task.video_id, "video.deleted")

    async def retry(
        self, task: Task, delay_s: float, detail: str, *, counted: bool = True
    ) -> Sequence[Doorbell]:
        """See the port."""
        row = self._held(task)
        self.put_back(row, delay_s, failed=int(counted), detail=detail)
        self._note(task, "task.retrying", delay_s=delay_s)
        return [Doorbell(task.id, task.owner_id)]

    async def give_back(self, task: Task) -> Sequence[Doorbell]:
        """See the port."""
        row = self._held(task)
        self.put_back(row, 0.0, failed=0, detail=None)
        self._note(task, "task.given_back")
        return [Doorbell(task.id, task.owner_id)]

    def put_back(self, row: TaskRow, delay_s: float, *, failed: int, detail: str | None) -> None:
        """Make a task wait again."""
        self.change_task(
            row, state=TaskState.PENDING, failures=row.task.failures + failed, detail=detail
        )
        row.lease_until = None
        row.run_after = row.rung_at = self.later(delay_s)
        row.rings = 0

    async def reject(self, task: Task, code: FailureCode, detail: str) -> None:
        """See the port."""
        self.fail_task(self._held(task), code, detail)

    def fail_task(self, row: TaskRow, code: FailureCode, detail: str) -> None:
        """End a task, its video and the job's other tasks."""
        task = self.change_task(
            row,
            state=TaskState.FAILED,
            failure=code,
            detail=detail,
            failures=row.task.failures + 1,
            finished_at=self.clock(),
        )
        row.lease_until = None
        row.to_bury = code in PERHAPS_OURS
        if task.kind is TaskKind.REMOVE:
            return
        self.stop_tasks(task.video_id, but=task.id)
        if code not in PERHAPS_OURS:
            for key in self.keys.values():
                if key.job_id == task.job_id and key.state == "live":
                    key.state = "dead"
        self.set_state(
            self.rows[task.video_id].video,
            VideoState.FAILED,
            failure=code,
            finished_at=self.clock(),
        )

    async def restart(self, task: Task, first: NewTask) -> Sequence[Doorbell]:
        """See the port."""
        self._held(task)
        self.tasks = {k: r for k, r in self.tasks.items() if r.task.job_id != task.job_id}
        for key in self.keys.values():
            if key.job_id == task.job_id and key.state == "live":
                key.state = "dead"
        if self.rows[task.video_id].video.published_job_id is None:
            self.change(task.video_id, playable_at=None)
        self._note(task, "job.restarted")
        old = self.job_rows.pop(task.job_id)
        job, bells = self.open_job(self.rows[task.video_id].video, old.profile, first)
        self.job_rows[job].charged = old.charged
        self.change(task.video_id, job_id=job)
        return bells

    async def acknowledge(self, task: Task) -> None:
        """See the port."""
        row = self.tasks.get(task.id)
        if row and row.task.attempt == task.attempt and row.task.state is not TaskState.RUNNING:
            row.lease_until = None

    async def redrive(self, task_id: UUID) -> Sequence[Doorbell]:
        """See the port."""
        dead = self.tasks.get(task_id)
        if dead is None or dead.task.state is not TaskState.FAILED:
            return ()
        bells = []
        for row in self.tasks_of(dead.task.job_id):
            if row.task.state in {TaskState.FAILED, TaskState.CANCELED}:
                self.put_back(row, 0.0, failed=-row.task.failures, detail=None)
                self.change_task(row, failure=None, progress=0.0)
                row.to_bury = False
                bells.append(Doorbell(row.task.id, row.task.owner_id))
        video = self.rows[dead.task.video_id].video
        if video.state is VideoState.FAILED:
            self.set_state(video, VideoState.PROCESSING, failure=None, finished_at=None)
        return bells

    async def plan_of(self, job_id: UUID) -> tuple[JsonObject, list[Artifact]]:
        """See the port."""
        row = self.job_rows.get(job_id)
        return (row.plan if row else {}), self.live(job_id)

    async def removal(self, video_id: UUID) -> Removal | None:
        """See the port."""
        row = self.rows.get(video_id)
        if row is None:
            return None
        video = row.video
        return Removal(
            original_key=original_key(video.owner_id, video.id, video.extension),
            upload_id=video.upload_id,
            keys=tuple(k.key for k in self.keys.values() if k.video_id == video_id),
        )

    def live(self, job_id: UUID | None) -> list[Artifact]:
        """The live objects of a job, in order."""
        found = [
            key.made
            for key in self.keys.values()
            if key.state == "live" and key.made is not None and key.job_id == job_id
        ]
        return sorted(found, key=lambda a: (a.chunk is None, a.chunk or 0, a.key))

    def _held(self, task: Task) -> TaskRow:
        row = self.tasks.get(task.id)
        if row is not None and row.task.attempt == task.attempt:
            if row.task.state is TaskState.RUNNING:
                return row
            if row.task.state is TaskState.CANCELED:
                row = None
        if row is None:
            msg = f"{task.kind} {task.index} was canceled"
            raise TaskCanceledError(msg)
        msg = f"attempt {task.attempt} at {task.kind} {task.index} lost its lease"
        raise LeaseLostError(msg)

    def _note(self, task: Task, kind: str, **data: str | float) -> None:
        self.note(task.owner_id, task.video_id, kind, **_label(task), **data)


def in_turn(task: Task) -> tuple[float, int, UUID]:
    """Tasks of one owner and priority as they are claimed."""
    made = task.created_at.timestamp() if task.created_at else 0.0
    return (made, task.index, task.id)


def in_order(task: Task) -> tuple[float, str, int]:
    """Tasks by when they were made, those made together by kind and index."""
    made = task.created_at.timestamp() if task.created_at else 0.0
    return (made, task.kind.value, task.index)


def _label(task: Task) -> JsonObject:
    return {"kind": task.kind.value, "index": task.index, "attempt": task.attempt}


def _need(made: Artifact) -> Need:
    return Need(made.kind, made.rendition, made.chunk)


def _artifact(task: Task, file: StoredFile) -> Artifact:
    return Artifact(
        key=file.key,
        video_id=task.video_id,
        job_id=task.job_id,
        kind=file.kind,
        size_bytes=file.size_bytes,
        content_type=file.content_type,
        rendition=file.rendition,
        chunk=file.chunk,
        meta=file.meta,
    )
