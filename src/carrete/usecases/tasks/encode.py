"""``encode`` and ``audio``: the picture and the sound."""

from collections.abc import Sequence
from pathlib import Path

from carrete.domain.artifacts import ArtifactKind, MadeFile
from carrete.domain.flow import finish_task
from carrete.domain.media import ByteRange
from carrete.domain.plan import Chunk, Plan
from carrete.domain.sound import sound_ranges
from carrete.ports import Completion, Need, ProgressSink, StoredFile
from carrete.usecases.tasks.bench import Bench


async def encode(bench: Bench) -> Completion:
    """Make every rendition of one chunk, and its sound where no other task does.

    Of the first chunk, what players start with is made and published before the rest: the video
    can be played while that is made.
    """
    plan = bench.plan
    chunk = plan.chunks[bench.claim.task.index]
    early = early_renditions(plan) if chunk.index == 0 else ()
    later = [one.name for one in plan.renditions if one.name not in early]
    read = bench.progress.part(0.0, 0.05)
    published: list[StoredFile] = []
    async with bench.workspace.source(bench.claim, read, chunk.source_ranges) as source:
        sound = await _sound(bench, source, plan, chunk)
        if early:
            made = await _pictures(bench, source, chunk, early, bench.progress.part(0.05, 0.2))
            published += await bench.store([*sound, *made], _untold)
            await bench.jobs.publish(bench.claim.task, published, first_seconds(plan))
            sound = ()
    if early and plan.audio is not None and plan.audio.head_s:
        published += await _head(bench, plan)
    async with bench.workspace.source(bench.claim, read, chunk.source_ranges) as source:
        made = await _pictures(bench, source, chunk, later, bench.progress.part(0.2, 0.95))
        files = await bench.store([*sound, *made], bench.progress.part(0.95, 1.0))
    bench.progress.media_s = chunk.duration_s
    return Completion(
        result={
            "frames": chunk.frame_count,
            "bytes": sum(file.size_bytes for file in (*published, *files)),
        },
        files=files,
        playable_when=first_seconds(plan),
        last=finish_task(plan),
    )


def early_renditions(plan: Plan) -> tuple[str, ...]:
    """Of the first chunk, the rendition that players start with, and copies: they cost nothing.

    None where that is all there is: then nothing is gained by publishing it apart.
    """
    early = tuple(one.name for one in plan.renditions if one.copy or one == plan.first)
    return early if len(early) < len(plan.renditions) else ()


async def _pictures(
    bench: Bench, source: Path, chunk: Chunk, only: Sequence[str], sink: ProgressSink
) -> Sequence[MadeFile]:
    return await bench.transcoder.encode_chunk(
        source, bench.plan, chunk, bench.scratch, sink, only=only
    )


async def _sound(bench: Bench, source: Path, plan: Plan, chunk: Chunk) -> Sequence[MadeFile]:
    """The sound of a chunk that no other task makes."""
    if plan.audio is None or plan.audio.apart:
        return ()
    if plan.audio.copy:
        return await bench.transcoder.copy_sound(source, plan, chunk, bench.scratch)
    return await bench.transcoder.encode_audio(source, plan, bench.scratch, _untold)


async def _head(bench: Bench, plan: Plan) -> Sequence[StoredFile]:
    """Make and publish the first seconds of sound that another task makes the rest of."""
    assert plan.audio is not None
    async with bench.workspace.source(bench.claim, _untold, plan.audio.head_ranges) as source:
        made = await bench.transcoder.encode_head(source, plan, bench.scratch)
    files = await bench.store(made, _untold)
    await bench.jobs.publish(bench.claim.task, files, first_seconds(plan))
    return files


async def audio(bench: Bench) -> Completion:
    """Make the sound, but for its head, in parts that can be streamed while the rest is made."""
    plan = bench.plan
    if plan.audio is None:
        return Completion(result={}, last=finish_task(plan))
    needs = first_seconds(plan)
    size = 0

    async def publish(part: MadeFile) -> None:
        nonlocal size
        files = await bench.store([part], _untold)
        size += sum(file.size_bytes for file in files)
        await bench.jobs.publish(bench.claim.task, files, needs)

    ranges = await _ranges(bench) if plan.audio.ranged else ()
    read = bench.progress.part(0.0, 0.3)
    async with bench.workspace.source(bench.claim, read, ranges) as source:
        made = await bench.transcoder.encode_audio(
            source,
            plan,
            bench.scratch,
            bench.progress.part(0.3, 0.95),
            after_head=plan.audio.head_s > 0,
            on_part=publish,
        )
    files = await bench.store(made, bench.progress.part(0.95, 1.0))
    return Completion(
        result={"bytes": size + sum(file.size_bytes for file in files)},
        files=files,
        playable_when=needs,
        last=finish_task(plan),
    )


async def _ranges(bench: Bench) -> Sequence[ByteRange]:
    """Where the sound lies: its many places are looked up here instead of stored with the plan."""
    async with bench.workspace.header(bench.claim, _untold) as source:
        return sound_ranges(await bench.transcoder.probe(source))


def first_seconds(plan: Plan) -> list[Need]:
    """What must be there before the first seconds can be streamed."""
    needs = [Need(ArtifactKind.CHUNK, plan.first.name, 0)]
    if plan.audio is not None:
        needs.append(Need(ArtifactKind.AUDIO, None, 0))
    return needs


def _untold(_: float) -> None:
    """Takes the progress of steps too short to tell of."""
