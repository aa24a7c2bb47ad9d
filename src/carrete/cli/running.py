"""Run a command's coroutine so that every way of stopping it is an orderly one."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from carrete.cli.exits import ExitCode

T = TypeVar("T")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

IMPATIENCE = 3
"""The signal that ends the process at once. The second is ignored: what runs then is bounded."""


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or until Ctrl-C, SIGTERM or a closed terminal cancels it.

    Raises:
        KeyboardInterrupt: it was stopped and has cleaned up behind itself.
    """
    with asyncio.Runner() as runner:
        return runner.run(_stoppable(main))


async def _stoppable(main: Coroutine[Any, Any, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    signals = 0

    def stop() -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            task.cancel()
        elif signals >= IMPATIENCE:
            # The sandbox's janitor and the upload records outlive us.
            os._exit(ExitCode.INTERRUPTED)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        return await main
    except asyncio.CancelledError:
        if signals:
            raise KeyboardInterrupt from None
        raise
