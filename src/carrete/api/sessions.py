"""A short memory of sessions, so that a request needs no query to know who it speaks for."""

import time
from collections import OrderedDict
from uuid import UUID

from carrete.domain.account import Account, Session

TTL_S = 2.0
MAX_ENTRIES = 10_000


class SessionCache:
    """Sessions by their token's hash, each for ``TTL_S`` seconds, the least used ones first to go.

    The trade: a page that polls or loads a list saves one query each time, half of a cheap
    request's work. In return a session that was ended through another process is honoured by this
    one for up to two seconds more; ending it through this process forgets it at once. Unknown
    tokens are not remembered, so that guessing can't push real sessions out.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, tuple[float, Account, Session]] = OrderedDict()

    def get(self, token_hash: bytes) -> tuple[Account, Session] | None:
        """The session, if it was seen within ``TTL_S`` seconds and has not expired."""
        entry = self._entries.get(token_hash)
        if entry is None:
            return None
        until, account, session = entry
        if until < time.monotonic() or session.expires_at.timestamp() < time.time():
            del self._entries[token_hash]
            return None
        self._entries.move_to_end(token_hash)
        return account, session

    def put(self, token_hash: bytes, account: Account, session: Session) -> None:
        """Remember a session that the database has just confirmed."""
        self._entries[token_hash] = (time.monotonic() + TTL_S, account, session)
        self._entries.move_to_end(token_hash)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)

    def forget_account(self, account_id: UUID) -> None:
        """Some of the account's sessions were ended here: ask the database about all of them."""
        for token_hash, (_, account, _) in tuple(self._entries.items()):
            if account.id == account_id:
                del self._entries[token_hash]
