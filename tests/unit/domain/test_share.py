from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from carrete.domain.ids import new_id
from carrete.domain.share import (
    InvalidExpiryError,
    Share,
    check_expiry,
    is_open,
    is_token,
    make_key,
    new_secret,
    new_token,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def share(*, locked: bool = True) -> Share:
    return Share(
        id=new_id(),
        video_id=new_id(),
        owner_id=new_id(),
        token=new_token(),
        password_hash="hash" if locked else None,
        secret=new_secret(),
        allow_download=False,
        expires_at=None,
        views=0,
        created_at=NOW,
    )


def test_a_link_without_a_password_is_open() -> None:
    assert is_open(share(locked=False), None, NOW)


def test_a_key_opens_its_own_link_for_its_time() -> None:
    one = share()
    key = make_key(one, NOW + HOUR)
    assert is_open(one, key, NOW)
    assert not is_open(one, key, NOW + HOUR)
    assert not is_open(share(), key, NOW)
    assert not is_open(replace(one, secret=new_secret()), key, NOW)


@pytest.mark.parametrize("key", [None, "", "A", "AAAA", "ñ", "A" * 54, "=", "A" * 1000])
def test_what_is_no_key_opens_nothing(key: str | None) -> None:
    assert not is_open(share(), key, NOW)


def test_a_key_can_not_be_made_to_last_longer() -> None:
    one = share()
    key = make_key(one, NOW + HOUR)
    longer = make_key(one, NOW + 9 * HOUR)
    assert not is_open(one, longer[:10] + key[10:], NOW)


def test_tokens_are_long_and_known_by_their_form() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(is_token(token) for token in made)
    assert not any(is_token(text) for text in ("", "A" * 21, "A" * 23, "A" * 21 + "\x00", "á" * 22))


def test_nothing_secret_of_a_link_is_shown_by_accident() -> None:
    one = share()
    assert one.token not in repr(one)
    assert repr(one.secret) not in repr(one)


@pytest.mark.parametrize("end", [NOW, NOW - HOUR, NOW + timedelta(days=3661)])
def test_a_link_ends_in_the_time_to_come(end: datetime) -> None:
    check_expiry(None, NOW)
    check_expiry(NOW + HOUR, NOW)
    with pytest.raises(InvalidExpiryError):
        check_expiry(end, NOW)
