"""How soon the work of a worker that was lost ran elsewhere, by the database's own clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.audit.base import Row
from chaos.ledger import Loss
from chaos.world import World


@dataclass(frozen=True, slots=True)
class Recovery:
    """A loss and what became of it.

    Attributes:
        after_loss_s: seconds from the loss until the task ran again.
        after_lease_s: seconds from the end of the lease until then; negative when it was given
            back before. How long it waited for its turn among other work is in it.
        freed_s: seconds from the end of the lease until the task could be claimed again, which
            depends on nothing but the leader; ``None`` when it was given back.
    """

    loss: Loss
    after_loss_s: float
    after_lease_s: float
    freed_s: float | None


HELD = b"""
SELECT video_id, kind, index, attempt, now() AS at, lease_until FROM task
WHERE state = 'running' AND split_part(reverse(worker), '-', 2) = reverse(%s)
"""


async def held_by(world: World, fault: str, pid: int) -> list[Loss]:
    """The tasks that the worker of a pid holds; ask when it has stopped."""
    async with world.database() as connection:
        rows = await (await connection.execute(HELD, [str(pid)])).fetchall()
    return [Loss(fault=fault, **row) for row in rows]  # type: ignore[arg-type]


def recoveries(losses: Sequence[Loss], events: Sequence[Row]) -> Iterator[Recovery]:
    """What became of each loss. Pure; those whose video was canceled meanwhile have none."""
    for loss in losses:
        mine = [row for row in events if _is_of(loss, row)]
        again = [
            row["at"]
            for row in mine
            if row["type"] == "task.running" and row["data"]["attempt"] > loss.attempt
        ]
        freed = [
            (row["at"] - loss.lease_until).total_seconds()
            for row in mine
            if row["type"] == "task.lost" and row["data"]["attempt"] == loss.attempt
        ]
        if again:
            yield Recovery(
                loss,
                (again[0] - loss.at).total_seconds(),
                (again[0] - loss.lease_until).total_seconds(),
                freed[0] if freed else None,
            )


def _is_of(loss: Loss, row: Row) -> bool:
    data = row["data"]
    return bool(
        row["video_id"] == loss.video_id
        and (data.get("kind"), data.get("index")) == (loss.kind, loss.index)
    )
