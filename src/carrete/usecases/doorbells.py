"""Ringing for tasks that were committed."""

from collections.abc import Sequence

import structlog

from carrete.domain.failures import TransientError
from carrete.ports import Doorbell, Queue


async def ring(queue: Queue, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
    """Ring for tasks whose rows are committed already; a queue that is out of reach is no error.

    What was asked for has happened by now: PostgreSQL holds the tasks, and ``reconcile`` rings
    again for every task that waits unheard. Failing the request instead would tell its sender
    that nothing happened, which is wrong.

    Args:
        queue: to ring.
        bells: one for each task.
        delay_s: seconds until a worker may hear it.
    """
    if not bells:
        return
    try:
        await queue.ring(bells, delay_s)
    except TransientError as exc:
        structlog.get_logger().warning(
            "doorbell lost, reconcile will ring again",
            tasks=[str(bell.task_id) for bell in bells[:10]],
            error=str(exc),
        )
