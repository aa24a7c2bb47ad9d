"""Bytes to and from the object store, by the leave that the API gave. No token is sent there."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx

from carrete.client.errors import TransferError
from carrete.client.models import SignedPart
from carrete.domain.upload import MIB

SLICE: Final = MIB
"""Bytes that are handed to the connection at a time: small enough for a progress bar to move on a
slow line and for a stalled write to be noticed, large enough to cost nothing (measured: 64 KiB and
256 KiB are 4 to 8 % slower; one write of 8 MiB is slower still)."""

STALL_S = 60.0
"""Seconds in which one slice has to go out, or the store has to answer."""

EXPIRED = frozenset({401, 403})
"""The leave has run out (or the clock is wrong): ask for a new one."""

PASSING = frozenset({400, 408, 409, 425, 429, 500, 502, 503, 504})
"""What trying again helps against. 400 is here for ``BadDigest`` and ``RequestTimeout``: the bytes
were damaged or cut on the way."""

LIMITS = httpx.Timeout(STALL_S, connect=10.0)

CountSink = Callable[[int], None]
"""Takes how many bytes more have gone."""


class RefusedError(TransferError):
    """One attempt failed.

    Attributes:
        passing: whether another attempt may succeed.
        expired: whether it needs a new leave.
    """

    def __init__(self, reason: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(reason, status=status, code=code)
        self.expired = status in EXPIRED
        gone = code == "NoSuchUpload"
        self.passing = not gone and (status == 0 or self.expired or status in PASSING)


async def put_part(
    store: httpx.AsyncClient, leave: SignedPart, body: bytes, on_sent: CountSink
) -> None:
    """PUT one part, once.

    Args:
        store: client for the object store.
        leave: where to, and with which headers.
        body: all of the part.
        on_sent: told of each slice that was handed to the connection.

    Raises:
        RefusedError: it was not stored.
    """
    headers = httpx.Headers(leave.headers)
    # A body that is made piece by piece says no length by itself.
    headers["Content-Length"] = str(len(body))
    content = _slices(body, on_sent)
    try:
        response = await store.put(leave.url, content=content, headers=headers, timeout=LIMITS)
    except httpx.TransportError as exc:
        raise RefusedError(str(exc) or type(exc).__name__) from exc
    if not response.is_success:
        raise refusal(response)


async def _slices(body: bytes, on_sent: CountSink) -> AsyncIterator[bytes]:
    view = memoryview(body)
    for start in range(0, len(body), SLICE):
        piece = view[start : start + SLICE]
        # httpx hands it on as it is, and any buffer will do there: no copy is made.
        yield piece  # type: ignore[misc]
        on_sent(len(piece))


def refusal(response: httpx.Response) -> RefusedError:
    """The error in an answer of S3, whose body has been read."""
    text = response.text[:2000]
    code = re.search(r"<Code>([^<]{1,100})</Code>", text)
    message = re.search(r"<Message>([^<]{1,300})</Message>", text)
    named = code[1] if code else ""
    said = message[1] if message else response.reason_phrase
    return RefusedError(
        f"the store answered {response.status_code} {named}: {said}",
        status=response.status_code,
        code=named,
    )
