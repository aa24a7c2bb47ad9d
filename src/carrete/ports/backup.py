"""Copies of the whole database, together with the names of the objects that belong to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from carrete.domain.failures import CarreteError


class DumpError(CarreteError):
    """The database could not be dumped or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that rows of a dump point at: its key, bytes and content type."""

    key: str
    size: int
    content_type: str


class DumpStore(Protocol):
    """PostgreSQL as a whole."""

    async def dump(self, target: Path) -> Sequence[KeptObject]:
        """Write the whole database into a file.

        Returns:
            the originals and results that the dump's rows point at, seen in the same moment.

        Raises:
            DumpError: it could not be written.
        """
        ...

    async def require_empty(self) -> None:
        """Prove that the database holds nothing yet.

        Raises:
            DumpError: it has tables.
        """
        ...

    async def restore(self, source: Path) -> None:
        """Fill the empty database from a dump: all of it, or nothing.

        Raises:
            DumpError: it could not be read, or the database is not empty.
        """
        ...
