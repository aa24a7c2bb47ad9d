"""``finish``: join what the other tasks made, verify it, and publish it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from carrete.domain.artifacts import ArtifactKind, JsonValue
from carrete.domain.failures import ShortcutFailedError
from carrete.domain.media import FfmpegError, VerificationError, mean_vmaf
from carrete.domain.plan import Plan
from carrete.domain.retry import describe
from carrete.ports import Artifact, Completion, Need, NotFoundError, ProgressSink
from carrete.usecases.tasks.bench import Bench

MIN_VMAF = 15.0
"""A black or frozen picture scores near 0 where the source moves."""


async def finish(bench: Bench) -> Completion:
    """Make ``processed.mp4`` and the still pictures, verify, and publish the job's results.

    Raises:
        ShortcutFailedError: the result is wrong, and something in it was copied: make it anew.
        VerificationError: the result is wrong.
    """
    plan = bench.plan
    _, made = await bench.jobs.plan_of(bench.claim.task.job_id)
    pieces = bench.scratch / "pieces"
    out = bench.scratch / "out"
    for directory in (pieces, out):
        await asyncio.to_thread(directory.mkdir)
    top = [a for a in made if a.kind is ArtifactKind.CHUNK and a.rendition == plan.top.name]
    sound = [a for a in made if a.kind is ArtifactKind.AUDIO]
    local = await _fetch(bench, [*top, *sound], pieces, bench.progress.part(0.0, 0.3))
    try:
        files = await bench.transcoder.assemble(
            plan, local[: len(top)], local[len(top) :], out, bench.progress.part(0.3, 0.5)
        )
        processed = next(file for file in files if file.kind is ArtifactKind.PROCESSED)
        verified = await bench.transcoder.verify(plan, processed.path)
        vmaf = check_vmaf(top)
    except (FfmpegError, VerificationError) as exc:
        if plan.top.copy or (plan.audio is not None and plan.audio.copy):
            raise ShortcutFailedError(describe(exc)) from exc
        raise
    bench.progress.part(0.0, 1.0)(0.7)
    files += await bench.transcoder.stills(plan, processed.path, out)
    stored = await bench.store(files, bench.progress.part(0.75, 1.0))
    return Completion(
        result={
            "verified": replace(verified, vmaf=vmaf).to_json(),
            "renditions": _renditions(plan, made),
        },
        files=stored,
        playable_when=[Need(ArtifactKind.PROCESSED, None, None)],
        publish=True,
    )


def check_vmaf(top: Sequence[Artifact]) -> float | None:
    """The VMAF of frames that were sampled while the chunks were made, beside the source's own.

    Raises:
        VerificationError: some chunk looks nothing like its source: black, frozen or garbled.
    """
    sampled = [piece.meta.get("vmaf") for piece in top]
    known = [float(one) for one in sampled if isinstance(one, int | float)]
    if known and min(known) < MIN_VMAF:
        msg = f"a chunk has a VMAF of {min(known):.1f} against its source"
        raise VerificationError(msg)
    return mean_vmaf(known)


async def _fetch(
    bench: Bench, pieces: Sequence[Artifact], directory: Path, sink: ProgressSink
) -> list[Path]:
    """Copy objects into a directory, in order."""
    paths = []
    for position, piece in enumerate(pieces):
        path = directory / f"{position:05d}"
        try:
            await bench.objects.download(piece.key, path, lambda _: None)
        except NotFoundError as exc:
            msg = f"{piece.key} was published and is gone"
            raise RuntimeError(msg) from exc
        paths.append(path)
        sink((position + 1) / len(pieces))
    return paths


def _renditions(plan: Plan, made: Sequence[Artifact]) -> list[JsonValue]:
    """Sizes of what was made, for people to see."""
    rows: list[JsonValue] = []
    for rendition in plan.renditions:
        size = sum(
            a.size_bytes
            for a in made
            if a.rendition == rendition.name and a.kind in {ArtifactKind.CHUNK, ArtifactKind.INIT}
        )
        rows.append(
            {
                "name": rendition.name,
                "width": rendition.width,
                "height": rendition.height,
                "bytes": size,
                "bit_rate": round(size * 8 / max(plan.duration_s, 0.001)),
            }
        )
    return rows
