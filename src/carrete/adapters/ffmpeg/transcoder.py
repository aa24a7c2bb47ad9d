"""The ``Transcoder`` port on FFmpeg and PyAV."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from carrete.adapters.ffmpeg import (
    argv,
    children,
    files,
    fragments,
    grants,
    look,
    pictures,
    sound,
    stills_main,
)
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import find_jail
from carrete.domain.artifacts import ArtifactKind, JsonObject, MadeFile
from carrete.domain.failures import TransientError
from carrete.domain.media import Limits, SourceInfo, Verification, VerificationError
from carrete.domain.plan import Chunk, Plan
from carrete.domain.playlist import plan_storyboard

ProgressSink = Callable[[float], None]

STILLS_TIMEOUT_S = 300.0


class FfmpegTranscoder:
    """Makes every file of a plan with one FFmpeg binary, each step in a process of its own.

    Cancelling any call kills its processes before the cancellation goes on. Every call may raise

    - ``InvalidInputError``: the source is at fault;
    - ``TransientError``: the process was killed or stalled, or the disk is full;
    - ``FfmpegError``: it failed in any other way.
    """

    def __init__(
        self,
        ffmpeg: Path,
        *,
        threads: int,
        stall_seconds: float = 30,
        limits: Limits | None = None,
        sandbox: bool = True,
    ) -> None:
        """Keep the settings; nothing is started.

        Args:
            ffmpeg: the binary.
            threads: that one ffmpeg uses.
            stall_seconds: a command whose progress stands still for so long is killed.
            limits: what is refused from the header.
            sandbox: whether bubblewrap is used where it works; limits hold either way.
        """
        self._ffmpeg = ffmpeg.resolve()
        self._threads = threads
        self._stall_seconds = stall_seconds
        self._limits = limits or Limits()
        self._sandbox = sandbox
        self._ready: Runner | None = None

    async def _runner(self) -> Runner:
        if self._ready is None:
            jail = await find_jail(use_bwrap=self._sandbox)
            self._ready = Runner(jail, stall_seconds=self._stall_seconds)
        return self._ready

    async def probe(self, source: Path) -> SourceInfo:
        """The facts of a file; ``InvalidInputError`` when it is no video that can be processed."""
        runner = await self._runner()
        return await look.probe(runner, self._ffmpeg, files.real(source), self._limits)

    async def encode_chunk(
        self,
        source: Path,
        plan: Plan,
        chunk: Chunk,
        out: Path,
        on_progress: ProgressSink,
        *,
        only: Sequence[str] | None = None,
    ) -> tuple[MadeFile, ...]:
        """One chunk in every rendition, or in those that ``only`` names.

        Renditions that are copies keep the source's packets. The meta of the top rendition of up
        to twelve chunks holds the ``vmaf`` of some frames, where it is encoded.
        """
        runner, out = await self._runner(), files.real(out)
        source = await look.readable(runner, self._ffmpeg, source, plan)
        work = pictures.Work(self._ffmpeg, self._threads, self._limits, source, plan, chunk, out)
        wanted = [one for one in plan.renditions if only is None or one.name in only]
        encoded = [one for one in wanted if not one.copy]
        made = [await pictures.keep(runner, work, one) for one in wanted if one.copy]
        if encoded:
            made += await pictures.encode(runner, work, encoded, on_progress)
        return tuple(made)

    async def copy_sound(
        self, source: Path, plan: Plan, chunk: Chunk, out: Path
    ) -> tuple[MadeFile, ...]:
        """The source's packets that are heard during a chunk, where the plan says so."""
        if plan.audio is None or not plan.audio.copy:
            return ()
        runner, source, out = await self._runner(), files.real(source), files.real(out)
        work = pictures.Work(self._ffmpeg, self._threads, self._limits, source, plan, chunk, out)
        return (await pictures.keep_sound(runner, work),)

    async def encode_head(self, source: Path, plan: Plan, out: Path) -> tuple[MadeFile, ...]:
        """The first seconds of sound ahead of the rest, where the plan says so: part 0.

        It reads ``plan.audio.head_ranges`` of the source only. ``encode_audio`` is then called
        with ``after_head``.
        """
        if plan.audio is None or not plan.audio.head_s:
            return ()
        runner, out = await self._runner(), files.real(out)
        source = await look.readable(runner, self._ffmpeg, source, plan)
        return await sound.make_head(runner, self._ffmpeg, source, plan, out, limits=self._limits)

    async def encode_audio(
        self,
        source: Path,
        plan: Plan,
        out: Path,
        on_progress: ProgressSink,
        *,
        after_head: bool = False,
        on_part: sound.PartSink | None = None,
    ) -> tuple[MadeFile, ...]:
        """The sound of the whole file; nothing when the plan has none.

        Args:
            source: the file.
            plan: of the video.
            out: for what is made.
            on_progress: told the fraction that is done.
            after_head: leave out what ``encode_head`` made.
            on_part: takes parts, in order, while the rest is being made; they and what is returned
                are numbered by their ``chunk``. Without it there is one part.
        """
        if plan.audio is None:
            return ()
        runner, out = await self._runner(), files.real(out)
        source = await look.readable(runner, self._ffmpeg, source, plan)
        whole = out / ".sound.mp4"
        command = Command(
            argv.audio(self._ffmpeg, source, plan, whole, limits=self._limits),
            grants.sound(self._ffmpeg, source, plan, out),
            total=plan.duration_s * 1e6,
            unit="out_time_us",
        )
        return await sound.make_sound(
            runner,
            command,
            whole,
            plan,
            on_progress=on_progress,
            on_part=on_part,
            skip_head=after_head and plan.audio.head_s > 0,
        )

    async def stills(self, plan: Plan, result: Path, out: Path) -> tuple[MadeFile, ...]:
        """``poster.jpg`` and ``storyboard.jpg`` out of ``processed.mp4``; the source is not read.

        The storyboard's meta is a ``carrete.domain.playlist.Storyboard``, which the WebVTT is made
        from.
        """
        runner, out, result = await self._runner(), files.real(out), files.real(result)
        board = plan_storyboard(plan)
        poster, sheet = out / "poster.jpg", out / "storyboard.jpg"
        request = out / ".stills.json"
        wanted: JsonObject = {
            **board.to_json(),
            "interval_s": float(board.interval_s),
            "source": str(result),
            "poster": str(poster),
            "sheet": str(sheet),
        }
        files.write_text(request, json.dumps(wanted))
        command = children.command(stills_main, (str(request),), grants.stills(result, out))
        try:
            await runner.output(command, timeout=STILLS_TIMEOUT_S)
        except TimeoutError:
            raise TransientError("drawing the still pictures took too long") from None
        finally:
            files.remove(request)
        size: JsonObject = {"width": plan.top.width, "height": plan.top.height}
        kind, jpeg = ArtifactKind.STORYBOARD, "image/jpeg"
        return (
            MadeFile(poster, ArtifactKind.POSTER, poster.name, jpeg, meta=size),
            MadeFile(sheet, kind, sheet.name, jpeg, meta=board.to_json()),
        )

    async def assemble(
        self,
        plan: Plan,
        chunks: Sequence[Path],
        audio: Sequence[Path] | Path | None,
        out: Path,
        on_progress: ProgressSink,
    ) -> tuple[MadeFile, ...]:
        """``processed.mp4`` out of the top rendition's chunks and the sound's parts, in order.

        Raises:
            VerificationError: they do not begin alike, though playlists name one start for all.
        """
        runner, out = await self._runner(), files.real(out)
        given = [audio] if isinstance(audio, Path) else audio or ()
        pictured = tuple(files.real(chunk) for chunk in chunks)
        sounds = tuple(files.real(part) for part in given)
        for track in (pictured, sounds):
            await asyncio.to_thread(_check_alike, track)
        path, lists = out / "processed.mp4", (out / ".pictures", out / ".sounds")
        for place, parts in zip(lists, (pictured, sounds), strict=True):
            files.write_text(place, "".join(f"file:{part}\n" for part in parts))
        parts = (*pictured, *sounds)
        command = Command(
            argv.assemble(self._ffmpeg, lists[0], lists[1] if sounds else None, path),
            grants.assemble(self._ffmpeg, parts, out, sum(files.size(part) for part in parts)),
            total=plan.duration_s * 1e6,
            unit="out_time_us",
        )
        try:
            await runner.encode(command, on_progress)
        finally:
            for place in lists:
                files.remove(place)
        meta: JsonObject = {
            "size": files.size(path),
            "width": plan.top.width,
            "height": plan.top.height,
            "duration_s": plan.duration_s,
            "rendition": plan.top.name,
        }
        return (MadeFile(path, ArtifactKind.PROCESSED, path.name, "video/mp4", meta=meta),)

    async def verify(self, plan: Plan, result: Path) -> Verification:
        """What was measured on a result; ``VerificationError`` when it differs from its plan."""
        return await look.verify(await self._runner(), plan, files.real(result), self._threads)


def _check_alike(parts: Sequence[Path]) -> None:
    """Compare the init segments of a track's parts. Blocking."""
    if len({fragments.read_init(part) for part in parts}) > 1:
        raise VerificationError("parts of a track do not begin alike")
