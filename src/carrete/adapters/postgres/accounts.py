"""Accounts, sessions and sign-in counts in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres.engine import Database
from carrete.domain.account import Account, EmailTakenError, Role, Session
from carrete.domain.ids import new_id


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
                "INSERT INTO session (id, token_hash, account_id, label, expires_at)"
                " VALUES (:id, :hash, :account, :label, :expires)"
                " RETURNING id AS session_id, account_id, label, created_at AS opened_at,"
                " expires_at",
                id=new_id(),
                hash=token_hash,
                account=account_id,
                label=label,
                expires=expires_at,
            )
        return _session(rows[0])

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT a.id, a.email, a.role, a.created_at, s.id AS session_id, s.account_id,"
                " s.label, s.created_at AS opened_at, s.expires_at"
                " FROM session s JOIN account a ON a.id = s.account_id"
                " WHERE s.token_hash = :hash AND s.expires_at > now()",
                hash=token_hash,
            )
        return None if row is None else (_account(row), _session(row))

    async def close_session(self, token_hash: bytes) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows("DELETE FROM session WHERE token_hash = :hash", hash=token_hash)

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


def _account(row: Row[Any]) -> Account:
    return Account(row.id, row.email, Role(row.role), row.created_at)


def _session(row: Row[Any]) -> Session:
    return Session(row.session_id, row.account_id, row.label, row.opened_at, row.expires_at)
