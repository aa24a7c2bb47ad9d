"""The ``Transcoder`` port on FFmpeg and PyAV."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from carrete.adapters.ffmpeg import argv, probe_main, storyboard_main, verify_main
from carrete.adapters.ffmpeg.fragments import read_layout
from carrete.adapters.ffmpeg.probe import read_answer
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.adapters.ffmpeg.sandbox import Grant, find_jail, python_paths
from carrete.adapters.ffmpeg.verify import FULL_DECODE_S, read_measurements
from carrete.domain.artifacts import ArtifactKind, JsonObject, MadeFile
from carrete.domain.failures import FailureCode, InvalidInputError, TransientError
from carrete.domain.media import Access, FfmpegError, Limits, SourceIndex, SourceInfo, Verification
from carrete.domain.plan import Chunk, Plan
from carrete.domain.playlist import Layout, plan_storyboard

ProgressSink = Callable[[float], None]

PROBE_TIMEOUT_S = 90.0
VERIFY_TIMEOUT_S = 1800.0
STORYBOARD_TIMEOUT_S = 300.0
POSTER_PLACES = (0.1, 0.0)
"""Where a poster is looked for, as a share of the length; the next is tried when one gives none."""
POSTER_KEYFRAMES = 8
MIB = 1 << 20


class FfmpegTranscoder:
    """Makes every file of a plan with one FFmpeg binary, each step in a process of its own."""

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

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    async def probe(self, source: Path) -> SourceInfo:
        """The facts of a file.

        Raises:
            InvalidInputError: it is no video that can be processed.
        """
        source = _real(source)
        info = await self._inspect(source)
        if info.access is not Access.REWRAP:
            return info
        try:
            readable = await self._rewrapped(source, info)
        except (InvalidInputError, FfmpegError):
            return replace(info, access=Access.WHOLE)
        inner = await self._inspect(readable)
        return replace(
            inner, container=info.container, size=info.size, access=Access.REWRAP,
            stream_count=info.stream_count, warnings=info.warnings, index=_slots_only(inner),
        )  # fmt: skip

    async def _inspect(self, source: Path) -> SourceInfo:
        script = _real(Path(probe_main.__file__))
        command = Command(
            (sys.executable, "-I", str(script), str(source)),
            Grant(read=(*python_paths(), script, source), cpu_seconds=probe_main.CPU_SECONDS,
                  memory_bytes=probe_main.MEMORY_BYTES, file_bytes=MIB),
        )  # fmt: skip
        try:
            output = await (await self._runner()).output(command, timeout=PROBE_TIMEOUT_S)
        except TimeoutError:
            raise InvalidInputError(
                FailureCode.DAMAGED_FILE, f"the probe took longer than {PROBE_TIMEOUT_S:.0f} s"
            ) from None
        except FfmpegError as exc:
            raise InvalidInputError(FailureCode.DAMAGED_FILE, f"the probe failed: {exc}") from exc
        return read_answer(output, self._limits)

    async def _rewrapped(self, source: Path, info: SourceInfo) -> Path:
        """The seekable copy of ``source`` beside it, made once."""
        copy = source.with_name(f".{source.name}.seekable.mov")
        if copy.exists():
            return copy
        audio = () if info.audio is None else (info.audio.index,)
        part = source.with_name(f".{source.name}.{os.getpid()}.{id(info)}.part")
        command = Command(
            argv.rewrap(self._ffmpeg, source, (info.video.index, *audio), part),
            Grant(read=(self._ffmpeg, source), write=(source.parent,),
                  file_bytes=info.size * 2 + 64 * MIB),
        )  # fmt: skip
        try:
            await (await self._runner()).encode(command, lambda _: None)
            part.replace(copy)
        finally:
            _remove(part)
        return copy

    async def _readable(self, source: Path, plan: Plan) -> Path:
        source = _real(source)
        if plan.source.access is Access.REWRAP:
            return await self._rewrapped(source, plan.source)
        return source

    # ── making ──────────────────────────────────────────────────────────────────────────────────

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

        Raises:
            InvalidInputError: the source is damaged.
            TransientError: the encoder was killed, stalled, or the disk is full.
            FfmpegError: it failed in any other way.
        """
        out = _real(out)
        readable = await self._readable(source, plan)
        wanted = [
            one for one in plan.renditions
            if not one.copy and (only is None or one.name in only)
        ]  # fmt: skip
        outputs = {one.name: out / f"{one.name}.{chunk.index}.mp4" for one in wanted}
        command = Command(
            argv.encode(self._ffmpeg, readable, plan, chunk, outputs, threads=self._threads,
                        limits=self._limits),
            self._encode_grant(readable, plan, chunk, out),
            total=chunk.frame_count,
        )  # fmt: skip
        outcome = await (await self._runner()).encode(command, on_progress)
        made = []
        for rendition in wanted:
            path = outputs[rendition.name]
            layout = await _layout(path)
            if layout.samples != chunk.frame_count:
                raise InvalidInputError(
                    FailureCode.DAMAGED_FILE,
                    f"{layout.samples} of {chunk.frame_count} frames of chunk {chunk.index} decode: "
                    + " | ".join(outcome.tail)[-300:],
                )
            meta = _meta(layout)
            meta |= {"width": rendition.width, "height": rendition.height,
                     "complaints": outcome.complaints}  # fmt: skip
            made.append(
                MadeFile(path, ArtifactKind.CHUNK, path.name, "video/mp4", rendition.name,
                         chunk.index, meta)
            )  # fmt: skip
        return tuple(made)

    def _encode_grant(self, source: Path, plan: Plan, chunk: Chunk, out: Path) -> Grant:
        """Generous for what the chunk needs, and no more: a bomb ends here."""
        pixels = plan.source.video.width * plan.source.video.height
        largest = max(one.max_bitrate for one in plan.renditions)
        return Grant(
            read=(self._ffmpeg, source),
            write=(out,),
            # Some 60 frames of the source and of each rendition in queues and lookahead.
            memory_bytes=(3 << 30) + pixels * 512,
            cpu_seconds=600 + round(chunk.duration_s * 120 * max(1, pixels / (1920 * 1080))),
            file_bytes=64 * MIB + round(largest * chunk.duration_s / 8 * 4),
        )

    async def copy_top(
        self, source: Path, plan: Plan, out: Path, on_progress: ProgressSink
    ) -> tuple[MadeFile, ...]:
        """The top rendition as a copy of the source's own stream: one file for the whole video.

        It takes the place of the top rendition's chunks, in playlists and in ``assemble``. Errors
        as for a chunk.
        """
        if not plan.top.copy:
            return ()
        source, out = _real(source), _real(out)
        path = out / f"{plan.top.name}.mp4"
        command = Command(
            argv.copy_video(self._ffmpeg, source, plan, path, limits=self._limits),
            Grant(read=(self._ffmpeg, source), write=(out,),
                  file_bytes=plan.source.size * 2 + 64 * MIB),
            total=plan.duration_s * 1e6,
            unit="out_time_us",
        )  # fmt: skip
        await (await self._runner()).encode(command, on_progress)
        meta = _meta(await _layout(path))
        meta |= {"width": plan.top.width, "height": plan.top.height, "copy": True}
        return (MadeFile(path, ArtifactKind.CHUNK, path.name, "video/mp4", plan.top.name, 0, meta),)

    async def encode_audio(
        self, source: Path, plan: Plan, out: Path, on_progress: ProgressSink
    ) -> tuple[MadeFile, ...]:
        """The sound of the whole file; nothing when the plan has none. Errors as for a chunk."""
        if plan.audio is None:
            return ()
        out = _real(out)
        readable = await self._readable(source, plan)
        path = out / "audio.mp4"
        command = Command(
            (argv.copy_audio if plan.audio.copy else argv.audio)(
                self._ffmpeg, readable, plan, path, limits=self._limits
            ),
            Grant(read=(self._ffmpeg, readable), write=(out,),
                  cpu_seconds=300 + round(plan.duration_s),
                  file_bytes=64 * MIB + round(plan.audio.bit_rate * plan.duration_s)),
            total=plan.duration_s * 1e6,
            unit="out_time_us",
        )  # fmt: skip
        await (await self._runner()).encode(command, on_progress)
        meta = _meta(await _layout(path))
        return (MadeFile(path, ArtifactKind.AUDIO, path.name, "audio/mp4", meta=meta),)

    async def poster(self, source: Path, plan: Plan, out: Path) -> tuple[MadeFile, ...]:
        """A typical frame as ``poster.jpg``. Errors as for a chunk."""
        out = _real(out)
        readable = await self._readable(source, plan)
        path = out / "poster.jpg"
        runner = await self._runner()
        for share in POSTER_PLACES:
            command = Command(
                argv.poster(self._ffmpeg, readable, plan, path, at_s=share * plan.duration_s,
                            window=POSTER_KEYFRAMES, limits=self._limits),
                self._encode_grant(readable, plan, plan.chunks[0], out),
            )  # fmt: skip
            await runner.encode(command, lambda _: None)
            if path.exists():
                break
        else:
            raise InvalidInputError(FailureCode.DAMAGED_FILE, "no frame for a poster decodes")
        meta: JsonObject = {"width": plan.top.width, "height": plan.top.height}
        return (MadeFile(path, ArtifactKind.POSTER, path.name, "image/jpeg", meta=meta),)

    async def storyboard(
        self, plan: Plan, chunks: Sequence[Path], out: Path
    ) -> tuple[MadeFile, ...]:
        """``storyboard.jpg`` out of the chunks, in order, of any rendition (the smallest is best).

        The file's meta is a ``carrete.domain.playlist.Storyboard``, which the WebVTT is made from.
        """
        out = _real(out)
        board = plan_storyboard(plan)
        parts = [_real(chunk) for chunk in chunks]
        path, request = out / "storyboard.jpg", out / ".storyboard.json"
        wanted: JsonObject = {
            **board.to_json(), "interval_s": float(board.interval_s), "out": str(path),
            "chunks": [str(part) for part in parts],
        }  # fmt: skip
        _write_text(request, json.dumps(wanted))
        script = _real(Path(storyboard_main.__file__))
        folders = tuple(dict.fromkeys(part.parent for part in parts))
        command = Command(
            (sys.executable, "-I", str(script), str(request)),
            Grant(read=(*python_paths(), script, *folders), write=(out,), file_bytes=64 * MIB,
                  memory_bytes=3 << 30, cpu_seconds=600),
        )  # fmt: skip
        try:
            await (await self._runner()).output(command, timeout=STORYBOARD_TIMEOUT_S)
        except TimeoutError:
            raise TransientError("drawing the storyboard took too long") from None
        finally:
            _remove(request)
        return (MadeFile(path, ArtifactKind.STORYBOARD, path.name, "image/jpeg",
                         meta=board.to_json()),)  # fmt: skip

    async def assemble(
        self,
        plan: Plan,
        chunks: Sequence[Path],
        audio: Path | None,
        out: Path,
        on_progress: ProgressSink,
    ) -> tuple[MadeFile, ...]:
        """``processed.mp4`` out of the top rendition's chunks, in order, and the sound."""
        out = _real(out)
        parts = [_real(chunk) for chunk in chunks]
        sound = None if audio is None else _real(audio)
        playlist = out / ".chunks"
        _write_text(playlist, "".join(f"file:{part}\n" for part in parts))
        path = out / "processed.mp4"
        size = sum(_size(part) for part in parts)
        folders = tuple(dict.fromkeys(part.parent for part in parts))
        command = Command(
            argv.assemble(self._ffmpeg, playlist, sound, path),
            Grant(read=(self._ffmpeg, *folders, *(() if sound is None else (sound,))), write=(out,),
                  file_bytes=size * 2 + 1024 * MIB),
            total=plan.duration_s * 1e6,
            unit="out_time_us",
        )  # fmt: skip
        try:
            await (await self._runner()).encode(command, on_progress)
        finally:
            _remove(playlist)
        meta: JsonObject = {
            "size": _size(path), "width": plan.top.width, "height": plan.top.height,
            "duration_s": plan.duration_s, "rendition": plan.top.name,
        }  # fmt: skip
        return (MadeFile(path, ArtifactKind.PROCESSED, path.name, "video/mp4", meta=meta),)

    # ── checking ────────────────────────────────────────────────────────────────────────────────

    async def verify(self, plan: Plan, result: Path) -> Verification:
        """What was measured on a result.

        Raises:
            VerificationError: it differs from its plan.
        """
        result = _real(result)
        script = _real(Path(verify_main.__file__))
        command = Command(
            (sys.executable, "-I", str(script), str(result), str(FULL_DECODE_S), str(self._threads)),
            Grant(read=(*python_paths(), script, result), memory_bytes=verify_main.MEMORY_BYTES,
                  cpu_seconds=round(VERIFY_TIMEOUT_S), file_bytes=MIB),
        )  # fmt: skip
        try:
            output = await (await self._runner()).output(command, timeout=VERIFY_TIMEOUT_S)
        except TimeoutError:
            raise TransientError(f"checking took longer than {VERIFY_TIMEOUT_S:.0f} s") from None
        return read_measurements(output, plan, _size(result))


async def _layout(path: Path) -> Layout:
    try:
        return await asyncio.to_thread(read_layout, path)
    except (ValueError, OSError) as exc:
        raise InvalidInputError(FailureCode.DAMAGED_FILE, f"nothing was encoded: {exc}") from exc


def _meta(layout: Layout) -> JsonObject:
    """What playlists need of a stored file."""
    return {**layout.to_json(), "size": layout.size}


# Each of these is one system call on a local file; a thread would cost more than it does.


def _real(path: Path) -> Path:
    return path.resolve()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _slots_only(info: SourceInfo) -> SourceIndex | None:
    return None if info.index is None else replace(info.index, header=(), audio=())
