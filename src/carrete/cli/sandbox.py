"""A whole Carrete of one's own for the time of one command, with an account to throw away."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from carrete.client.api import CarreteClient
from carrete.client.retry import PATIENT
from carrete.local.stack import Stack, StackOptions


@asynccontextmanager
async def open_sandbox(options: StackOptions) -> AsyncIterator[tuple[CarreteClient, UUID]]:
    """Start a stack and sign in to it; leaving stops everything and removes all of it.

    Yields:
        A client that is signed in, and the account's id.

    Raises:
        SandboxError: a part of the stack did not start or ended.
    """
    async with (
        Stack(options) as stack,
        _supervised(stack),
        CarreteClient(stack.api_url, retry=PATIENT) as client,
    ):
        email = f"sandbox-{secrets.token_hex(6)}@example.com"
        signed_in = await client.register(email, secrets.token_urlsafe(24))
        client.use_token(signed_in.token)
        yield client, signed_in.account.id


@asynccontextmanager
async def _supervised(stack: Stack) -> AsyncIterator[None]:
    """Keep the stack alive; its end is the end of what is done with it."""
    try:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(stack.supervise())
            yield
            keeper.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
