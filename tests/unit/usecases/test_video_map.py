from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.api.published import plan
from tests.unit.usecases.desk import Desk

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.ids import new_id
from carrete.domain.playlist import Fragment, Layout
from carrete.domain.task import NewTask, Priority, Task, TaskKind, TaskState
from carrete.domain.video import Event, Video
from carrete.ports import Completion, NotFoundError, StoredFile
from carrete.usecases import video_map

START = datetime(2026, 3, 1, tzinfo=UTC)


def task(state: TaskState, kind: TaskKind = TaskKind.ENCODE, progress: float = 0.5) -> Task:
    made = Task(
        id=new_id(),
        job_id=new_id(),
        video_id=new_id(),
        owner_id=new_id(),
        kind=kind,
        index=0,
        state=state,
        priority=Priority.BULK,
        attempt=1,
        failures=0,
        spec={},
        progress=progress,
        started_at=START,
    )
    finished = START + timedelta(seconds=5) if state is TaskState.DONE else None
    return replace(made, finished_at=finished)


NOW = START + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (task(TaskState.DONE), 4.0),
        (task(TaskState.RUNNING), 1.0),
        (task(TaskState.RUNNING, progress=0.0), None),
        (task(TaskState.PENDING), None),
        (replace(task(TaskState.RUNNING), started_at=NOW), None),
        (replace(task(TaskState.DONE), started_at=None), None),
    ],
)
def test_the_speed_is_seconds_of_video_in_a_second(one: Task, expected: float | None) -> None:
    assert video_map.speed_of(one, 20.0, NOW) == expected


def test_only_tasks_that_make_something_make_seconds_of_video() -> None:
    planned = plan()
    running = TaskState.RUNNING
    assert video_map.seconds_of(task(running), planned) == planned.chunks[0].duration_s
    assert video_map.seconds_of(task(running, TaskKind.AUDIO), planned) == planned.duration_s
    assert video_map.seconds_of(task(running, TaskKind.PREPARE), planned) is None
    assert video_map.seconds_of(task(running), None) is None
    beyond = replace(task(running), index=10**6)
    assert video_map.seconds_of(beyond, planned) is None


async def halfway(desk: Desk) -> Video:
    """A video of which two chunks and some sound are made."""
    video = await desk.complete(await desk.uploaded())
    prepare = await desk.store.claim("w", 30)
    assert prepare is not None
    follow = [NewTask(TaskKind.ENCODE, index=n) for n in range(2)]
    planned = plan().to_json()
    await desk.store.complete(prepare.task, Completion({}, plan=planned, follow=follow))
    names = [one.name for one in plan().renditions]
    for number in range(2):
        claim = await desk.store.claim("w", 30)
        assert claim is not None
        files = [chunk(name, claim.task.index, 1000 * (number + 1)) for name in names]
        files += [sound()] if number == 0 else []
        await desk.store.intend(claim.task, [file.key for file in files], 30)
        await desk.store.complete(claim.task, Completion({}, files=files))
    return await desk.now(video)


def chunk(name: str, index: int, size: int) -> StoredFile:
    fragments = (
        Fragment(100, size // 2, 0.0, 2.0, 60, independent=True),
        Fragment(100 + size // 2, size // 2, 2.0, 2.0, 60, independent=True),
    )
    meta = Layout(100, "avc1.640028", fragments).to_json() | {"vmaf": 90.0 + index}
    return StoredFile(
        f"{name}/{index}", ArtifactKind.CHUNK, size + 100, "video/mp4", name, index, meta
    )


def sound() -> StoredFile:
    layout = Layout(100, "mp4a.40.2", (Fragment(100, 400, 0.0, 4.0, 60, independent=True),))
    return StoredFile("a", ArtifactKind.AUDIO, 500, "audio/mp4", None, 0, layout.to_json())


async def test_the_map_has_every_chunk_and_those_that_are_made() -> None:
    desk = Desk()
    video = await halfway(desk)
    found = await video_map.read_map(desk.owner, video.id, now=datetime.now(UTC), videos=desk.store)
    assert found.job_id == video.job_id
    assert (tuple(found.chunks), tuple(found.renditions)) == (plan().chunks, plan().renditions)
    names = sorted(one.name for one in plan().renditions)
    assert [(one.chunk, one.rendition) for one in found.cells] == [
        (n, name) for n in (0, 1) for name in names
    ]
    assert [(one.task.kind, one.chunk) for one in found.tasks] == [
        (TaskKind.PREPARE, None),
        (TaskKind.ENCODE, 0),
        (TaskKind.ENCODE, 1),
    ]
    assert [one.speed is None for one in found.tasks] == [True, False, False]


async def test_before_there_is_a_plan_the_map_is_empty() -> None:
    desk = Desk()
    waiting, _ = await desk.create()
    queued = await desk.complete(await desk.uploaded())
    now = datetime.now(UTC)
    empty = await video_map.read_map(desk.owner, waiting.id, now=now, videos=desk.store)
    assert (empty.job_id, empty.tasks) == (None, ())
    planless = await video_map.read_map(desk.owner, queued.id, now=now, videos=desk.store)
    assert [one.task.kind for one in planless.tasks] == [TaskKind.PREPARE]
    assert (planless.chunks, planless.renditions, planless.cells) == ((), (), ())


async def test_versions_are_compared_with_the_original() -> None:
    desk = Desk()
    video = await halfway(desk)
    found = await video_map.compare(desk.owner, video.id, videos=desk.store)
    assert found.video == video
    assert [one.rendition for one in found.renditions] == list(plan().renditions)
    top = found.renditions[0]
    assert top.size_bytes == 1100 + 2100
    # 1000 and 2000 bytes in four seconds each; the second chunk's segments are joined
    assert (top.average_bps, top.peak_bps) == (3000, 4000)
    assert top.vmaf == 90.5
    assert found.sound is not None
    assert (found.sound.size_bytes, found.sound.average_bps) == (500, 800)


async def test_before_there_is_a_plan_there_is_nothing_to_compare() -> None:
    desk = Desk()
    video, _ = await desk.create()
    found = await video_map.compare(desk.owner, video.id, videos=desk.store)
    assert (found.renditions, found.sound) == ((), None)


async def test_what_happened_is_told_in_pages_and_to_the_owner_alone() -> None:
    desk = Desk()
    video = await halfway(desk)
    other = await desk.complete(await desk.uploaded())
    seen: list[Event] = []
    after = 0
    while True:
        page = await video_map.read_timeline(
            desk.owner, video.id, after, 3, videos=desk.store, events=desk.store
        )
        seen += page.events
        if page.after is None:
            break
        after = page.after
    assert {event.video_id for event in seen} == {video.id} != {other.id}
    assert [event.type for event in seen][:2] == ["video.uploading", "video.queued"]
    assert len({event.id for event in seen}) == len(seen) > 6
    with pytest.raises(NotFoundError):
        await video_map.read_timeline(
            new_id(), video.id, 0, 3, videos=desk.store, events=desk.store
        )
