"""``carrete gc``: compare the whole bucket with the rows, and remove what no row points at.

The running system never lists the bucket: it writes keys down before it stores anything, and
``reconcile`` sweeps by rows. This is the operator's proof that nothing is left over.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from carrete.ports import MaintenanceStore, ObjectHead, ObjectStore, OpenUpload

BATCH = 500
LISTED = 1000
"""Orphans that a report names; the rest is counted."""

PREFIXES = ("input/", "output/")

T = TypeVar("T")


@dataclass
class GarbageReport:
    """What was found, and removed unless it was a dry run.

    Attributes:
        seen: objects looked at.
        orphans: objects that no row points at.
        orphan_bytes: their bytes.
        uploads: open multipart uploads that no row points at.
        swept: keys that rows said were dead.
        keys: the first orphans by name.
    """

    seen: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    uploads: int = 0
    swept: int = 0
    keys: list[str] = field(default_factory=list)


async def collect_garbage(
    maintenance: MaintenanceStore,
    objects: ObjectStore,
    *,
    min_age_s: float,
    sweep_grace_s: float,
    dry_run: bool,
) -> GarbageReport:
    """Find what no row points at, and remove it.

    Args:
        maintenance: the rows.
        objects: the bucket.
        min_age_s: younger objects and uploads are left alone: their row may be on its way.
        sweep_grace_s: see ``MaintenanceStore.dead_keys``.
        dry_run: only report.
    """
    report = GarbageReport()
    if not dry_run:
        while keys := await maintenance.dead_keys(sweep_grace_s, BATCH):
            await objects.delete(keys)
            await maintenance.swept(keys, sweep_grace_s)
            report.swept += len(keys)
    before = datetime.now(UTC) - timedelta(seconds=min_age_s)
    for prefix in PREFIXES:
        async for heads in _batches(objects.list(prefix)):
            await _objects(heads, before, maintenance, objects, report, dry_run=dry_run)
        async for uploads in _batches(objects.list_uploads(prefix)):
            await _uploads(uploads, before, maintenance, objects, report, dry_run=dry_run)
    return report


async def _objects(
    heads: Sequence[ObjectHead],
    before: datetime,
    maintenance: MaintenanceStore,
    objects: ObjectStore,
    report: GarbageReport,
    *,
    dry_run: bool,
) -> None:
    known = await maintenance.known_keys([head.key for head in heads])
    orphans = [head for head in heads if head.key not in known and head.modified < before]
    report.seen += len(heads)
    report.orphans += len(orphans)
    report.orphan_bytes += sum(head.size for head in orphans)
    report.keys += [head.key for head in orphans][: LISTED - len(report.keys)]
    if orphans and not dry_run:
        await objects.delete([head.key for head in orphans])


async def _uploads(
    uploads: Sequence[OpenUpload],
    before: datetime,
    maintenance: MaintenanceStore,
    objects: ObjectStore,
    report: GarbageReport,
    *,
    dry_run: bool,
) -> None:
    known = await maintenance.known_uploads([upload.upload_id for upload in uploads])
    for upload in uploads:
        if upload.upload_id not in known and upload.initiated < before:
            report.uploads += 1
            if not dry_run:
                await objects.abort_upload(upload.key, upload.upload_id)


async def _batches(items: AsyncIterator[T]) -> AsyncIterator[list[T]]:
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
