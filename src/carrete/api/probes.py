"""Readiness and queue metrics: asked by machines, often, so answered from a short memory."""

import asyncio
import time
from collections.abc import Awaitable
from uuid import UUID

import structlog

from carrete.bootstrap import Container
from carrete.domain.failures import CarreteError
from carrete.metrics import QueueMetrics

READY_TTL_S = 1.0
COUNTS_TTL_S = 5.0
CHECK_S = 5.0
"""Seconds in which each service must answer."""

_NOBODY = UUID(int=0)


class Probes:
    """Asks the services at most once in a while, however often it is asked itself."""

    def __init__(self, container: Container, queue_metrics: QueueMetrics) -> None:
        self._container = container
        self._metrics = queue_metrics
        self._ready: tuple[float, dict[str, str]] = (0.0, {})
        self._counted = 0.0
        self._lock = asyncio.Lock()

    async def ready(self) -> dict[str, str]:
        """``ok`` or ``unavailable`` for the database, the objects and the queue."""
        async with self._lock:
            until, checks = self._ready
            if time.monotonic() < until:
                return checks
            parts = self._container
            results = await asyncio.gather(
                _check("database", parts.events.last_event_id(_NOBODY)),
                _check("objects", parts.objects.check()),
                _check("queue", parts.queue.check()),
            )
            checks = dict(results)
            self._ready = (time.monotonic() + READY_TTL_S, checks)
            return checks

    async def refresh_counts(self) -> None:
        """Bring the queue's gauges up to date unless they are; old ones stay when that fails."""
        async with self._lock:
            if time.monotonic() < self._counted:
                return
            self._counted = time.monotonic() + COUNTS_TTL_S
            try:
                async with asyncio.timeout(CHECK_S):
                    self._metrics.update(await self._container.maintenance.counts())
            except (CarreteError, TimeoutError) as exc:
                structlog.get_logger().warning("the queue could not be counted", error=str(exc))


async def _check(name: str, question: Awaitable[object]) -> tuple[str, str]:
    try:
        async with asyncio.timeout(CHECK_S):
            await question
    except (CarreteError, TimeoutError) as exc:
        # The reason names hosts, and whoever asks need not be signed in: it goes to the log.
        structlog.get_logger().warning("not ready", part=name, error=str(exc) or "timed out")
        return name, "unavailable"
    return name, "ok"
