"""When a failed call is made again, and how long to wait before: bounded in every direction."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a client is.

    Attributes:
        attempts: calls in all, the first one included.
        first_s: seconds before the second attempt; doubled for each one after it.
        longest_s: upper bound of that.
        longest_ask_s: how much of a server's ``Retry-After`` is obeyed, in seconds.
    """

    attempts: int = 4
    first_s: float = 0.25
    longest_s: float = 10.0
    longest_ask_s: float = 60.0

    def delay_s(
        self, failures: int, *, asked_s: float | None = None, jitter: float | None = None
    ) -> float | None:
        """Seconds to wait after ``failures`` failures in a row, or ``None`` to give up.

        Args:
            failures: at least 1.
            asked_s: what the server asked for; never waits less than the server asks, up to
                ``longest_ask_s``.
            jitter: fraction from 0 to 1 that spreads clients which failed together; random when
                not given. The wait is between a half and the whole of the doubled value.
        """
        if failures >= self.attempts:
            return None
        whole = min(self.first_s * 2.0 ** (failures - 1), self.longest_s)
        spread = random.random() if jitter is None else jitter  # noqa: S311 - no secret
        own = whole * (1 + spread) / 2
        return max(own, min(asked_s or 0.0, self.longest_ask_s))


PROMPT = RetryPolicy()
"""For calls that a person waits for: two seconds, then an answer."""

PATIENT = RetryPolicy(attempts=9)
"""For long work that should outlive a restart of the server: about a minute."""
