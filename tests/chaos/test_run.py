"""A short run of the whole campaign, as ``make chaos`` does it."""

import asyncio
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

CHECKOUT = Path(__file__).parents[2]
SEED = 7
SECONDS = 60


async def test_nothing_is_lost_whatever_goes_wrong() -> None:
    # A process of its own: it gives itself mounts of its own, for a disk that can be filled.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chaos", "--seed", str(SEED), "--seconds", str(SECONDS)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, out.decode()
    assert b"nothing was lost" in out
