"""Videos as their owners see and change them, in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from carrete.adapters.postgres import changes, library, quotas, rows
from carrete.adapters.postgres.engine import Database, Transaction
from carrete.domain.artifacts import ArtifactKind
from carrete.domain.library import Position, VideoQuery
from carrete.domain.quota import NO_QUOTA, Quota
from carrete.domain.video import IN_WORK, REPROCESSABLE, InvalidStateError, Video, VideoState
from carrete.ports import (
    Artifact,
    ChunkSize,
    Doorbell,
    IdempotencyConflictError,
    JobDetail,
    NewVideo,
    Results,
)


class PostgresVideos:
    """Conforms to ``ports.VideoStore``."""

    def __init__(self, database: Database, quota: Quota = NO_QUOTA) -> None:
        """Keep the pool, and the limits of accounts that have none of their own."""
        self._db = database
        self._quota = quota

    async def create_video(
        self, new: NewVideo, idempotency_key: str | None, request_hash: bytes
    ) -> tuple[Video, bool]:
        """See the port."""
        async with self._db.transaction() as tx:
            quota = await quotas.lock(tx, new.owner_id, self._quota)
            row = await tx.row(
                "INSERT INTO video (id, owner_id, name, extension, content_type, size_bytes,"
                " part_size, profile, state, idempotency_key, request_hash)"
                " VALUES (:id, :owner, :name, :extension, :type, :size, :part, :profile,"
                " 'uploading', :key, :hash)"
                " ON CONFLICT (owner_id, idempotency_key) DO NOTHING RETURNING id",
                id=new.id,
                owner=new.owner_id,
                name=new.name,
                extension=new.extension,
                type=new.content_type,
                size=new.size_bytes,
                part=new.part_size,
                profile=new.profile,
                key=idempotency_key,
                hash=request_hash,
            )
            if row is not None:
                await quotas.admit(tx, new.owner_id, quota)
                tx.note(new.owner_id, new.id, "video.uploading", name=new.name)
                return await _read(tx, new.owner_id, new.id), True
            found = await tx.row(
                "SELECT id, request_hash, state FROM video"
                " WHERE owner_id = :owner AND idempotency_key = :key",
                owner=new.owner_id,
                key=idempotency_key,
            )
            if found is None or bytes(found.request_hash) != request_hash:
                msg = "this Idempotency-Key was used with another request"
                raise IdempotencyConflictError(msg)
            return await _read(tx, new.owner_id, found.id), False

    async def set_upload(self, owner_id: UUID, video_id: UUID, upload_id: str) -> str:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await changes.lock_video(tx, owner_id, video_id)
            if row.upload_id is not None or row.state != VideoState.UPLOADING:
                return str(row.upload_id or "")
            await tx.rows(
                "UPDATE video SET upload_id = :upload, updated_at = now() WHERE id = :id",
                upload=upload_id,
                id=video_id,
            )
            return upload_id

    async def touch(self, owner_id: UUID, video_id: UUID) -> None:
        """See the port."""
        async with self._db.transaction() as tx:
            await tx.rows(
                "UPDATE video SET updated_at = now() WHERE id = :id AND owner_id = :owner"
                " AND state = 'uploading'",
                id=video_id,
                owner=owner_id,
            )

    async def video(self, owner_id: UUID, video_id: UUID) -> Video:
        """See the port."""
        async with self._db.transaction() as tx:
            return await _read(tx, owner_id, video_id)

    async def videos(
        self,
        owner_id: UUID,
        query: VideoQuery = VideoQuery(),  # noqa: B008 - frozen
        *,
        after: Position | None = None,
        limit: int,
    ) -> list[Video]:
        """See the port."""
        sql, values = library.listing(owner_id, query, after, limit)
        async with self._db.transaction() as tx:
            found = await tx.rows(sql, **values)
        return [rows.to_video(row) for row in found]

    async def count_by_state(self, owner_id: UUID, text: str = "") -> dict[VideoState, int]:
        """See the port."""
        where, values = library.where(owner_id, VideoQuery(text=text))
        async with self._db.transaction() as tx:
            found = await tx.rows(
                f"SELECT v.state, count(*) AS n FROM video v WHERE {where} GROUP BY v.state",  # noqa: S608
                **values,
            )
        return {VideoState(row.state): row.n for row in found}

    async def rename(self, owner_id: UUID, video_id: UUID, name: str) -> Video:
        """See the port."""
        async with self._db.transaction() as tx:
            await changes.lock_video(tx, owner_id, video_id)
            await tx.rows(
                "UPDATE video SET name = :name, updated_at = now() WHERE id = :id",
                name=name,
                id=video_id,
            )
            tx.note(owner_id, video_id, "video.renamed", name=name)
            return await _read(tx, owner_id, video_id)

    async def submit(self, owner_id: UUID, video_id: UUID, etag: str | None) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await changes.lock_video(tx, owner_id, video_id)
            if row.state != VideoState.UPLOADING:
                return ()
            first = changes.first_task()
            job, bells = await changes.open_job(tx, owner_id, video_id, row.profile, first)
            await changes.set_state(
                tx,
                owner_id,
                video_id,
                VideoState.QUEUED,
                set_also=", job_id = :job, upload_id = NULL, uploaded_at = now(),"
                " source_etag = :etag",
                values={"job": job, "etag": etag},
                size_bytes=row.size_bytes,
            )
            return bells

    async def resubmit(
        self, owner_id: UUID, video_id: UUID, profile: str | None
    ) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            quota = await quotas.lock(tx, owner_id, self._quota)
            row = await changes.lock_video(tx, owner_id, video_id)
            if row.state not in REPROCESSABLE:
                raise InvalidStateError(VideoState(row.state), "reprocessed")
            await changes.drop_results(tx, video_id, but=[row.published_job_id])
            chosen = profile or row.profile
            first = changes.first_task()
            job, bells = await changes.open_job(tx, owner_id, video_id, chosen, first)
            await changes.set_state(
                tx,
                owner_id,
                video_id,
                VideoState.QUEUED,
                set_also=", job_id = :job, profile = :profile, failure = NULL,"
                " started_at = NULL, finished_at = NULL, warnings = '{}',"
                " playable_at = CASE WHEN published_job_id IS NULL THEN NULL ELSE playable_at END",
                values={"job": job, "profile": chosen},
            )
            await quotas.admit(tx, owner_id, replace(quota, stored_bytes=0))
            return bells

    async def cancel(self, owner_id: UUID, video_id: UUID) -> Video:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await changes.lock_video(tx, owner_id, video_id)
            if row.state in IN_WORK:
                await changes.stop_tasks(tx, video_id)
                await changes.drop_results(tx, video_id, but=[row.published_job_id])
                # results of an earlier job are still there: the video is as ready as it was
                published = row.published_job_id is not None
                state = VideoState.READY if published else VideoState.CANCELED
                await changes.set_state(
                    tx,
                    owner_id,
                    video_id,
                    state,
                    set_also=", finished_at = now(), playable_at ="
                    " CASE WHEN published_job_id IS NULL THEN NULL ELSE playable_at END",
                )
            elif row.state != VideoState.CANCELED:
                raise InvalidStateError(VideoState(row.state), "canceled")
            return await _read(tx, owner_id, video_id)

    async def request_removal(
        self, owner_id: UUID, video_id: UUID, *, only: VideoState | None = None
    ) -> Sequence[Doorbell]:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await changes.lock_video(tx, owner_id, video_id)
            if only is not None and row.state != only:
                raise InvalidStateError(VideoState(row.state), "removed")
            return await changes.begin_removal(tx, row)

    async def request_removals(
        self, owner_id: UUID, video_ids: Collection[UUID]
    ) -> tuple[int, Sequence[Doorbell]]:
        """See the port."""
        async with self._db.transaction() as tx:
            # in the order of ids, so that two such requests don't wait for each other
            found = await tx.rows(
                "SELECT * FROM video WHERE owner_id = :owner AND id = ANY(:ids)"
                " AND state <> 'deleting' ORDER BY id FOR UPDATE",
                owner=owner_id,
                ids=list(video_ids),
            )
            bells = [bell for row in found for bell in await changes.begin_removal(tx, row)]
        return len(found), bells

    async def artifacts(
        self, owner_id: UUID, video_id: UUID, kinds: Collection[ArtifactKind]
    ) -> list[Artifact]:
        """See the port."""
        async with self._db.transaction() as tx:
            video = await _read(tx, owner_id, video_id)
            found = await tx.rows(
                f"SELECT {rows.ARTIFACT} FROM artifact a WHERE a.job_id = :job"  # noqa: S608
                " AND a.state = 'live' AND a.kind = ANY(:kinds)"
                " ORDER BY a.kind, a.rendition, a.chunk, a.key",
                job=video.published_job_id or video.job_id,
                kinds=[kind.value for kind in kinds],
            )
        return [rows.to_artifact(row) for row in found]

    async def results(
        self,
        owner_id: UUID,
        video_id: UUID,
        kinds: Collection[ArtifactKind],
        rendition: str | None = None,
    ) -> Results:
        """See the port."""
        async with self._db.transaction() as tx:
            row = await tx.row(
                "SELECT j.id, j.plan, v.published_job_id IS NOT NULL AS complete FROM video v"
                " LEFT JOIN job j ON j.id = coalesce(v.published_job_id, v.job_id)"
                " WHERE v.id = :id AND v.owner_id = :owner AND v.state <> 'deleting'",
                id=video_id,
                owner=owner_id,
            )
            if row is None:
                raise changes.not_found(video_id)
            found = await tx.rows(
                f"SELECT {rows.ARTIFACT} FROM artifact a WHERE a.job_id = :job"  # noqa: S608
                " AND a.state = 'live' AND a.kind = ANY(:kinds)"
                " AND (CAST(:rendition AS text) IS NULL OR a.rendition = :rendition)"
                " ORDER BY a.chunk, a.key",
                job=row.id,
                kinds=[kind.value for kind in kinds],
                rendition=rendition,
            )
        artifacts = tuple(rows.to_artifact(item) for item in found)
        return Results(row.plan or {}, row.complete, artifacts)

    async def job(self, owner_id: UUID, video_id: UUID) -> JobDetail | None:
        """See the port."""
        async with self._db.transaction() as tx:
            video = await _read(tx, owner_id, video_id)
            row = await tx.row("SELECT * FROM job WHERE id = :id", id=video.job_id)
            if row is None:
                return None
            found = await tx.rows(
                f"SELECT {rows.TASK} FROM task t WHERE t.job_id = :job"  # noqa: S608
                " ORDER BY t.created_at, t.kind, t.index",
                job=row.id,
            )
        return JobDetail(
            id=row.id,
            profile=row.profile,
            plan=row.plan,
            created_at=row.created_at,
            finished_at=row.finished_at,
            tasks=tuple(rows.to_task(task) for task in found),
        )

    async def chunk_sizes(self, owner_id: UUID, video_id: UUID) -> list[ChunkSize]:
        """See the port."""
        async with self._db.transaction() as tx:
            video = await _read(tx, owner_id, video_id)
            found = await tx.rows(
                "SELECT rendition, chunk, size_bytes FROM artifact WHERE job_id = :job"
                " AND kind = 'chunk' AND state = 'live' AND chunk IS NOT NULL"
                " ORDER BY chunk, rendition",
                job=video.job_id,
            )
        return [ChunkSize(row.rendition, row.chunk, row.size_bytes) for row in found]


async def _read(tx: Transaction, owner_id: UUID, video_id: UUID) -> Video:
    row: Row[Any] | None = await tx.row(
        f"SELECT {rows.VIDEO} FROM video v WHERE v.id = :id AND v.owner_id = :owner"  # noqa: S608
        " AND v.state <> 'deleting'",
        id=video_id,
        owner=owner_id,
    )
    if row is None:
        raise changes.not_found(video_id)
    return rows.to_video(row)
