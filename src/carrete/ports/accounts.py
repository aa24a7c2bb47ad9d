"""Accounts, sessions and sign-in counts."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from carrete.domain.account import Account, Role, Session
from carrete.domain.quota import OwnQuota, Usage

SEEN_S = 60
"""Seconds to which it is kept when a session was last used: a write for each request costs more
than it tells."""

MAX_SESSIONS = 50
"""Sessions of one account."""


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
        """Add a session that the token with this SHA-256 opens.

        Of more than ``MAX_SESSIONS`` the ones that were used the longest ago end.
        """
        ...

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """The unexpired session of a token and its account; ``seen_at`` is kept to ``SEEN_S``."""
        ...

    async def sessions(self, account_id: UUID) -> list[Session]:
        """The account's unexpired sessions, those used last first."""
        ...

    async def end_session(self, account_id: UUID, session_id: UUID) -> None:
        """End one of the account's sessions.

        Raises:
            NotFoundError: the account has no such session.
        """
        ...

    async def end_other_sessions(self, account_id: UUID, but: UUID) -> None:
        """End all of the account's sessions except one."""
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
        """Delete expired sessions, old attempt counts and old days."""
        ...

    async def usage(self, account_id: UUID) -> tuple[Usage, OwnQuota]:
        """What the account uses, and the limits that are its own."""
        ...

    async def set_role(self, email: str, role: Role) -> Account | None:
        """Change what an account may do; nothing when no account has the address."""
        ...

    async def set_quota(self, account_id: UUID, quota: OwnQuota) -> None:
        """Replace the limits that are the account's own.

        Raises:
            NotFoundError: there is no such account.
        """
        ...

    async def remove_account(self, account_id: UUID) -> None:
        """End all of the account's sessions and hide it; its address is free at once.

        ``MaintenanceStore.removed_videos`` and ``forget_accounts`` do the rest.
        """
        ...
