"""From a plan to tasks, and when a stopping worker should still finish one. Pure."""

from carrete.domain.plan import Plan
from carrete.domain.task import NewTask, Priority, TaskKind

PREPARE_WEIGHT = 1.0
AUDIO_SHARE = 0.05
COPY_SHARE = 0.02
FINISH_SHARE = 0.1
"""Work of sound, copy and finish as shares of the picture's, for progress only."""


def media_tasks(plan: Plan) -> tuple[NewTask, ...]:
    """The tasks that can start once the plan is known: every chunk, the sound, and the copy.

    The first chunk and the sound go first, since the stream starts with them.
    """
    seconds = plan.duration_s
    chunks = tuple(
        NewTask(
            TaskKind.ENCODE,
            index=chunk.index,
            priority=Priority.FIRST_SECONDS if chunk.index == 0 else Priority.BULK,
            weight=max(chunk.duration_s, 0.1),
        )
        for chunk in plan.chunks
    )
    first = Priority.FIRST_SECONDS
    sound = NewTask(TaskKind.AUDIO, priority=first, weight=max(seconds * AUDIO_SHARE, 0.1))
    copy = NewTask(
        TaskKind.COPY,
        priority=first if plan.first.copy else Priority.BULK,
        weight=max(seconds * COPY_SHARE, 0.1),
    )
    return (
        *chunks,
        *([sound] if plan.audio is not None else []),
        *([copy] if plan.top.copy else []),
    )


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
