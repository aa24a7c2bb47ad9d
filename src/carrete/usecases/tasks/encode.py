"""``encode`` and ``audio``: the picture of one chunk, and the sound of the whole video."""

from carrete.domain.flow import finish_task
from carrete.ports import Completion
from carrete.usecases.tasks.bench import Bench


async def encode(bench: Bench) -> Completion:
    """Make every rendition of one chunk."""
    plan = bench.plan
    chunk = plan.chunks[bench.claim.task.index]
    read = bench.progress.part(0.0, 0.05)
    async with bench.workspace.source(bench.claim, read, chunk.source_ranges) as source:
        made = await bench.transcoder.encode_chunk(
            source, plan, chunk, bench.scratch, bench.progress.part(0.05, 0.95)
        )
    files = await bench.store(made, bench.progress.part(0.95, 1.0))
    return Completion(
        result={"frames": chunk.frame_count, "bytes": sum(file.size_bytes for file in files)},
        files=files,
        last=finish_task(plan),
    )


async def audio(bench: Bench) -> Completion:
    """Make the sound."""
    plan = bench.plan
    read = bench.progress.part(0.0, 0.05)
    ranges = plan.audio.source_ranges if plan.audio else ()
    async with bench.workspace.source(bench.claim, read, ranges) as source:
        made = await bench.transcoder.encode_audio(
            source, plan, bench.scratch, bench.progress.part(0.05, 0.95)
        )
    files = await bench.store(made, bench.progress.part(0.95, 1.0))
    return Completion(
        result={"bytes": sum(file.size_bytes for file in files)},
        files=files,
        last=finish_task(plan),
    )
