"""Sharing a video by a link, and using such a link."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carrete.domain.ids import new_id
from carrete.domain.share import (
    KEY_LIFE,
    DownloadNotAllowedError,
    NewShare,
    Share,
    ShareLockedError,
    check_expiry,
    is_open,
    is_token,
    make_key,
    new_secret,
    new_token,
)
from carrete.domain.video import Video
from carrete.ports import AccountStore, NotFoundError, ShareStore, VideoStore
from carrete.usecases.accounts import (
    Client,
    SignInPolicy,
    WrongPasswordError,
    count_attempt,
    count_client,
)
from carrete.usecases.passwords import Passwords


@dataclass(frozen=True, slots=True)
class WantedShare:
    """What an owner wants of a link.

    Attributes:
        expires_at: when it ends by itself, if ever.
        password: what is asked for, if anything.
        allow_download: whether the processed file may be downloaded.
    """

    expires_at: datetime | None = None
    password: str | None = None
    allow_download: bool = False


async def create_share(
    owner_id: UUID,
    video_id: UUID,
    wanted: WantedShare,
    *,
    now: datetime,
    shares: ShareStore,
    passwords: Passwords,
) -> Share:
    """Make a link; the video need not be ready.

    Raises:
        NotFoundError: the owner has no such video.
        InvalidExpiryError: it would have ended already, or ends in more than ten years.
        TooManySharesError: the video has as many links as it may.
    """
    check_expiry(wanted.expires_at, now)
    hashed = None if wanted.password is None else await passwords.hash(wanted.password)
    return await shares.add_share(
        NewShare(
            id=new_id(),
            video_id=video_id,
            owner_id=owner_id,
            token=new_token(),
            password_hash=hashed,
            secret=new_secret(),
            allow_download=wanted.allow_download,
            expires_at=wanted.expires_at,
        )
    )


async def find(token: str, *, shares: ShareStore) -> Share:
    """The link of a token.

    Raises:
        NotFoundError: there is none, or it has ended, or its video is gone: nobody learns which.
    """
    share = await shares.find_share(token) if is_token(token) else None
    if share is None:
        raise NotFoundError("this link leads nowhere, or no longer does")
    return share


async def enter(token: str, key: str | None, *, now: datetime, shares: ShareStore) -> Share:
    """The link of a token, for one who may use it.

    Raises:
        NotFoundError: see ``find``.
        ShareLockedError: it has a password, and the key is not good.
    """
    share = await find(token, shares=shares)
    if not is_open(share, key, now):
        raise ShareLockedError("this link has a password")
    return share


async def look(
    token: str, key: str | None, *, now: datetime, shares: ShareStore, videos: VideoStore
) -> tuple[Share, Video | None]:
    """A link and its video; no video for one who must say the password first.

    Raises:
        NotFoundError: see ``find``.
    """
    share = await find(token, shares=shares)
    if not is_open(share, key, now):
        return share, None
    return share, await videos.video(share.owner_id, share.video_id)


async def enter_download(
    token: str, key: str | None, *, now: datetime, shares: ShareStore
) -> Share:
    """``enter``, for one who wants the file.

    Raises:
        NotFoundError: see ``find``.
        ShareLockedError: it has a password, and the key is not good.
        DownloadNotAllowedError: it is for watching alone.
    """
    share = await enter(token, key, now=now, shares=shares)
    if not share.allow_download:
        raise DownloadNotAllowedError("this link is for watching")
    return share


async def unlock(
    token: str,
    password: str,
    *,
    client: Client,
    policy: SignInPolicy,
    now: datetime,
    shares: ShareStore,
    accounts: AccountStore,
    passwords: Passwords,
) -> tuple[str, datetime]:
    """A key for one who knows the password, and until when it is good.

    Attempts are counted as those of signing in are, for the client and for the link.

    Raises:
        NotFoundError: see ``find``.
        WrongPasswordError: it is not the password, or the link has none.
        TooManyAttemptsError: too many were tried.
    """
    await count_client(client, policy, now, accounts)
    share = await find(token, shares=shares)
    await count_attempt("share", str(share.id), policy.attempts, policy, now, accounts)
    if not await passwords.matches(share.password_hash, password):
        raise WrongPasswordError("the password is wrong")
    until = now + KEY_LIFE
    return make_key(share, until), until
