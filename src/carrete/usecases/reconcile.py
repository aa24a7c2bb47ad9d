"""Put right what crashes and lost messages left behind. One worker at a time does it.

PostgreSQL is the truth (invariant 1): whatever it says waits is rung for again, whatever it says
is dead is removed. Every round is bounded, and may be broken off anywhere.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog

from carrete.domain.failures import TransientError, UnavailableError
from carrete.ports import (
    AbandonedUpload,
    AccountStore,
    MaintenanceStore,
    NotFoundError,
    ObjectStore,
    Queue,
    VideoStore,
)
from carrete.usecases.doorbells import ring

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Rows of each kind that one round takes on."""

KEYS_AT_ONCE = 1000
SILENT_S = 60.0
"""Seconds without a report after which the operator no longer sees a worker."""

ROUND_S = 10.0
"""Seconds that a round may take. A store that hangs must not keep the leader from freeing leases:
the next round, its own or another worker's, begins with them. PostgreSQL may end
the leader's transaction, which stands still meanwhile, before that: then another one leads."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of reconcile did, in numbers."""

    led: bool = False
    freed: int = 0
    given_up: int = 0
    rung: int = 0
    abandoned: int = 0
    swept: int = 0
    events_pruned: int = 0


@dataclass(frozen=True)
class Reconciler:
    """Reconciles with the given ports.

    Attributes:
        resend_s: seconds until a waiting task is rung for again.
        upload_expiry_s: seconds until an upload counts as abandoned.
        sweep_grace_s: seconds until a dead key is deleted a second time.
        event_s: seconds that events are kept.
        round_s: seconds that a round may take.
    """

    videos: VideoStore
    accounts: AccountStore
    maintenance: MaintenanceStore
    objects: ObjectStore
    queue: Queue
    resend_s: float
    upload_expiry_s: float
    sweep_grace_s: float
    event_s: float
    round_s: float = ROUND_S

    async def round(self) -> Round:
        """One bounded round, or nothing when another worker leads.

        Raises:
            TransientError: a service can't be reached; the next round goes on.
        """
        async with self.maintenance.lead() as leading:
            if not leading:
                return Round()
            try:
                async with asyncio.timeout(self.round_s):
                    return await self._lead()
            except TimeoutError as exc:
                msg = f"the round was broken off after {self.round_s:g} s"
                raise UnavailableError(msg) from exc

    async def _lead(self) -> Round:
        freed = await self.maintenance.free_expired(AT_ONCE)
        await ring(self.queue, freed.waiting)
        await self._bury()
        unseen = await self.maintenance.unseen(self.resend_s, AT_ONCE)
        await ring(self.queue, unseen)
        return Round(
            led=True,
            freed=len(freed.waiting),
            given_up=len(freed.given_up),
            rung=len(unseen),
            abandoned=await self._abandoned(),
            swept=await self.sweep(),
            events_pruned=await self._prune(),
        )

    async def _bury(self) -> None:
        """Send the dead letters of failed tasks. Their rows ask for it until one was taken.

        A round that ends in between sends one twice, which a redrive knows as stale.
        """
        for dead in await self.maintenance.unburied(AT_ONCE):
            try:
                await self.queue.bury(dead.bell, dead.reason)
            except TransientError as exc:
                log.warning("a dead letter has to wait", error=str(exc))
                return
            await self.maintenance.letter_sent(dead)

    async def _abandoned(self) -> int:
        found = await self.maintenance.abandoned(self.upload_expiry_s, AT_ONCE)
        for upload in found:
            if not await self._rescue(upload):
                if upload.upload_id is not None:
                    await self.objects.abort_upload(upload.key, upload.upload_id)
                # completed in the very last moment? after the abort it no longer can be
                if not await self._rescue(upload):
                    await self.maintenance.drop_abandoned(upload.video_id)
        return len(found)

    async def _rescue(self, upload: AbandonedUpload) -> bool:
        """An upload whose object is whole was only not acknowledged: process it, lose nothing."""
        head = await self.objects.head(upload.key)
        if head is None or head.size != upload.size_bytes:
            return False
        with suppress(NotFoundError):
            bells = await self.videos.submit(upload.owner_id, upload.video_id, head.etag)
            await ring(self.queue, bells)
        return True

    async def sweep(self) -> int:
        """Delete objects that no live row needs; returns how many keys."""
        keys: Sequence[str] = await self.maintenance.dead_keys(self.sweep_grace_s, KEYS_AT_ONCE)
        if keys:
            await self.objects.delete(keys)
            await self.maintenance.swept(keys, self.sweep_grace_s)
        return len(keys)

    async def _remove_accounts(self) -> None:
        """Delete what is left of accounts that their owners have deleted."""
        left: dict[UUID, list[UUID]] = {}
        for owner, video in await self.maintenance.removed_videos(AT_ONCE):
            left.setdefault(owner, []).append(video)
        for owner, found in left.items():
            _, bells = await self.videos.request_removals(owner, found)
            await ring(self.queue, bells)
        await self.maintenance.forget_accounts(KEYS_AT_ONCE)

    async def _prune(self) -> int:
        await self._remove_accounts()
        await self.maintenance.drop_silent_workers(SILENT_S)
        await self.accounts.prune_accounts()
        return await self.maintenance.prune_events(self.event_s, KEYS_AT_ONCE)
