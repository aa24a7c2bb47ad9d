"""Accounts, sessions and sign-in counts in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from carrete.adapters.memory.state import State
from carrete.domain.account import Account, EmailTakenError, Role, Session
from carrete.domain.ids import new_id
from carrete.domain.quota import OwnQuota, Usage
from carrete.ports import MAX_SESSIONS, SEEN_S, NotFoundError


class MemoryAccounts(State):
    """Conforms to ``ports.AccountStore``."""

    async def create_account(self, email: str, password_hash: str, role: Role) -> Account:
        """See the port."""
        if any(account.email == email for account, _ in self.accounts_by_id.values()):
            msg = "an account with this address exists"
            raise EmailTakenError(msg)
        account = Account(new_id(), email, role, self.clock())
        self.accounts_by_id[account.id] = (account, password_hash)
        return account

    async def credentials(self, email: str) -> tuple[Account, str] | None:
        """See the port."""
        return next((pair for pair in self.accounts_by_id.values() if pair[0].email == email), None)

    async def set_password_hash(self, account_id: UUID, password_hash: str) -> None:
        """See the port."""
        self.accounts_by_id[account_id] = (self.accounts_by_id[account_id][0], password_hash)

    async def open_session(
        self, account_id: UUID, token_hash: bytes, label: str, expires_at: datetime
    ) -> Session:
        """See the port."""
        now = self.clock()
        session = Session(new_id(), account_id, label, now, expires_at, now)
        self.opened[token_hash] = session
        for old in self._by_use(account_id)[MAX_SESSIONS:]:
            await self.end_session(account_id, old.id)
        return session

    def _by_use(self, account_id: UUID) -> list[Session]:
        mine = [one for one in self.opened.values() if one.account_id == account_id]
        return sorted(mine, key=lambda one: (one.seen_at, one.id), reverse=True)

    async def session(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """See the port."""
        session = self.opened.get(token_hash)
        if session is None or session.expires_at <= self.clock():
            return None
        if session.seen_at < self.later(-SEEN_S):
            session = self.opened[token_hash] = replace(session, seen_at=self.clock())
        return self.accounts_by_id[session.account_id][0], session

    async def close_session(self, token_hash: bytes) -> None:
        """See the port."""
        self.opened.pop(token_hash, None)

    async def sessions(self, account_id: UUID) -> list[Session]:
        """See the port."""
        now = self.clock()
        return [one for one in self._by_use(account_id) if one.expires_at > now]

    async def end_session(self, account_id: UUID, session_id: UUID) -> None:
        """See the port."""
        if session_id not in {one.id for one in self._by_use(account_id)}:
            msg = f"there is no session {session_id}"
            raise NotFoundError(msg)
        self.opened = {k: one for k, one in self.opened.items() if one.id != session_id}

    async def end_other_sessions(self, account_id: UUID, but: UUID) -> None:
        """See the port."""
        for one in self._by_use(account_id):
            if one.id != but:
                await self.end_session(account_id, one.id)

    async def count_attempt(self, key: str, window_s: int) -> int:
        """See the port."""
        window = (key, int(self.clock().timestamp() // window_s))
        self.attempts[window] = self.attempts.get(window, 0) + 1
        return self.attempts[window]

    async def prune_accounts(self) -> None:
        """See the port."""
        now = self.clock()
        self.opened = {k: s for k, s in self.opened.items() if s.expires_at > now}

    async def usage(self, account_id: UUID) -> tuple[Usage, OwnQuota]:
        """See the port."""
        return self.used_by(account_id), self.own_quotas.get(account_id, OwnQuota())

    async def set_role(self, email: str, role: Role) -> Account | None:
        """See the port."""
        found = await self.credentials(email)
        if found is None:
            return None
        changed = replace(found[0], role=role)
        self.accounts_by_id[changed.id] = (changed, found[1])
        return changed

    async def set_quota(self, account_id: UUID, quota: OwnQuota) -> None:
        """See the port."""
        if account_id not in self.accounts_by_id or account_id in self.removed:
            msg = f"there is no account {account_id}"
            raise NotFoundError(msg)
        self.own_quotas[account_id] = quota

    async def remove_account(self, account_id: UUID) -> None:
        """See the port."""
        account, _ = self.accounts_by_id[account_id]
        self.accounts_by_id[account_id] = (replace(account, email=f"removed:{account_id}"), "")
        self.removed.add(account_id)
        self.opened = {k: s for k, s in self.opened.items() if s.account_id != account_id}
