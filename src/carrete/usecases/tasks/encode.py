"""``encode``, ``audio`` and ``copy``: the picture and the sound."""

from collections.abc import Sequence

from carrete.domain.artifacts import ArtifactKind, MadeFile
from carrete.domain.flow import finish_task
from carrete.domain.plan import Plan
from carrete.ports import Completion, Need, StoredFile
from carrete.usecases.tasks.bench import Bench


async def encode(bench: Bench) -> Completion:
    """Make every rendition of one chunk.

    Of the first chunk, the rendition that players start with is made and published before the
    others: the video can be played while they are made.
    """
    plan = bench.plan
    chunk = plan.chunks[bench.claim.task.index]
    names = [one.name for one in plan.renditions if not one.copy]
    early = [plan.first.name] if chunk.index == 0 and len(names) > 1 else []
    later = [name for name in names if name not in early]
    read = bench.progress.part(0.0, 0.05)
    async with bench.workspace.source(bench.claim, read, chunk.source_ranges) as source:

        async def make(only: Sequence[str], start: float, end: float) -> list[StoredFile]:
            rendered = start + (end - start) * 0.95
            made = await bench.transcoder.encode_chunk(
                source, plan, chunk, bench.scratch, bench.progress.part(start, rendered), only=only
            )
            return await bench.store(made, bench.progress.part(rendered, end))

        files: list[StoredFile] = []
        if early:
            files = await make(early, 0.05, 0.2)
            await bench.jobs.publish(bench.claim.task, files, first_seconds(plan))
        made = await make(later, 0.2 if early else 0.05, 1.0)
    bench.progress.media_s = chunk.duration_s
    return Completion(
        result={
            "frames": chunk.frame_count,
            "bytes": sum(file.size_bytes for file in (*files, *made)),
        },
        files=made,
        playable_when=first_seconds(plan),
        last=finish_task(plan),
    )


async def audio(bench: Bench) -> Completion:
    """Make the sound: its first seconds ahead of the rest, then in parts that can be streamed."""
    plan = bench.plan
    if plan.audio is None:
        return Completion(result={}, last=finish_task(plan))
    needs = first_seconds(plan)
    size = 0

    async def publish(made: Sequence[MadeFile]) -> None:
        nonlocal size
        files = await bench.store(made, lambda _: None)
        size += sum(file.size_bytes for file in files)
        await bench.jobs.publish(bench.claim.task, files, needs)

    read = bench.progress.part(0.0, 0.05)
    if plan.audio.head_s:
        async with bench.workspace.source(bench.claim, read, plan.audio.head_ranges) as source:
            await publish(await bench.transcoder.encode_head(source, plan, bench.scratch))
    async with bench.workspace.source(bench.claim, read, plan.audio.source_ranges) as source:
        made = await bench.transcoder.encode_audio(
            source,
            plan,
            bench.scratch,
            bench.progress.part(0.05, 0.95),
            after_head=plan.audio.head_s > 0,
            on_part=lambda part: publish([part]),
        )
    files = await bench.store(made, bench.progress.part(0.95, 1.0))
    return Completion(
        result={"bytes": size + sum(file.size_bytes for file in files)},
        files=files,
        playable_when=needs,
        last=finish_task(plan),
    )


async def copy(bench: Bench) -> Completion:
    """Keep the original's own picture as the top rendition."""
    plan = bench.plan
    async with bench.workspace.source(bench.claim, bench.progress.part(0.0, 0.5)) as source:
        made = await bench.transcoder.copy_top(
            source, plan, bench.scratch, bench.progress.part(0.5, 0.8)
        )
    files = await bench.store(made, bench.progress.part(0.8, 1.0))
    return Completion(
        result={"bytes": sum(file.size_bytes for file in files)},
        files=files,
        playable_when=first_seconds(plan),
        last=finish_task(plan),
    )


def first_seconds(plan: Plan) -> list[Need]:
    """What must be there before the first seconds can be streamed."""
    needs = [Need(ArtifactKind.CHUNK, plan.first.name, 0)]
    if plan.audio is not None:
        needs.append(Need(ArtifactKind.AUDIO, None, 0))
    return needs
