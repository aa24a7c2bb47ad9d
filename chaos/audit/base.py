"""What an audit looks at and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breakage:
    """A promise that was not kept.

    Attributes:
        kind: which one, as a stable name.
        detail: what exactly, for people.
    """

    kind: str
    detail: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True)
class Facts:
    """What the stores held, the disk and the process table too, when everything was quiet.

    Attributes:
        objects: size of each stored object by key.
        uploads: keys of open multipart uploads.
        messages: by queue, messages that wait, are hidden or are delayed.
        files: what lies in the scratch directory of no running task.
        processes: command lines of processes that should not be there.
    """

    videos: Sequence[Row] = ()
    jobs: Sequence[Row] = ()
    tasks: Sequence[Row] = ()
    artifacts: Sequence[Row] = ()
    events: Sequence[Row] = ()
    objects: Mapping[str, int] = field(default_factory=dict)
    uploads: Sequence[str] = ()
    messages: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[str] = ()
    processes: Sequence[str] = ()
