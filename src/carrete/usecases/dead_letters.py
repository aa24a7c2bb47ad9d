"""The operator's view of tasks that could not be done, and their way back to work."""

from collections.abc import Collection
from uuid import UUID

from carrete.ports import DeadLetterMessage, JobStore, Queue
from carrete.usecases.doorbells import ring

LOOK_S = 5.0
"""Seconds that a dead letter is hidden from other readers while it is looked at."""

REDRIVE_S = 60.0


async def list_dead_letters(queue: Queue, limit: int) -> list[DeadLetterMessage]:
    """Up to ``limit`` dead letters; they stay where they are."""
    return await queue.dead_letters(limit, LOOK_S)


async def redrive(
    queue: Queue, jobs: JobStore, *, only: Collection[UUID] = (), limit: int = 1000
) -> tuple[int, int]:
    """Send dead letters back to work.

    Args:
        queue: both queues.
        jobs: the tasks.
        only: the tasks to send back; all of them when empty.
        limit: most dead letters to look at.

    Returns:
        How many tasks wait again, and how many dead letters had nothing to send back (their video
        was deleted or reprocessed meanwhile).
    """
    revived = stale = 0
    for letter in await queue.dead_letters(limit, REDRIVE_S):
        if only and letter.task_id not in only:
            continue
        bells = await jobs.redrive(letter.task_id) if letter.task_id else ()
        # the rows are committed: ring, then forget the letter
        await ring(queue, bells)
        await queue.delete_dead_letter(letter.message)
        revived, stale = (revived + 1, stale) if bells else (revived, stale + 1)
    return revived, stale
