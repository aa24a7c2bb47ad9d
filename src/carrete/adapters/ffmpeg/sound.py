"""Makes the sound of a video: encoded once for the whole file, handed out while it grows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from carrete.adapters.ffmpeg import argv, files, fragments, grants
from carrete.adapters.ffmpeg.run import Command, Runner
from carrete.domain.artifacts import ArtifactKind, JsonObject, MadeFile
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.media import Limits
from carrete.domain.plan import Plan
from carrete.domain.playlist import Layout

PartSink = Callable[[MadeFile], Awaitable[None]]
"""Takes a part of the sound that is complete while the rest is still being made."""

FIRST_PART_S = 30.0
"""Seconds of sound in the first part that is handed out after the head; each next is twice that."""
HEAD_MARGIN_S = 1.0
"""Sound encoded past the end of the head, so that all of the head is as in one piece."""


async def make_head(
    runner: Runner, ffmpeg: Path, source: Path, plan: Plan, out: Path, *, limits: Limits
) -> tuple[MadeFile, ...]:
    """The first seconds of sound alone, as part 0: the same bytes as the whole starts with."""
    assert plan.audio is not None
    whole = out / ".head.mp4"
    until = plan.audio.head_s + HEAD_MARGIN_S
    command = Command(
        argv.audio(ffmpeg, source, plan, whole, limits=limits, until_s=until),
        grants.sound(ffmpeg, source, plan, out),
    )
    try:
        await runner.encode(command, lambda _: None)
        layout = await read(whole)
        made = await _cut(whole, layout, (0, head_fragments(layout, plan)), out, 0)
    finally:
        files.remove(whole)
    return (made,)


def head_fragments(layout: Layout, plan: Plan) -> int:
    """How many fragments lie wholly within the head."""
    assert plan.audio is not None
    limit = plan.audio.head_s + 0.1
    return sum(one.start_s + one.duration_s <= limit for one in layout.fragments)


async def make_sound(
    runner: Runner,
    command: Command,
    whole: Path,
    plan: Plan,
    *,
    on_progress: Callable[[float], None],
    on_part: PartSink | None,
    skip_head: bool,
) -> tuple[MadeFile, ...]:
    """All of the sound, or all after the head.

    Without ``on_part`` that is one file. With it, complete parts go there while the rest is made,
    and only the last is returned.
    """
    parts = Parts(whole, plan, on_part, skip_head=skip_head)

    def told(done: float) -> None:
        on_progress(done)
        parts.grown.set()

    watcher = asyncio.create_task(parts.watch()) if on_part else None
    try:
        await runner.encode(command, told)
    finally:
        # A failing sink is found below; here nothing may outlive the encoder.
        if watcher is not None:
            parts.ended = True
            parts.grown.set()
            await asyncio.wait({watcher})
    if watcher is not None:
        await watcher
    return await parts.rest()


class Parts:
    """The parts of a growing file."""

    def __init__(
        self, whole: Path, plan: Plan, on_part: PartSink | None, *, skip_head: bool
    ) -> None:
        """Watch ``whole``; parts before the end of the head are another's."""
        self.grown = asyncio.Event()
        self.ended = False
        self._whole = whole
        self._plan = plan
        self._on_part = on_part
        self._skip_head = skip_head
        self._index = 1 if skip_head else 0
        self._done = -1
        self._wanted_s = FIRST_PART_S

    async def watch(self) -> None:
        """Hand out parts as they get complete, until the encoder ended."""
        assert self._on_part is not None
        while not self.ended:
            await self.grown.wait()
            self.grown.clear()
            layout = None
            with suppress(InvalidInputError):  # nothing complete is there yet
                layout = await read(self._whole, growing=True)
            # The last fragment may still change its length.
            if (
                layout is None
                or (made := await self._next(layout, len(layout.fragments) - 1)) is None
            ):
                continue
            await self._on_part(made)

    async def _next(self, layout: Layout, end: int) -> MadeFile | None:
        """The next part, once it is complete.

        Where it ends depends on the sound alone: another attempt makes the same parts.
        """
        start, ready = self._start(layout), 0.0
        for place in range(start, end):
            ready += layout.fragments[place].duration_s
            if ready >= self._wanted_s:
                end = place + 1
                break
        else:
            return None
        made = await _cut(self._whole, layout, (start, end), self._whole.parent, self._index)
        self._index, self._done, self._wanted_s = self._index + 1, end, self._wanted_s * 2
        return made

    def _start(self, layout: Layout) -> int:
        if self._done < 0:
            self._done = head_fragments(layout, self._plan) if self._skip_head else 0
        return self._done

    async def rest(self) -> tuple[MadeFile, ...]:
        """What was not handed out, as the last part."""
        layout = await read(self._whole)
        start = self._start(layout)
        if start >= len(layout.fragments):
            return ()
        folder = self._whole.parent
        made = await _cut(self._whole, layout, (start, len(layout.fragments)), folder, self._index)
        files.remove(self._whole)
        return (made,)


async def read(path: Path, *, growing: bool = False) -> Layout:
    """The layout of a file that FFmpeg wrote; damaged input where there is nothing in it."""
    try:
        return await asyncio.to_thread(fragments.read_layout, path, growing=growing)
    except (ValueError, OSError) as exc:
        raise InvalidInputError(FailureCode.DAMAGED_FILE, f"nothing was encoded: {exc}") from exc


def meta_of(layout: Layout) -> JsonObject:
    """What playlists need of a stored file."""
    return {**layout.to_json(), "size": layout.size}


async def _cut(
    whole: Path, layout: Layout, span: tuple[int, int], out: Path, index: int
) -> MadeFile:
    start, end = span
    path = out / f"audio.{index}.mp4"
    part = await asyncio.to_thread(fragments.cut, whole, layout, start, end, path)
    meta = meta_of(part)
    return MadeFile(path, ArtifactKind.AUDIO, path.name, "audio/mp4", chunk=index, meta=meta)
