"""Registering, signing in and out, and who a token speaks for."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email

from carrete.domain.account import (
    Account,
    Role,
    Session,
    TooManyAttemptsError,
    WrongCredentialsError,
    normal_email,
)
from carrete.domain.failures import CarreteError
from carrete.ports import AccountStore
from carrete.usecases.passwords import Passwords

TOKEN_BYTES = 32
MAX_LABEL = 100
CLIENT_FACTOR = 10
"""A client's IP address may stand for an office: it gets this many times one account's attempts."""


class InvalidEmailError(CarreteError):
    """The address is not one; the message says why."""


class WrongPasswordError(CarreteError):
    """Somebody who is let in already gave a wrong password for more."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end.

    Attributes:
        address: its IP address, as far as trusted proxies tell.
        label: its user agent.
    """

    address: str
    label: str


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """Bounds of signing in.

    Attributes:
        attempts: for one address in one window.
        window_s: seconds of a window.
        session_days: days until a session expires.
    """

    attempts: int
    window_s: int
    session_days: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. ``token`` is the secret that opens it; it is stored nowhere."""

    account: Account
    token: str
    expires_at: datetime


def token_hash(token: str) -> bytes:
    """What is stored of a token: it is random and long, so its plain SHA-256 tells nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def clean_email(email: str) -> str:
    """The address in its normal form.

    Raises:
        InvalidEmailError: it is not an address.
    """
    try:
        # No DNS: Carrete sends no mail, the address is a name. For the same reason a name inside
        # a private network is as good as a public one.
        found = validate_email(
            email.strip(), check_deliverability=False, globally_deliverable=False
        )
    except EmailNotValidError as exc:
        raise InvalidEmailError(str(exc)) from exc
    return normal_email(found.normalized)


async def register(
    email: str,
    password: str,
    *,
    client: Client,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
    passwords: Passwords,
) -> SignedIn:
    """Make an account and sign it in.

    Raises:
        InvalidEmailError: the address is not one.
        EmailTakenError: the address has an account.
        TooManyAttemptsError: this client registers too often.
    """
    address = clean_email(email)
    await count_client(client, policy, now, accounts)
    hashed = await passwords.hash(password)
    account = await accounts.create_account(address, hashed, Role.USER)
    return await _open(account, client, policy, now, accounts)


async def sign_in(
    email: str,
    password: str,
    *,
    client: Client,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
    passwords: Passwords,
) -> SignedIn:
    """Open a session.

    Attempts are counted before the password is looked at, also good ones: whoever guesses can't
    tell by the count. The client comes first, so that one that is blocked can't go on blocking
    the address of somebody else.

    Raises:
        WrongCredentialsError: the address or the password is wrong; which is not told.
        TooManyAttemptsError: too many attempts by this client or for this address.
    """
    await count_client(client, policy, now, accounts)
    await count_attempt("address", normal_email(email), policy.attempts, policy, now, accounts)
    try:
        found = await accounts.credentials(clean_email(email))
    except InvalidEmailError:
        found = None
    fits = await passwords.matches(found[1] if found else None, password)
    if found is None or not fits:
        raise WrongCredentialsError("the e-mail address or the password is wrong")
    account, stored = found
    if passwords.is_outdated(stored):
        await accounts.set_password_hash(account.id, await passwords.hash(password))
    return await _open(account, client, policy, now, accounts)


async def change_password(
    account: Account,
    session: Session,
    current: str,
    new: str,
    *,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
    passwords: Passwords,
) -> None:
    """Change the password and end every session but this one.

    Raises:
        WrongPasswordError: ``current`` is not the password.
        TooManyAttemptsError: it was tried too often.
    """
    await confirm(account, current, policy=policy, now=now, accounts=accounts, passwords=passwords)
    await accounts.set_password_hash(account.id, await passwords.hash(new))
    await accounts.end_other_sessions(account.id, session.id)


async def remove_account(
    account: Account,
    password: str,
    *,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
    passwords: Passwords,
) -> None:
    """Hide an account with all that is its own; ``reconcile`` then deletes it piece by piece.

    Raises:
        WrongPasswordError: it is not the password.
        TooManyAttemptsError: it was tried too often.
    """
    await confirm(account, password, policy=policy, now=now, accounts=accounts, passwords=passwords)
    await accounts.remove_account(account.id)


async def confirm(
    account: Account,
    password: str,
    *,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
    passwords: Passwords,
) -> None:
    """Check that who uses a session knows the password, before what can't be undone.

    Raises:
        WrongPasswordError: it is not the password.
        TooManyAttemptsError: it was tried too often.
    """
    await count_attempt("account", str(account.id), policy.attempts, policy, now, accounts)
    found = await accounts.credentials(account.email)
    if not await passwords.matches(found[1] if found else None, password):
        raise WrongPasswordError("the password is wrong")


async def sign_out(token: str, *, accounts: AccountStore) -> None:
    """End the session that the token opens, if there is one."""
    await accounts.close_session(token_hash(token))


async def identify(hashed: bytes, *, accounts: AccountStore) -> tuple[Account, Session] | None:
    """The account and session of a token's hash, unless it is unknown or expired."""
    return await accounts.session(hashed)


async def _open(
    account: Account, client: Client, policy: SignInPolicy, now: datetime, accounts: AccountStore
) -> SignedIn:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    label = "".join(c for c in client.label if c.isprintable())[:MAX_LABEL]
    expires_at = now + timedelta(days=policy.session_days)
    session = await accounts.open_session(account.id, token_hash(token), label, expires_at)
    return SignedIn(account, token, session.expires_at)


async def count_client(
    client: Client, policy: SignInPolicy, now: datetime, accounts: AccountStore
) -> None:
    """Count an attempt of a client.

    Raises:
        TooManyAttemptsError: it has made too many in this window.
    """
    limit = policy.attempts * CLIENT_FACTOR
    await count_attempt("client", client.address, limit, policy, now, accounts)


async def count_attempt(  # noqa: PLR0917 - a step of several use cases
    what: str,
    value: str,
    limit: int,
    policy: SignInPolicy,
    now: datetime,
    accounts: AccountStore,
) -> None:
    """Count an attempt at something.

    Raises:
        TooManyAttemptsError: there were more than ``limit`` in this window.
    """
    # Hashed, because what somebody typed as an address may be anything, a password included.
    key = f"{what}:{hashlib.sha256(value.encode('utf-8', 'surrogateescape')).hexdigest()}"
    if await accounts.count_attempt(key, policy.window_s) > limit:
        raise TooManyAttemptsError(policy.window_s - int(now.timestamp()) % policy.window_s)
