"""Makes what belongs to one chunk: its encoded renditions, and the source's packets it keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from carrete.adapters.ffmpeg import argv, grants, quality, sound
from carrete.adapters.ffmpeg.run import Command, Outcome, Runner
from carrete.domain.artifacts import ArtifactKind, JsonObject, MadeFile
from carrete.domain.failures import FailureCode, InvalidInputError, ShortcutFailedError
from carrete.domain.ladder import Rendition
from carrete.domain.media import FfmpegError, Limits
from carrete.domain.plan import Chunk, Plan
from carrete.domain.playlist import Layout


@dataclass(frozen=True, slots=True)
class Work:
    """One chunk of one source, and what it is made with.

    Attributes:
        ffmpeg: the binary.
        threads: that one ffmpeg uses.
        limits: what is refused of the source.
        source: a seekable file on the plan's clock.
        plan: of the video.
        chunk: of the plan.
        out: directory for what is made.
    """

    ffmpeg: Path
    threads: int
    limits: Limits
    source: Path
    plan: Plan
    chunk: Chunk
    out: Path


async def encode(
    runner: Runner, work: Work, wanted: Sequence[Rendition], on_progress: Callable[[float], None]
) -> list[MadeFile]:
    """These renditions of the chunk, from one decode.

    Raises:
        InvalidInputError: not all of its frames decode.
    """
    plan, chunk = work.plan, work.chunk
    outputs = {one.name: work.out / _name(one, chunk) for one in wanted}
    command = Command(
        argv.encode(
            work.ffmpeg,
            work.source,
            plan,
            chunk,
            outputs,
            threads=work.threads,
            limits=work.limits,
        ),
        grants.encode(work.ffmpeg, work.source, plan, chunk, work.out),
        total=chunk.frame_count,
    )
    outcome = await runner.encode(command, on_progress)
    made = []
    for rendition in wanted:
        path = outputs[rendition.name]
        layout = await sound.read(path)
        _check_frames(layout, chunk, outcome)
        facts: JsonObject = {"complaints": outcome.complaints}
        if rendition == plan.top and quality.is_sampled(plan, chunk):
            measuring = quality.Measuring(
                work.ffmpeg,
                work.source,
                plan,
                chunk,
                command.grant,
                work.threads,
                work.limits,
            )
            facts["vmaf"] = await quality.measure(runner, measuring, path, layout)
        made.append(_file(path, rendition, chunk, layout, facts))
    return made


def _check_frames(layout: Layout, chunk: Chunk, outcome: Outcome) -> None:
    if layout.samples != chunk.frame_count:
        raise InvalidInputError(
            FailureCode.DAMAGED_FILE,
            f"chunk {chunk.index}: {layout.samples} of {chunk.frame_count} frames decode: "
            + " | ".join(outcome.tail)[-300:],
        )


async def keep(runner: Runner, work: Work, rendition: Rendition) -> MadeFile:
    """The chunk's packets of the source's own picture.

    Raises:
        ShortcutFailedError: they can't be kept.
    """
    path = work.out / _name(rendition, work.chunk)
    build = argv.copy_video(
        work.ffmpeg, work.source, work.plan, work.chunk, path, limits=work.limits
    )
    layout = await _kept(runner, work, build, path)
    longest = work.plan.source.video.max_keyframe_gap_s + argv.MIN_FRAGMENT_S
    return _file(path, rendition, work.chunk, replace(layout, longest_s=longest), {})


async def keep_sound(runner: Runner, work: Work) -> MadeFile:
    """The source's packets of sound that are heard while the chunk is shown.

    Raises:
        ShortcutFailedError: they can't be kept.
    """
    path = work.out / f"audio.{work.chunk.index}.mp4"
    build = argv.copy_audio(
        work.ffmpeg, work.source, work.plan, work.chunk, path, limits=work.limits
    )
    layout = await _kept(runner, work, build, path)
    kind, index = ArtifactKind.AUDIO, work.chunk.index
    return MadeFile(path, kind, path.name, "audio/mp4", chunk=index, meta=sound.meta_of(layout))


async def _kept(runner: Runner, work: Work, argv_: tuple[str, ...], path: Path) -> Layout:
    command = Command(argv_, grants.copy(work.ffmpeg, work.source, work.plan, work.out))
    try:
        await runner.encode(command, lambda _: None)
        return await sound.read(path)
    except (FfmpegError, InvalidInputError) as exc:
        msg = f"chunk {work.chunk.index} can't be kept as it is: {exc}"
        raise ShortcutFailedError(msg) from exc


def _name(rendition: Rendition, chunk: Chunk) -> str:
    return f"{rendition.name}.{chunk.index}.mp4"


def _file(
    path: Path, rendition: Rendition, chunk: Chunk, layout: Layout, facts: JsonObject
) -> MadeFile:
    size: JsonObject = {"width": rendition.width, "height": rendition.height}
    meta = sound.meta_of(layout) | facts | size
    kind, name = ArtifactKind.CHUNK, rendition.name
    return MadeFile(path, kind, path.name, "video/mp4", name, chunk.index, meta)
