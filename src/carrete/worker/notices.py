"""Drain when the machine is about to be taken away, as on SIGTERM."""

import asyncio
from contextlib import suppress

import structlog

from carrete.domain.failures import TransientError
from carrete.ports import Notices

log = structlog.get_logger(__name__)


async def told_to_go(notices: Notices) -> bool:
    """Whether there is a notice now; who can't be asked gives none."""
    try:
        notice = await notices.pending()
    except TransientError as exc:
        log.warning("nobody could say whether this machine stays", error=str(exc))
        return False
    if notice is not None:
        log.warning("this machine is about to be taken away", notice=notice)
    return notice is not None


async def watch_notices(notices: Notices, stopping: asyncio.Event, poll_s: float) -> None:
    """Set ``stopping`` at the first notice; ends when it is set by whomever."""
    while not stopping.is_set():
        if await told_to_go(notices):
            stopping.set()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(poll_s):
                await stopping.wait()
