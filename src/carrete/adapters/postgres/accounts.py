"""Accounts, sessions and sign-in counts in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres import quotas
from carrete.adapters.postgres.engine import Database
from carrete.domain.account import Account, EmailTakenError, Role, Session
from carrete.domain.ids import new_id
from carrete.domain.quota import OwnQuota, Usage
from carrete.ports import MAX_SESSIONS, SEEN_S, NotFoundError

_SESSION = (
    "s.id AS session_id, s.account_id, s.label, s.created_at AS opened_at, s.expires_at, s.seen_at"
)


class PostgresAccounts:
    """Conforms to ``ports.AccountStore``."""

    def __init__(self, database: Database) -> None:
        """Keep the pool."""
        self._db = database

    async def create_account(self, email: str, password_hash: str, role: Role) -> Account:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "INSERT INTO account (id, email, password_hash, role)"
                " VALUES (:id, :email, :hash, :role) ON CONFLICT (email) DO NOTHING"
                " RETURNING id, email, role, created_at",
                id=new_id(),
                email=email,
                hash=password_hash,
                role=role,
            )
        if row is None:
            msg = "an account with this address exists"
            raise EmailTakenError(msg)
        return _account(row)

    async def credentials(self, email: str) -> tuple[Account, str] | None:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT id, email, role, created_at, password_hash FROM account"
                " WHERE email = :email",
                email=email,
            )
        return None if row is None else (_account(row), row.password_hash)

    async def set_password_hash(self, account_id: UUID, password_hash: str) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "UPDATE account SET password_hash = :hash WHERE id = :id",
                id=account_id,
                hash=password_hash,
            )

    async def open_session(
        self, account_id: UUID, token_hash: bytes, label: str, expires_at: datetime
    ) -> Session:
        """See the port."""
        async with self._db.transaction() as tx:
            rows = await tx.rows(
                "INSERT INTO session AS s (id, token_hash, account_id, label, expires_at)"  # noqa: S608
                f" VALUES (:id, :hash, :account, :label, :expires) RETURNING {_SESSION}",
                id=new_id(),
                hash=token_hash,
                account=account_id,
                label=label,
                expires=expires_at,
            )
            await tx.rows(
                "DELETE FROM session WHERE id IN (SELECT id FROM session"
                " WHERE account_id = :account ORDER BY seen_at DESC, id DESC OFFSET :most)",
                account=account_id,
                most=MAX_SESSIONS,
            )
        return _session(rows[0])

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                f"SELECT a.id, a.email, a.role, a.created_at, {_SESSION},"  # noqa: S608 - constant
                " s.seen_at < now() - make_interval(secs => :seen) AS stale"
                " FROM session s JOIN account a ON a.id = s.account_id"
                " WHERE s.token_hash = :hash AND s.expires_at > now() AND a.removed_at IS NULL",
                hash=token_hash,
                seen=SEEN_S,
            )
            if row is not None and row.stale:
                await tx.rows(
                    "UPDATE session SET seen_at = now() WHERE id = :id", id=row.session_id
                )
        return None if row is None else (_account(row), _session(row))

    async def close_session(self, token_hash: bytes) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows("DELETE FROM session WHERE token_hash = :hash", hash=token_hash)

    async def sessions(self, account_id: UUID) -> list[Session]:
        """See the port."""
        async with self._db.transaction() as tx:
            found = await tx.rows(
                f"SELECT {_SESSION} FROM session s WHERE s.account_id = :account"  # noqa: S608
                " AND s.expires_at > now() ORDER BY s.seen_at DESC, s.id DESC LIMIT :most",
                account=account_id,
                most=MAX_SESSIONS,
            )
        return [_session(row) for row in found]

    async def end_session(self, account_id: UUID, session_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            gone = await tx.row(
                "DELETE FROM session WHERE id = :id AND account_id = :account RETURNING id",
                id=session_id,
                account=account_id,
            )
        if gone is None:
            msg = f"there is no session {session_id}"
            raise NotFoundError(msg)

    async def end_other_sessions(self, account_id: UUID, but: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "DELETE FROM session WHERE account_id = :account AND id <> :but",
                account=account_id,
                but=but,
            )

    async def count_attempt(self, key: str, window_s: int) -> int:
        """See the port."""
        async with self._db.transaction() as tx:
            rows = await tx.rows(
                "INSERT INTO signin_attempt AS a (key, window_start, count)"
                " VALUES (:key, to_timestamp(floor(extract(epoch FROM now()) / :window) * :window),"
                " 1) ON CONFLICT (key, window_start) DO UPDATE SET count = a.count + 1"
                " RETURNING count",
                key=key[:400],
                window=window_s,
            )
        return int(rows[0][0])

    async def prune_accounts(self) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows("DELETE FROM session WHERE expires_at < now()")
            await tx.rows(
                "DELETE FROM signin_attempt WHERE window_start < now() - interval '1 day'"
            )
            await tx.rows("DELETE FROM owner_day WHERE day < now() - interval '2 days'")

    async def usage(self, account_id: UUID) -> tuple[Usage, OwnQuota]:
        """See the port."""
        async with self._db.transaction() as tx:
            used = await quotas.usage(tx, account_id)
            row = await tx.row(
                f"SELECT {quotas.OWN} FROM account WHERE id = :id",  # noqa: S608 - constant
                id=account_id,
            )
        return used, OwnQuota() if row is None else quotas.own_quota(row)

    async def set_role(self, email: str, role: Role) -> Account | None:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "UPDATE account SET role = :role WHERE email = :email AND removed_at IS NULL"
                " RETURNING id, email, role, created_at",
                email=email,
                role=role,
            )
        return None if row is None else _account(row)

    async def set_quota(self, account_id: UUID, quota: OwnQuota) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            changed = await tx.row(
                "UPDATE account SET quota_stored_bytes = :stored, quota_videos_in_flight = :flying,"
                " quota_minutes_per_day = :minutes WHERE id = :id AND removed_at IS NULL"
                " RETURNING id",
                id=account_id,
                stored=quota.stored_bytes,
                flying=quota.videos_in_flight,
                minutes=quota.minutes_per_day,
            )
        if changed is None:
            msg = f"there is no account {account_id}"
            raise NotFoundError(msg)

    async def remove_account(self, account_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            # another account may have the address from now on
            await tx.rows(
                "UPDATE account SET removed_at = now(), email = 'removed:' || id,"
                " password_hash = '' WHERE id = :id",
                id=account_id,
            )
            await tx.rows("DELETE FROM session WHERE account_id = :id", id=account_id)


def _account(row: Row[Any]) -> Account:
    return Account(row.id, row.email, Role(row.role), row.created_at)


def _session(row: Row[Any]) -> Session:
    return Session(
        row.session_id, row.account_id, row.label, row.opened_at, row.expires_at, row.seen_at
    )
