"""How an owner's videos are listed: which of them, in which order, and from where on."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from carrete.domain.video import Video, VideoState

MAX_SEARCH = 200
"""Characters of a searched text."""

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What PostgreSQL takes in no text."""

_LONGEST_S = 10**9
"""Longer than any video, seconds."""

SortValue: TypeAlias = str | int | float | None


class Sort(StrEnum):
    """Orders of a list; a minus in front means from the largest on."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_DOWN = "-name"
    LARGEST = "-size_bytes"
    SMALLEST = "size_bytes"
    LONGEST = "-duration_s"
    SHORTEST = "duration_s"

    @property
    def down(self) -> bool:
        """Whether it goes from the largest to the smallest."""
        return self.value.startswith("-")

    @property
    def by(self) -> str:
        """The attribute of a video that it goes by."""
        return self.value.removeprefix("-")

    def takes(self, value: object) -> bool:
        """Whether a video may have this value of the order: positions come from clients."""
        match self.by:
            case "created_at":
                return value is None
            case "name":
                return isinstance(value, str) and not _UNSTORABLE.search(value)
            case "size_bytes":
                return type(value) is int and 0 <= value < 2**63
            case _:
                return value is None or (isinstance(value, int | float) and 0 <= value < _LONGEST_S)


@dataclass(frozen=True, slots=True)
class VideoQuery:
    """Which videos, and in which order.

    Attributes:
        states: only these; all but ``deleting`` when empty.
        text: what the name must contain, in upper or lower case.
        sort: ties are broken by id, so that every order is total.
    """

    states: tuple[VideoState, ...] = ()
    text: str = ""
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: right after the video of this id, which had this value of the order."""

    value: SortValue
    id: UUID


def position_of(video: Video, sort: Sort) -> Position:
    """The place right after a video. Ids grow with time, so they alone order by it."""
    value: SortValue = None if sort.by == "created_at" else getattr(video, sort.by)
    return Position(value, video.id)
