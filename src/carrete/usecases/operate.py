"""What an admin looks at and changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from carrete.domain.library import Position, Sort
from carrete.domain.quota import OwnQuota
from carrete.domain.speed import speed
from carrete.ports import (
    AccountStore,
    Backlog,
    BuriedTask,
    DeadLetterMessage,
    KnownAccount,
    KnownWorker,
    OperatorStore,
    Queue,
    QueueDepth,
    RunningTask,
    Tally,
)
from carrete.usecases.cursors import read_cursor, write_cursor
from carrete.usecases.dead_letters import list_dead_letters

MAX_RUNNING = 1000
MAX_USERS = 100
MAX_LETTERS = 100
MAX_HOURS = 168
MAX_BUCKETS = 200
_STEPS_S = (60, 300, 900, 1800, 3600)
"""Lengths of a stretch that people can name: a minute to an hour."""


@dataclass(frozen=True, slots=True)
class TaskAtWork:
    """A running task and its speed, seconds of video in one second, where that is known."""

    task: RunningTask
    speed: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The system at this moment; ``tasks`` by the worker that runs them."""

    depth: QueueDepth
    backlog: Backlog
    workers: Sequence[KnownWorker]
    tasks: dict[str, list[TaskAtWork]]


@dataclass(frozen=True, slots=True)
class History:
    """What happened, by stretches of ``bucket_s`` seconds, without a gap."""

    bucket_s: int
    buckets: Sequence[Tally]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter and what the rows say of its task, if it is still there."""

    message: DeadLetterMessage
    task: BuriedTask | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some accounts; ``after`` leads to the next ones, if there are."""

    accounts: Sequence[KnownAccount]
    after: str | None


async def overview(*, now: datetime, operator: OperatorStore, queue: Queue) -> Overview:
    """The queues, the tasks that wait, and who runs what."""
    tasks: dict[str, list[TaskAtWork]] = {}
    for task in await operator.running_tasks(MAX_RUNNING):
        fast = speed(task.seconds, task.progress, task.started_at, now)
        tasks.setdefault(task.worker, []).append(TaskAtWork(task, fast))
    return Overview(await queue.depth(), await operator.backlog(), await operator.workers(), tasks)


async def history(hours: int, *, now: datetime, operator: OperatorStore) -> History:
    """What happened in the last hours, in at most ``MAX_BUCKETS`` stretches."""
    bucket_s = bucket_for(hours)
    first = int(now.timestamp()) // bucket_s * bucket_s - (hours * 3600 - bucket_s)
    since = datetime.fromtimestamp(first, UTC)
    found = {tally.at: tally for tally in await operator.history(since, bucket_s)}
    times = [since + timedelta(seconds=n * bucket_s) for n in range(hours * 3600 // bucket_s)]
    return History(bucket_s, [found.get(at, Tally(at)) for at in times])


def bucket_for(hours: int) -> int:
    """The shortest length of a stretch, seconds, with which so many hours are few enough."""
    return next(step for step in _STEPS_S if hours * 3600 / step <= MAX_BUCKETS)


async def dead_letters(limit: int, *, operator: OperatorStore, queue: Queue) -> list[DeadLetter]:
    """Tasks that could not be done; they stay where they are."""
    found = await list_dead_letters(queue, limit)
    rows = await operator.buried([one.task_id for one in found if one.task_id is not None])
    return [
        DeadLetter(one, None if one.task_id is None else rows.get(one.task_id)) for one in found
    ]


async def list_accounts(
    text: str, cursor: str | None, limit: int, *, operator: OperatorStore
) -> AccountPage:
    """Accounts by address, a page at a time.

    Raises:
        InvalidCursorError: the cursor is not one of this list.
    """
    after = read_cursor("users", cursor, Sort.NAME.takes)
    size = max(1, min(limit, MAX_USERS))
    found = await operator.accounts(text, after, size + 1)
    page, more = found[:size], len(found) > size
    last = page[-1].account if more else None
    return AccountPage(page, write_cursor("users", Position(last.email, last.id)) if last else None)


async def limit_account(
    account_id: UUID,
    quota: OwnQuota | None,
    *,
    accounts: AccountStore,
    operator: OperatorStore,
) -> KnownAccount:
    """Replace the limits that are an account's own, if any are given.

    Raises:
        NotFoundError: there is no such account.
    """
    if quota is not None:
        await accounts.set_quota(account_id, quota)
    return await operator.account(account_id)
