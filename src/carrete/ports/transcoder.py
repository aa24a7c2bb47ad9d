"""ffmpeg."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from carrete.domain.artifacts import MadeFile
from carrete.domain.media import SourceInfo, Verification
from carrete.domain.plan import Chunk, Plan
from carrete.ports.common import PartSink, ProgressSink


class Transcoder(Protocol):
    """ffmpeg. ``out`` is an empty directory of the attempt; canceling a call kills its processes.

    Errors: ``InvalidInputError`` when the source is at fault, ``TransientError`` for what may pass
    (killed, disk full, stalled), any other ``CarreteError`` for a bug.
    """

    async def probe(self, source: Path) -> SourceInfo:
        """Read the source's header and decide whether it is a video that can be processed."""
        ...

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
        """Make the renditions of one chunk that ``only`` names, or all, from one decode.

        Of a rendition that is a copy the source's own packets are kept.

        Raises:
            ShortcutFailedError: they can't be.
        """
        ...

    async def copy_sound(
        self, source: Path, plan: Plan, chunk: Chunk, out: Path
    ) -> tuple[MadeFile, ...]:
        """Keep the packets that are heard while a chunk is shown, where the plan says so.

        Raises:
            ShortcutFailedError: they can't be.
        """
        ...

    async def encode_head(self, source: Path, plan: Plan, out: Path) -> tuple[MadeFile, ...]:
        """Make the first seconds of sound ahead of the rest, where the plan says so: part 0."""
        ...

    async def encode_audio(
        self,
        source: Path,
        plan: Plan,
        out: Path,
        on_progress: ProgressSink,
        *,
        after_head: bool = False,
        on_part: PartSink | None = None,
    ) -> tuple[MadeFile, ...]:
        """Make the sound of the whole video, or all after the head.

        With ``on_part``, complete parts go there in order while the rest is made, and only the
        last one is returned.
        """
        ...

    async def stills(self, plan: Plan, result: Path, out: Path) -> tuple[MadeFile, ...]:
        """Make the still pictures of a finished file: poster and storyboard."""
        ...

    async def assemble(
        self,
        plan: Plan,
        chunks: Sequence[Path],
        audio: Sequence[Path],
        out: Path,
        on_progress: ProgressSink,
    ) -> tuple[MadeFile, ...]:
        """Join the top rendition's chunks and the sound's parts, in order; encodes nothing."""
        ...

    async def verify(self, plan: Plan, result: Path) -> Verification:
        """Check a finished file against the plan (invariant 6).

        Raises:
            VerificationError: it differs, and in what.
        """
        ...
