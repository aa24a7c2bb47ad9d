"""Looks at sources and at results, and makes sources seekable."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from carrete.adapters.ffmpeg import argv, children, files, grants, probe_main, verify_main
from carrete.adapters.ffmpeg.probe import read_answer
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.verify import FULL_DECODE_S, read_measurements
from carrete.domain.failures import FailureCode, InvalidInputError, TransientError
from carrete.domain.media import (
    Access,
    FfmpegError,
    Limits,
    SourceIndex,
    SourceInfo,
    Verification,
)
from carrete.domain.plan import Plan

PROBE_TIMEOUT_S = 90.0
VERIFY_TIMEOUT_S = 1800.0


async def probe(runner: Runner, ffmpeg: Path, source: Path, limits: Limits) -> SourceInfo:
    """The facts of a file; see ``FfmpegTranscoder.probe``."""
    info = await _inspect(runner, source, limits)
    if info.access is not Access.REWRAP:
        return info
    try:
        inner = await _inspect(runner, await rewrapped(runner, ffmpeg, source, info), limits)
    except (InvalidInputError, FfmpegError):
        return replace(info, access=Access.WHOLE)
    return replace(
        inner,
        container=info.container,
        size=info.size,
        access=Access.REWRAP,
        stream_count=info.stream_count,
        warnings=info.warnings,
        # Its byte positions are those of the copy: nobody fetches by them.
        index=None if inner.index is None else SourceIndex(inner.index.slots),
    )


async def _inspect(runner: Runner, source: Path, limits: Limits) -> SourceInfo:
    command = children.command(probe_main, (str(source),), grants.probe(source))
    try:
        output = await runner.output(command, timeout=PROBE_TIMEOUT_S)
    except TimeoutError:
        raise InvalidInputError(
            FailureCode.DAMAGED_FILE, f"the probe took longer than {PROBE_TIMEOUT_S:.0f} s"
        ) from None
    except FfmpegError as exc:
        raise InvalidInputError(
            FailureCode.DAMAGED_FILE, f"the probe failed: {exc}\n{exc.stderr}"
        ) from exc
    return read_answer(output, limits)


async def readable(runner: Runner, ffmpeg: Path, source: Path, plan: Plan) -> Path:
    """The file to read instead of ``source``, on whose clock the plan's times are."""
    source = files.real(source)
    if plan.source.access is Access.REWRAP:
        return await rewrapped(runner, ffmpeg, source, plan.source)
    return source


async def rewrapped(runner: Runner, ffmpeg: Path, source: Path, info: SourceInfo) -> Path:
    """The seekable copy of ``source`` beside it, made once for all that read it."""
    copy = source.with_name(f".{source.name}.seekable.mov")
    if files.exists(copy):
        return copy
    audio = () if info.audio is None else (info.audio.index,)
    part = source.with_name(f".{source.name}.{uuid4().hex}.part")
    command = Command(
        argv.rewrap(ffmpeg, source, (info.video.index, *audio), part),
        grants.rewrap(ffmpeg, source, info.size),
    )
    try:
        await runner.encode(command, lambda _: None)
        files.publish(part, copy)
    finally:
        files.remove(part)
    return copy


async def verify(runner: Runner, plan: Plan, result: Path, threads: int) -> Verification:
    """What was measured on a result; see ``FfmpegTranscoder.verify``."""
    arguments = (str(result), str(FULL_DECODE_S), str(threads))
    command = children.command(verify_main, arguments, grants.verify(result))
    try:
        output = await runner.output(command, timeout=VERIFY_TIMEOUT_S)
    except TimeoutError:
        raise TransientError(f"checking took longer than {VERIFY_TIMEOUT_S:.0f} s") from None
    return read_measurements(output, plan, files.size(result))
