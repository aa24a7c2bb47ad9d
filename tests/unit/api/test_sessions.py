import time
from datetime import UTC, datetime, timedelta

import pytest

from carrete.api import sessions
from carrete.api.sessions import SessionCache
from carrete.domain.account import Account, Role, Session
from carrete.domain.ids import new_id


def session(lasts_s: float = 60) -> tuple[Account, Session]:
    now = datetime.now(UTC)
    account = Account(new_id(), "a@example.com", Role.USER, now)
    return account, Session(new_id(), account.id, "", now, now + timedelta(seconds=lasts_s), now)


def test_a_session_is_remembered_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, found = SessionCache(), session()
    cache.put(b"a", *found)
    assert cache.get(b"a") == found
    later = time.monotonic() + sessions.TTL_S + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert cache.get(b"a") is None


def test_sessions_of_an_account_that_were_ended_here_are_forgotten_at_once() -> None:
    cache, one, other = SessionCache(), session(), session()
    cache.put(b"a", *one)
    cache.put(b"b", *one)
    cache.put(b"c", *other)
    cache.forget_account(one[0].id)
    cache.forget_account(new_id())
    assert (cache.get(b"a"), cache.get(b"b"), cache.get(b"c")) == (None, None, other)


def test_an_expired_session_is_not_honoured() -> None:
    cache = SessionCache()
    cache.put(b"a", *session(-1))
    assert cache.get(b"a") is None


def test_the_least_used_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_ENTRIES", 2)
    cache = SessionCache()
    cache.put(b"a", *session())
    cache.put(b"b", *session())
    cache.get(b"a")
    cache.put(b"c", *session())
    assert cache.get(b"b") is None
    assert cache.get(b"a") is not None
    assert cache.get(b"c") is not None
