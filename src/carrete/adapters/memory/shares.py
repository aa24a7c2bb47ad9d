"""Links to single videos in memory."""

from dataclasses import asdict, replace
from uuid import UUID

from carrete.adapters.memory.state import State
from carrete.domain.share import MAX_SHARES, NewShare, Share, TooManySharesError
from carrete.domain.video import VideoState
from carrete.ports import NotFoundError


class MemoryShares(State):
    """Conforms to ``ports.ShareStore``."""

    async def add_share(self, new: NewShare) -> Share:
        """See the port."""
        if len(await self.shares(new.owner_id, new.video_id)) >= MAX_SHARES:
            msg = f"a video has at most {MAX_SHARES} links"
            raise TooManySharesError(msg)
        share = Share(**asdict(new), views=0, created_at=self.clock())
        self.links[share.id] = share
        return share

    async def shares(self, owner_id: UUID, video_id: UUID) -> list[Share]:
        """See the port."""
        self.owned(owner_id, video_id)
        found = [share for share in self.links.values() if share.video_id == video_id]
        return sorted(found, key=lambda share: share.id, reverse=True)

    async def remove_share(self, owner_id: UUID, video_id: UUID, share_id: UUID) -> None:
        """See the port."""
        share = self.links.get(share_id)
        if share is None or (share.owner_id, share.video_id) != (owner_id, video_id):
            msg = f"there is no link {share_id}"
            raise NotFoundError(msg)
        self.owned(owner_id, video_id)
        del self.links[share_id]

    async def find_share(self, token: str) -> Share | None:
        """See the port."""
        share = next((one for one in self.links.values() if one.token == token), None)
        if share is None or (share.expires_at is not None and share.expires_at <= self.clock()):
            return None
        row = self.rows.get(share.video_id)
        gone = row is None or row.video.state is VideoState.DELETING
        return None if gone or share.owner_id in self.removed else share

    async def count_view(self, share_id: UUID) -> None:
        """See the port."""
        if share_id in self.links:
            share = self.links[share_id]
            self.links[share_id] = replace(share, views=share.views + 1)
