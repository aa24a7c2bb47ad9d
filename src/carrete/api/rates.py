"""How often one account, and one address, may ask: token buckets in this process's memory.

In memory, because a limit that asks the database for every request costs more than most of the
requests that it is to save. With several API processes each allows as much, so that the limit of
all is a multiple of one's: it is there against floods, and quotas (``domain.quota``) against the
rest. ``limits``, the library, has windows and no buckets, and its memory has no bound.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from carrete.api.problems import problem_response
from carrete.domain.failures import CarreteError

MAX_KEYS = 50_000
"""Buckets that are kept; the ones used the longest ago are forgotten, which fills them up."""

CLIENT_FACTOR = 4
"""An address may stand for an office: it gets this many times one account's rate."""

STREAM_COST = 5.0
"""Opening an event stream asks the database and stays; how many may be open is limited apart."""

PLAYLIST_COST = 0.2
"""Players ask for growing playlists again and again, which is how HLS works."""


class RateLimitedError(CarreteError):
    """Too many requests; ``retry_after_s`` whole seconds must pass."""

    def __init__(self, wait_s: float) -> None:
        """Keep how long to wait."""
        self.retry_after_s = math.ceil(wait_s)
        super().__init__(f"too many requests, wait {self.retry_after_s} s")


class TokenBuckets:
    """One bucket for each key: it holds ``burst`` tokens and gains ``per_s`` in a second."""

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start with full buckets.

        Args:
            per_s: tokens a second; 0 for no limit.
            burst: most tokens in a bucket.
            clock: the time, seconds.
        """
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, key: object, cost: float = 1.0) -> float:
        """Take tokens; returns 0 when there were enough, else the seconds until there will be."""
        if not self._per_s:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._per_s)
        enough = tokens >= cost
        self._buckets[key] = (tokens - cost if enough else tokens, now)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (cost - tokens) / self._per_s


def cost_of(path: str) -> float:
    """What a request for this path costs, in tokens."""
    if path == "/api/events":
        return STREAM_COST
    return PLAYLIST_COST if path.endswith(".m3u8") else 1.0


def client_key(address: str) -> str:
    """Whom an address stands for: itself, or the /64 that one IPv6 customer has to spend."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


class RateLimited:
    """Refuses requests for the API from addresses that send too many."""

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        """Surround ``app`` with the buckets of addresses."""
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            address = (scope.get("client") or ("unknown",))[0]
            wait_s = self._buckets.take(client_key(address), cost_of(scope["path"]))
            if wait_s:
                await _refuse(RateLimitedError(wait_s), scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _refuse(error: RateLimitedError, scope: Scope, receive: Receive, send: Send) -> None:
    scope["state"]["problem"] = "rate_limited"
    answer = problem_response(
        "rate_limited",
        str(error),
        scope["state"]["request_id"],
        headers={"Retry-After": str(error.retry_after_s)},
    )
    await answer(scope, receive, send)
