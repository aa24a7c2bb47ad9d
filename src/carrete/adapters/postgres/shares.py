"""Links to single videos in PostgreSQL."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres import changes
from carrete.adapters.postgres.engine import Database
from carrete.domain.share import MAX_SHARES, NewShare, Share, TooManySharesError
from carrete.ports import NotFoundError

_COLUMNS = (
    "s.id, s.video_id, s.owner_id, s.token, s.password_hash, s.secret, s.allow_download,"
    " s.expires_at, s.views, s.created_at"
)


class PostgresShares:
    """Conforms to ``ports.ShareStore``."""

    def __init__(self, database: Database) -> None:
        """Keep the pool."""
        self._db = database

    async def add_share(self, new: NewShare) -> Share:
        """See the port."""
        async with self._db.transaction() as tx:
            # the lock also makes links that are added at once count each other
            await changes.lock_video(tx, new.owner_id, new.video_id)
            there = await tx.rows("SELECT 1 FROM share WHERE video_id = :id", id=new.video_id)
            if len(there) >= MAX_SHARES:
                msg = f"a video has at most {MAX_SHARES} links"
                raise TooManySharesError(msg)
            rows = await tx.rows(
                "INSERT INTO share AS s (id, token, video_id, owner_id, password_hash, secret,"  # noqa: S608
                " allow_download, expires_at) VALUES (:id, :token, :video, :owner, :hash, :secret,"
                f" :download, :expires) RETURNING {_COLUMNS}",
                id=new.id,
                token=new.token,
                video=new.video_id,
                owner=new.owner_id,
                hash=new.password_hash,
                secret=new.secret,
                download=new.allow_download,
                expires=new.expires_at,
            )
        return _share(rows[0])

    async def shares(self, owner_id: UUID, video_id: UUID) -> list[Share]:
        """See the port."""
        async with self._db.transaction() as tx:
            there = await tx.row(
                "SELECT 1 FROM video WHERE id = :id AND owner_id = :owner AND state <> 'deleting'",
                id=video_id,
                owner=owner_id,
            )
            if there is None:
                raise changes.not_found(video_id)
            found = await tx.rows(
                f"SELECT {_COLUMNS} FROM share s WHERE s.video_id = :id"  # noqa: S608 - constant
                " ORDER BY s.id DESC LIMIT :most",
                id=video_id,
                most=MAX_SHARES,
            )
        return [_share(row) for row in found]

    async def remove_share(self, owner_id: UUID, video_id: UUID, share_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            gone = await tx.row(
                "DELETE FROM share s USING video v WHERE s.id = :id AND s.video_id = :video"
                " AND s.owner_id = :owner AND v.id = s.video_id AND v.state <> 'deleting'"
                " RETURNING s.id",
                id=share_id,
                video=video_id,
                owner=owner_id,
            )
        if gone is None:
            msg = f"there is no link {share_id}"
            raise NotFoundError(msg)

    async def find_share(self, token: str) -> Share | None:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                f"SELECT {_COLUMNS} FROM share s JOIN video v ON v.id = s.video_id"  # noqa: S608
                " JOIN account a ON a.id = s.owner_id WHERE s.token = :token"
                " AND (s.expires_at IS NULL OR s.expires_at > now())"
                " AND v.state <> 'deleting' AND a.removed_at IS NULL",
                token=token,
            )
        return None if row is None else _share(row)

    async def count_view(self, share_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows("UPDATE share SET views = views + 1 WHERE id = :id", id=share_id)


def _share(row: Row[Any]) -> Share:
    return Share(
        id=row.id,
        video_id=row.video_id,
        owner_id=row.owner_id,
        token=row.token,
        password_hash=row.password_hash,
        secret=bytes(row.secret),
        allow_download=row.allow_download,
        expires_at=row.expires_at,
        views=row.views,
        created_at=row.created_at,
    )
