"""What one account may use at most, and what it uses."""

from dataclasses import dataclass
from enum import StrEnum

from carrete.domain.failures import CarreteError


class QuotaKind(StrEnum):
    """What is limited."""

    STORED_BYTES = "stored_bytes"
    VIDEOS_IN_FLIGHT = "videos_in_flight"
    MINUTES_TODAY = "minutes_today"


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits; 0 means none.

    Attributes:
        stored_bytes: originals and results together.
        videos_in_flight: that are uploading, queued or processing.
        minutes_per_day: of video that is processed on one day (UTC).
    """

    stored_bytes: int = 0
    videos_in_flight: int = 0
    minutes_per_day: int = 0


NO_QUOTA = Quota()


@dataclass(frozen=True, slots=True)
class OwnQuota:
    """Limits of one account alone; ``None`` where the system's holds, 0 where none does."""

    stored_bytes: int | None = None
    videos_in_flight: int | None = None
    minutes_per_day: int | None = None

    def over(self, common: Quota) -> Quota:
        """The limits that hold for the account."""
        return Quota(
            common.stored_bytes if self.stored_bytes is None else self.stored_bytes,
            common.videos_in_flight if self.videos_in_flight is None else self.videos_in_flight,
            common.minutes_per_day if self.minutes_per_day is None else self.minutes_per_day,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account uses; ``minutes_today`` of the present day (UTC)."""

    stored_bytes: int = 0
    videos_in_flight: int = 0
    minutes_today: float = 0.0


class QuotaExceededError(CarreteError):
    """The account has used up what it may use.

    Attributes:
        used: of it, what was asked for included where that is known.
        limit: most that may be used.
    """

    def __init__(self, kind: QuotaKind, used: float, limit: int) -> None:
        """Keep what was asked for and what is allowed."""
        super().__init__(f"{kind}: {used:g} of at most {limit}")
        self.kind = kind
        self.used = used
        self.limit = limit


def check_new_video(after: Usage, quota: Quota) -> None:
    """Whether one more video may be begun.

    Args:
        after: what is used with the new video.
        quota: what may be used.

    Raises:
        QuotaExceededError: it is too much.
    """
    if quota.stored_bytes and after.stored_bytes > quota.stored_bytes:
        raise QuotaExceededError(QuotaKind.STORED_BYTES, after.stored_bytes, quota.stored_bytes)
    if quota.videos_in_flight and after.videos_in_flight > quota.videos_in_flight:
        raise QuotaExceededError(
            QuotaKind.VIDEOS_IN_FLIGHT, after.videos_in_flight, quota.videos_in_flight
        )
    # a new video has no known length: that it fits is seen when it has been looked at
    if quota.minutes_per_day and after.minutes_today >= quota.minutes_per_day:
        raise QuotaExceededError(
            QuotaKind.MINUTES_TODAY, after.minutes_today, quota.minutes_per_day
        )
