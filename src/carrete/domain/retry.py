"""What to do when a task fails: one pure decision, made in one place (invariant 7)."""

from dataclasses import dataclass
from typing import TypeAlias

from carrete.domain.failures import (
    FailureCode,
    InvalidInputError,
    ShortcutFailedError,
    TransientError,
    UnavailableError,
)

MAX_FAILURES = 5
"""A task that failed or was lost this often is given up."""

MAX_BUG_FAILURES = 2
"""An error that nobody foresaw is tried once more, in case it was a passing one."""

LONGEST_OUTAGE_S = 6 * 3600.0
"""Seconds for which a task waits out an outage; what is out of reach for longer counts as failures.
The longest outages of S3 in a region so far lasted four to five hours."""

OUTAGE_SHARE = 0.1
LONGEST_OUTAGE_DELAY_S = 60.0

FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after ``delay_s`` seconds."""

    delay_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class WaitOut:
    """Try again after ``delay_s`` seconds, without counting it as a failure of the task."""

    delay_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Make the whole job anew, without the shortcut that was taken."""

    detail: str


@dataclass(frozen=True, slots=True)
class Reject:
    """The source is at fault: the video fails with ``code``, for good."""

    code: FailureCode
    detail: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The video fails with ``code`` and the operator's dead-letter queue gets the task."""

    code: FailureCode
    detail: str


Decision: TypeAlias = Retry | WaitOut | Restart | Reject | DeadLetter


def backoff_s(failures: int) -> float:
    """Seconds to wait after the given number of failures: doubling, bounded.

    There is no random part: tasks fail one by one, and the claim spreads them anyway.
    """
    return float(min(FIRST_DELAY_S * 2 ** min(max(failures - 1, 0), 20), LONGEST_DELAY_S))


def outage_delay_s(age_s: float) -> float:
    """Seconds to wait out an outage: ever longer, as the task grows older, and bounded."""
    return float(min(max(age_s * OUTAGE_SHARE, FIRST_DELAY_S), LONGEST_OUTAGE_DELAY_S))


def decide(error: BaseException, failures_before: int, age_s: float = 0.0) -> Decision:
    """Decide what a failed attempt leads to.

    Args:
        error: what ended the attempt.
        failures_before: how often the task had failed or been lost before.
        age_s: seconds since the task was made.
    """
    detail = describe(error)
    if isinstance(error, InvalidInputError):
        return Reject(error.code, error.detail)
    if isinstance(error, ShortcutFailedError):
        return Restart(detail)
    if isinstance(error, UnavailableError) and age_s < LONGEST_OUTAGE_S:
        return WaitOut(outage_delay_s(age_s), detail)
    return _count(error, failures_before + 1, detail)


def _count(error: BaseException, failures: int, detail: str) -> Decision:
    """What a failure that counts leads to."""
    passing = isinstance(error, TransientError)
    if failures < (MAX_FAILURES if passing else MAX_BUG_FAILURES):
        return Retry(backoff_s(failures), detail)
    return DeadLetter(FailureCode.GAVE_UP if passing else FailureCode.INTERNAL, detail)


def describe(error: BaseException, limit: int = 2000) -> str:
    """One bounded text for logs and the operator: the error's type, and the end of its message."""
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= limit else f"{text[:200]} … {text[-(limit - 203) :]}"
