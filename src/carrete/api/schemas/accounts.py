"""Accounts and sessions on the wire."""

from datetime import datetime
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
