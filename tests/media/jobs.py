"""A whole job at the level of the transcoder, as the worker runs it."""

from dataclasses import dataclass
from pathlib import Path

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.ladder import Profile
from carrete.domain.media import Verification
from carrete.domain.plan import Plan, make_plan


@dataclass(frozen=True)
class Result:
    plan: Plan
    processed: Path
    poster: Path
    verification: Verification
    chunks: dict[str, list[Path]]
    audio: Path | None


async def process(
    transcoder: FfmpegTranscoder,
    source: Path,
    out: Path,
    *,
    profile: Profile = Profile.H264,
    allow_copy: bool = False,
    plan: Plan | None = None,
) -> Result:
    """Everything that is made of ``source``, checked."""
    if plan is None:
        plan = make_plan(await transcoder.probe(source), profile, allow_copy=allow_copy)
    plan = Plan.from_json(plan.to_json())
    chunks: dict[str, list[Path]] = {one.name: [] for one in plan.renditions}
    for file in await transcoder.copy_top(source, plan, out, ignore):
        chunks[str(file.rendition)].append(file.path)
    for chunk in plan.chunks:
        folder = out / f"chunk{chunk.index}"
        folder.mkdir()
        for file in await transcoder.encode_chunk(source, plan, chunk, folder, ignore):
            chunks[str(file.rendition)].append(file.path)
    sound = [file.path for file in await transcoder.encode_audio(source, plan, out, ignore)]
    [poster] = await transcoder.poster(source, plan, out)
    audio = sound[0] if sound else None
    [made] = await transcoder.assemble(plan, chunks[plan.top.name], audio, out, ignore)
    verification = await transcoder.verify(plan, made.path)
    return Result(plan, made.path, poster.path, verification, chunks, audio)


def ignore(_: float) -> None:
    """Takes progress that nobody watches."""
