"""Links to single videos, for people without an account."""

from typing import Protocol
from uuid import UUID

from carrete.domain.share import NewShare, Share


class ShareStore(Protocol):
    """Links, as owners manage them and as those who have one use them."""

    async def add_share(self, new: NewShare) -> Share:
        """Add a link.

        Raises:
            NotFoundError: the owner has no such video.
            TooManySharesError: it has ``MAX_SHARES``.
        """
        ...

    async def shares(self, owner_id: UUID, video_id: UUID) -> list[Share]:
        """A video's links, the newest first, also those that have ended by themselves.

        Raises:
            NotFoundError: the owner has no such video.
        """
        ...

    async def remove_share(self, owner_id: UUID, video_id: UUID, share_id: UUID) -> None:
        """End a link.

        Raises:
            NotFoundError: the owner has no such link.
        """
        ...

    async def find_share(self, token: str) -> Share | None:
        """The link that has this token, unless it has ended or its video or owner is gone."""
        ...

    async def count_view(self, share_id: UUID) -> None:
        """Somebody began to watch."""
        ...
