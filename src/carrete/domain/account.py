"""Accounts and sessions: who a request speaks for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from carrete.domain.failures import CarreteError

MIN_PASSWORD = 10
MAX_PASSWORD = 256
"""Characters. The upper bound keeps the cost of hashing bounded; OWASP asks for at least 64."""


class Role(StrEnum):
    """What an account may do beyond its own videos."""

    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person or program that owns videos."""

    id: UUID
    email: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is still valid.

    Attributes:
        id: names the session in lists; not the secret.
        label: the client's own description (its user agent), shortened.
        seen_at: when it was last used, to the minute.
    """

    id: UUID
    account_id: UUID
    label: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime


class EmailTakenError(CarreteError):
    """An account with this address exists."""


class WrongCredentialsError(CarreteError):
    """No account has this address and this password. It is never said which of the two is wrong."""


class TooManyAttemptsError(CarreteError):
    """Too many sign-in attempts; ``retry_after_s`` seconds must pass."""

    def __init__(self, retry_after_s: int) -> None:
        """Keep how long to wait, in seconds."""
        super().__init__(f"too many sign-in attempts, wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


def normal_email(email: str) -> str:
    """The form in which addresses are compared: no surrounding space, lower case."""
    return email.strip().lower()
