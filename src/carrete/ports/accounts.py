"""Accounts, sessions and sign-in counts."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from carrete.domain.account import Account, Role, Session


class AccountStore(Protocol):
    """Accounts, their sessions, and counts of sign-in attempts."""

    async def create_account(self, email: str, password_hash: str, role: Role) -> Account:
        """Add an account. ``email`` is in its normal form.

        Raises:
            EmailTakenError: the address has an account.
        """
        ...

    async def credentials(self, email: str) -> tuple[Account, str] | None:
        """The account of an address and its password hash."""
        ...

    async def set_password_hash(self, account_id: UUID, password_hash: str) -> None:
        """Replace the password hash (when the hash's parameters are out of date)."""
        ...

    async def open_session(
        self, account_id: UUID, token_hash: bytes, label: str, expires_at: datetime
    ) -> Session:
        """Add a session that the token with this SHA-256 opens."""
        ...

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """The unexpired session of a token and its account."""
        ...

    async def close_session(self, token_hash: bytes) -> None:
        """End a session; nothing happens when there is none."""
        ...

    async def count_attempt(self, key: str, window_s: int) -> int:
        """Count one attempt under ``key`` and return how many the current window holds.

        Windows are fixed and start at multiples of ``window_s`` seconds.
        """
        ...

    async def prune_accounts(self) -> None:
        """Delete expired sessions and old attempt counts."""
        ...
