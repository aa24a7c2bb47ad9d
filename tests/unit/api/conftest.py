from collections.abc import AsyncIterator

import pytest
from tests.unit.api.memory_api import MemoryApi, open_api


@pytest.fixture
async def api() -> AsyncIterator[MemoryApi]:
    async with open_api() as opened:
        yield opened
