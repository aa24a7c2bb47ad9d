"""How fast work goes: seconds of video made in one second."""

from datetime import datetime

MIN_PROGRESS = 0.02
"""Fraction of a running task from which its speed says something."""


def speed(
    seconds: float | None, done: float, started_at: datetime | None, until: datetime
) -> float | None:
    """Seconds of video made in one second; ``None`` when not known.

    Args:
        seconds: of video that the whole task makes, if it makes any.
        done: fraction of it that is done.
        started_at: when the attempt began.
        until: when so much was done.
    """
    if seconds is None or started_at is None or done < MIN_PROGRESS:
        return None
    elapsed = (until - started_at).total_seconds()
    # the clocks of two machines: what seems to have taken no time is not known
    return seconds * done / elapsed if elapsed > 0 else None
