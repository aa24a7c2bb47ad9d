"""Links that let somebody without an account watch one video."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from carrete.domain.failures import CarreteError

MAX_SHARES = 50
"""Links of one video."""

MIN_SHARE_PASSWORD = 4
LONGEST = timedelta(days=3660)
"""The furthest end that a link may have; one without an end has none."""

KEY_LIFE = timedelta(hours=12)
"""How long a password that was typed once opens a link: longer than any sitting."""

TOKEN_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_SECRET_BYTES = 32
_STAMP_BYTES = 8


class TooManySharesError(CarreteError):
    """The video has as many links as it may."""


class InvalidExpiryError(CarreteError):
    """The end of a link is not in the time to come."""


class ShareLockedError(CarreteError):
    """The link has a password, and no key came, or one that is not or no longer good."""


class DownloadNotAllowedError(CarreteError):
    """The link lets people watch and not download."""


@dataclass(frozen=True, slots=True)
class NewShare:
    """What a link starts with.

    Attributes:
        token: what the link has in it: whoever knows it may watch.
        password_hash: of the password that is asked for, if any.
        secret: signs the keys of those who knew the password.
        expires_at: when it ends by itself, if ever.
    """

    id: UUID
    video_id: UUID
    owner_id: UUID
    token: str = field(repr=False)
    password_hash: str | None = field(repr=False)
    secret: bytes = field(repr=False)
    allow_download: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share(NewShare):
    """A link as it is stored; ``views`` counts how often watching began."""

    views: int
    created_at: datetime


def new_token() -> str:
    """128 random bits, safe in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_secret() -> bytes:
    """A key for HMAC-SHA256."""
    return secrets.token_bytes(_SECRET_BYTES)


def is_token(text: str) -> bool:
    """Whether ``text`` could have come from ``new_token``."""
    return _TOKEN.fullmatch(text) is not None


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Whether a link may end then.

    Raises:
        InvalidExpiryError: it is not between now and ten years from now.
    """
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        raise InvalidExpiryError("must lie in the next ten years")


def make_key(share: Share, until: datetime) -> str:
    """A key that opens the link until then: the time, signed with the link's own secret.

    Nothing is stored of it; it ends with the link.
    """
    stamp = int(until.timestamp()).to_bytes(_STAMP_BYTES, "big")
    return base64.urlsafe_b64encode(stamp + _sign(share, stamp)).decode().rstrip("=")


def is_open(share: Share, key: str | None, now: datetime) -> bool:
    """Whether the link has no password, or the key is one of its own and not too old."""
    if share.password_hash is None:
        return True
    try:
        raw = base64.b64decode((key or "") + "=" * (-len(key or "") % 4), b"-_", validate=True)
    except ValueError:
        return False
    stamp, signature = raw[:_STAMP_BYTES], raw[_STAMP_BYTES:]
    if not hmac.compare_digest(signature, _sign(share, stamp)):
        return False
    return now.astimezone(UTC).timestamp() < int.from_bytes(stamp, "big")


def _sign(share: Share, stamp: bytes) -> bytes:
    return hmac.digest(share.secret, share.id.bytes + stamp, hashlib.sha256)
