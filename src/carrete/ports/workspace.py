"""A worker's local files."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from carrete.domain.media import ByteRange
from carrete.domain.task import Claim, Task
from carrete.ports.common import ProgressSink


class Workspace(Protocol):
    """A worker's scratch directory. What it holds is bounded, and gone when nothing needs it."""

    async def check(self) -> None:
        """Prove that there is room to begin a task.

        Raises:
            UnavailableError: there is not.
        """
        ...

    def attempt(self, task: Task) -> AbstractAsyncContextManager[Path]:
        """An empty directory for one attempt, removed at the end.

        Raises:
            TransientError: the disk is full.
        """
        ...

    def source(
        self,
        claim: Claim,
        on_progress: ProgressSink,
        ranges: Sequence[ByteRange] = (),
    ) -> AbstractAsyncContextManager[Path]:
        """The original as a local file that nobody changes.

        Args:
            claim: whose original.
            on_progress: told how much has been read.
            ranges: the bytes that are needed; the rest of the file may read as zeros. All bytes
                when there are none.

        Raises:
            InvalidInputError: with ``source_missing``, when it is not stored.
            TransientError: it could not be copied, or the disk is full.
        """
        ...

    def header(self, claim: Claim, on_progress: ProgressSink) -> AbstractAsyncContextManager[Path]:
        """The original as a local file that can be probed.

        At least what describes it and its first media bytes can be read; all of it where its
        container can't be read in parts.

        Raises:
            InvalidInputError: with ``source_missing``, when it is not stored.
            TransientError: it could not be copied, or the disk is full.
        """
        ...
