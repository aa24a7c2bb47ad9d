"""Hashing and checking passwords with Argon2id, off the event loop and a few at a time."""

import asyncio
import secrets
import unicodedata
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Hashes computed at the same time. Each takes 64 MiB and most of a core for about 50 ms (the
low-memory profile of RFC 9106), so that a burst of sign-ins waits instead of starving the rest."""


class Passwords:
    """Argon2id with bounded concurrency."""

    def __init__(self, hasher: PasswordHasher, dummy: str) -> None:
        """Use ``hasher``; ``dummy`` is a hash of its making that no password fits."""
        self._hasher = hasher
        self._dummy = dummy
        self._slots = asyncio.Semaphore(AT_ONCE)

    @classmethod
    async def create(cls, hasher: PasswordHasher | None = None) -> Self:
        """Prepare, which takes as long as hashing one password."""
        chosen = hasher or PasswordHasher()
        dummy = await asyncio.to_thread(chosen.hash, secrets.token_urlsafe())
        return cls(chosen, dummy)

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; takes the same time when there is nothing to compare with.

        Args:
            stored: the stored hash, or ``None`` when the address has no account: then a dummy is
                checked, so that the time of the answer does not tell which addresses exist.
            password: as typed.
        """
        async with self._slots:
            return await asyncio.to_thread(self._verify, stored or self._dummy, password)

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than those in use now."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """One form for what different keyboards send as different code points (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)
