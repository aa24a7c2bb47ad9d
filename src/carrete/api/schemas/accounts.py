"""Accounts and sessions on the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from carrete.api.schemas.examples import AT, example, request
from carrete.domain.account import MAX_PASSWORD, MIN_PASSWORD, Role

ACCOUNT_EXAMPLE = {
    "id": "0198c5a1-1111-7000-8000-000000000001",
    "email": "ana@example.com",
    "role": "user",
    "created_at": AT,
}


class Registration(BaseModel):
    """A new account."""

    model_config = request({"email": "ana@example.com", "password": "correct horse battery"})

    email: str = Field(min_length=3, max_length=320, description="Names the account")
    password: SecretStr = Field(
        min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, description="Any characters"
    )


class SignIn(BaseModel):
    """An account's address and password."""

    model_config = request({"email": "ana@example.com", "password": "correct horse battery"})

    email: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=MAX_PASSWORD)


class Account(BaseModel):
    """An account."""

    model_config = example(ACCOUNT_EXAMPLE)

    id: UUID
    email: str
    role: Role
    created_at: datetime


class SignedIn(BaseModel):
    """A new session. The same token is set as the cookie ``carrete_session``."""

    model_config = example(
        {
            "account": ACCOUNT_EXAMPLE,
            "token": "Yb3t0kB9zq1N8pQvXw5rJmD2hL6sC4aFgUeIoTnRkZc",
            "expires_at": "2026-03-31T12:00:00Z",
        }
    )

    account: Account
    token: str = Field(description="For `Authorization: Bearer …`; it is shown only now")
    expires_at: datetime


class PasswordChange(BaseModel):
    """The old password and the new one."""

    model_config = request(
        {"current_password": "correct horse battery", "new_password": "correct horse battery 2"}
    )

    current_password: SecretStr = Field(min_length=1, max_length=MAX_PASSWORD)
    new_password: SecretStr = Field(
        min_length=MIN_PASSWORD, max_length=MAX_PASSWORD, description="Any characters"
    )


class Confirmation(BaseModel):
    """The password once more, before what can't be undone."""

    model_config = request({"password": "correct horse battery"})

    password: SecretStr = Field(min_length=1, max_length=MAX_PASSWORD)


class Session(BaseModel):
    """A sign-in that is still valid."""

    id: UUID
    label: str = Field(description="User agent of the client that signed in")
    created_at: datetime
    seen_at: datetime = Field(description="When it was last used, to the minute")
    expires_at: datetime
    current: bool = Field(description="Whether it is the one of this request")


class Sessions(BaseModel):
    """The account's sessions."""

    model_config = example(
        {
            "items": [
                {
                    "id": "0198c5a1-2222-7000-8000-000000000002",
                    "label": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
                    "created_at": AT,
                    "seen_at": AT,
                    "expires_at": "2026-03-31T12:00:00Z",
                    "current": True,
                }
            ]
        }
    )

    items: list[Session] = Field(description="At most 50, those used last first")


class Allowance(BaseModel):
    """How much of something is used."""

    used: float
    limit: int | None = Field(description="Nothing where there is none")


class Usage(BaseModel):
    """What the account uses and may use."""

    model_config = example(
        {
            "stored_bytes": {"used": 1468006400, "limit": 1099511627776},
            "videos_in_flight": {"used": 2, "limit": 1000},
            "minutes_today": {"used": 12.5, "limit": None},
        }
    )

    stored_bytes: Allowance = Field(description="Originals and results")
    videos_in_flight: Allowance = Field(description="Videos uploading, queued or processing")
    minutes_today: Allowance = Field(description="Minutes of video processed on this day (UTC)")


class AccountRemoval(BaseModel):
    """What became of a deleted account."""

    model_config = example({"state": "deleting"})

    state: Literal["deleting"]
