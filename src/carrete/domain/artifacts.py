"""What processing makes: the kinds of stored objects and where they are kept."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]


class ArtifactKind(StrEnum):
    """What an object in the output part of the bucket is."""

    CHUNK = "chunk"
    INIT = "init"
    AUDIO = "audio"
    PROCESSED = "processed"
    POSTER = "poster"
    STORYBOARD = "storyboard"


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file in the scratch directory that an attempt made and that is to be stored.

    Attributes:
        path: where it lies on this machine.
        kind: what it is.
        name: its name in the attempt's part of the bucket, such as ``processed.mp4``; made by
            Carrete, never from what a user typed.
        content_type: the media type that it is served with.
        rendition: the rendition that it belongs to, such as ``h264-720``; ``None`` for files
            that belong to none.
        chunk: the chunk's index from 0; ``None`` where there is no chunk.
        meta: facts that playlists and pages need (fragment offsets, size in pixels …).
    """

    path: Path
    kind: ArtifactKind
    name: str
    content_type: str
    rendition: str | None = None
    chunk: int | None = None
    meta: JsonObject = field(default_factory=dict)


def original_key(owner_id: UUID, video_id: UUID, extension: str) -> str:
    """Where a video's original is kept. It is written once and never touched again."""
    return f"input/{owner_id}/{video_id}/original{extension}"


def output_prefix(owner_id: UUID, video_id: UUID) -> str:
    """The part of the bucket that holds everything made from a video."""
    return f"output/{owner_id}/{video_id}/"


def attempt_prefix(  # noqa: PLR0917 - an address has as many parts as it has
    owner_id: UUID, video_id: UUID, job_id: UUID, kind: str, index: int, attempt: int
) -> str:
    """Where one attempt at a task writes: no two attempts ever share a key."""
    return f"{output_prefix(owner_id, video_id)}{job_id}/{kind}{index}.{attempt}/"
