"""A cancellation that a driver's own error hides must still end the task that was canceled."""

import asyncio


def end_if_canceled(error: BaseException) -> None:
    """Go on being canceled, where ``error`` came while a canceled call was being cleaned up.

    psycopg cancels the query before it lets a cancellation through; a connection that breaks just
    then gives its own error instead. Taken for a passing fault, it would have whoever tries again
    on those go on for ever, after all that wait for their end.

    Raises:
        CancelledError: the current task was asked to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
