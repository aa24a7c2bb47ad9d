"""``prepare``: look at the original, decide, plan."""

from contextlib import suppress

from carrete.domain.failures import InvalidInputError
from carrete.domain.flow import media_tasks, total_weight
from carrete.domain.ladder import Profile
from carrete.domain.media import SourceInfo
from carrete.domain.plan import make_plan
from carrete.domain.video import VideoFacts
from carrete.ports import Completion
from carrete.usecases.tasks.bench import Bench


async def prepare(bench: Bench) -> Completion:
    """Probe the original and turn it into a plan and the tasks that follow from it.

    Raises:
        InvalidInputError: the original is no video that can be processed.
    """
    info = await _probe(bench)
    allow_copy = bool(bench.claim.task.spec.get("allow_copy", True))
    plan = make_plan(info, Profile(bench.claim.profile), allow_copy=allow_copy)
    return Completion(
        result={"chunks": len(plan.chunks), "renditions": len(plan.renditions)},
        facts=facts_of(info),
        plan=plan.to_json(),
        total_weight=total_weight(plan),
        follow=media_tasks(plan),
    )


async def _probe(bench: Bench) -> SourceInfo:
    """Probe what a look at the header needs; all of the file where that is said to be bad.

    The first frames may lie where nothing was read: only the whole file can be called damaged.
    """
    sink = bench.progress.part(0.0, 0.4)
    with suppress(InvalidInputError):
        async with bench.workspace.header(bench.claim, sink) as source:
            return await bench.transcoder.probe(source)
    async with bench.workspace.source(bench.claim, bench.progress.part(0.4, 0.8)) as source:
        return await bench.transcoder.probe(source)


def facts_of(info: SourceInfo) -> VideoFacts:
    """What the owner is shown of the original."""
    return VideoFacts(
        duration_s=info.duration_s,
        width=info.video.display_width,
        height=info.video.display_height,
        frame_rate=float(info.video.frame_rate),
        video_codec=info.video.codec,
        audio_codec=info.audio.codec if info.audio else None,
    )
