"""Identifiers: UUID version 7, which sort by the time they were made (RFC 9562, section 5.7)."""

import secrets
import time
from uuid import UUID


def new_id(now_ms: int | None = None) -> UUID:
    """A new UUIDv7.

    Ids made in order sort in order to the millisecond, so they serve as page cursors and keep
    B-tree inserts local.

    Args:
        now_ms: milliseconds since the Unix epoch; the current time when not given.
    """
    stamp = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (stamp & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)
