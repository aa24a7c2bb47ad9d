"""A whole job at the level of the transcoder, as the worker runs it."""

from dataclasses import dataclass
from pathlib import Path

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.artifacts import MadeFile
from carrete.domain.ladder import Profile
from carrete.domain.media import Verification
from carrete.domain.plan import Plan, make_plan


@dataclass(frozen=True)
class Result:
    plan: Plan
    processed: Path
    poster: Path
    sheet: MadeFile
    verification: Verification
    chunks: dict[str, list[Path]]
    sound: list[Path]


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
    for chunk in plan.chunks:
        folder = out / f"chunk{chunk.index}"
        folder.mkdir()
        for file in await transcoder.encode_chunk(source, plan, chunk, folder, ignore):
            chunks[str(file.rendition)].append(file.path)
    sound = await make_sound(transcoder, source, plan, out)
    parts = [file.path for file in sound]
    [made] = await transcoder.assemble(plan, chunks[plan.top.name], parts, out, ignore)
    verification = await transcoder.verify(plan, made.path)
    poster, sheet = await transcoder.stills(plan, made.path, out)
    return Result(plan, made.path, poster.path, sheet, verification, chunks, parts)


async def make_sound(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, out: Path
) -> list[MadeFile]:
    """The sound of all chunks where it is copied, else the sound of the whole."""
    if plan.audio is None or not plan.audio.copy:
        return list(await transcoder.encode_audio(source, plan, out, ignore))
    made: list[MadeFile] = []
    for chunk in plan.chunks:
        made += await transcoder.copy_sound(source, plan, chunk, out)
    return made


def ignore(_: float) -> None:
    """Takes progress that nobody watches."""
