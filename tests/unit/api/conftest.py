from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher
from tests.unit.api.memory_api import MemoryApi, open_api

from carrete.usecases import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As cheap as Argon2 gets: what is tested here is not its strength."""
    monkeypatch.setattr(passwords, "PasswordHasher", lambda: PasswordHasher(1, 8, 1))


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged meanwhile."""
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        yield lines


@pytest.fixture
async def api(logged: list[MutableMapping[str, Any]]) -> AsyncIterator[MemoryApi]:
    async with open_api() as opened:
        yield opened
