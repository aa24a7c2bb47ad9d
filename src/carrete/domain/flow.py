"""From a plan to tasks, and when a stopping worker should still finish one. Pure."""

from carrete.domain.plan import Plan
from carrete.domain.task import NewTask, Priority, TaskKind

PREPARE_WEIGHT = 1.0
AUDIO_SHARE = 0.05
FINISH_SHARE = 0.1
"""Work of sound and finish as shares of the picture's, for progress only."""


def media_tasks(plan: Plan) -> tuple[NewTask, ...]:
    """The tasks that can start once the plan is known, in the order in which they are best made.

    What the first seconds need goes first. Of long sound the first chunk's task makes the head, so
    that the rest of it can wait for that; short sound takes a second and goes ahead of everything.
    """
    chunks = tuple(
        NewTask(
            TaskKind.ENCODE,
            index=chunk.index,
            priority=Priority.FIRST_SECONDS if chunk.index == 0 else Priority.BULK,
            weight=max(chunk.duration_s, 0.1),
        )
        for chunk in plan.chunks
    )
    if plan.audio is None or not plan.audio.apart:
        return chunks
    sound = NewTask(
        TaskKind.AUDIO,
        priority=Priority.FIRST_SECONDS,
        weight=max(plan.duration_s * AUDIO_SHARE, 0.1),
    )
    return (chunks[0], sound, *chunks[1:]) if plan.audio.head_s else (sound, *chunks)


def finish_task(plan: Plan) -> NewTask:
    """The last task of a job."""
    return NewTask(TaskKind.FINISH, weight=max(plan.duration_s * FINISH_SHARE, 0.1))


def total_weight(plan: Plan) -> float:
    """The weights of all tasks of the job together."""
    media = sum(task.weight for task in media_tasks(plan))
    return PREPARE_WEIGHT + media + finish_task(plan).weight


def worth_finishing(progress: float, elapsed_s: float, grace_s: float) -> bool:
    """Whether a running task will likely be done within ``grace_s`` seconds from now.

    Args:
        progress: fraction done, 0 to 1.
        elapsed_s: seconds since it started.
        grace_s: seconds that the stopping worker may still take.
    """
    if progress <= 0:
        return False
    return elapsed_s * (1 - progress) / progress <= grace_s
