"""The tables, as SQLAlchemy sees them. The migrations create the same; a test compares the two.

Times are ``timestamptz`` set by the database, whose clock is the only one that leases are
measured by.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _time(name: str, *, null: bool = True) -> Column[object]:
    default = None if null else func.now()
    return Column(name, DateTime(timezone=True), nullable=null, server_default=default)


def _flag(name: str) -> Column[object]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _json(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb"))


account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    # limits of this account alone; nothing: the setting's, 0: none
    Column("quota_stored_bytes", BigInteger),
    Column("quota_videos_in_flight", Integer),
    Column("quota_minutes_per_day", Integer),
    _time("created_at", null=False),
    # deleted by its owner: nobody reaches it, and it goes when its videos are gone
    _time("removed_at"),
    Index("ix_account_removed", "id", postgresql_where=text("removed_at IS NOT NULL")),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("account_id", ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(200), nullable=False),
    _time("created_at", null=False),
    _time("seen_at", null=False),
    _time("expires_at", null=False),
)

attempt = Table(
    "signin_attempt",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("window_start", DateTime(timezone=True), primary_key=True),
    Column("count", Integer, nullable=False),
)

owner_day = Table(
    "owner_day",
    metadata,
    # what an owner had processed on one day (UTC), for the limit of minutes
    Column("owner_id", ForeignKey(account.c.id, ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("seconds", Double, nullable=False),
)

video = Table(
    "video",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("extension", String(16), nullable=False),
    Column("content_type", String(200), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    Column("profile", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("upload_id", Text),
    Column("source_etag", Text),
    Column("idempotency_key", String(200)),
    Column("request_hash", LargeBinary, nullable=False),
    Column("job_id", Uuid),
    Column("published_job_id", Uuid),
    Column("failure", String(40)),
    Column("warnings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("duration_s", Double),
    Column("width", Integer),
    Column("height", Integer),
    Column("frame_rate", Double),
    Column("video_codec", String(40)),
    Column("audio_codec", String(40)),
    Column("output_bytes", BigInteger),
    # bytes of all live objects of the published job, for the limit of stored bytes
    Column("results_bytes", BigInteger, nullable=False, server_default=text("0")),
    _flag("has_poster"),
    _flag("has_storyboard"),
    _time("created_at", null=False),
    _time("updated_at", null=False),
    _time("uploaded_at"),
    _time("started_at"),
    _time("playable_at"),
    _time("finished_at"),
    CheckConstraint("size_bytes > 0", name="size"),
    UniqueConstraint("owner_id", "idempotency_key"),
    Index("ix_video_owner_id_id", "owner_id", text("id DESC")),
    # the few rows that reconcile looks at, however many videos there are
    Index(
        "ix_video_unfinished",
        "state",
        postgresql_where=text("state IN ('uploading', 'queued', 'processing', 'deleting')"),
    ),
)

job = Table(
    "job",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("video_id", ForeignKey(video.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("owner_id", Uuid, nullable=False),
    Column("profile", String(32), nullable=False),
    _json("plan"),
    Column("total_weight", Double, nullable=False),
    Column("traceparent", String(55)),
    # seconds that were counted against the owner's day, once for each job
    Column("charged_s", Double),
    _time("created_at", null=False),
    _time("finished_at"),
)

task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("job_id", ForeignKey(job.c.id, ondelete="CASCADE"), nullable=False),
    Column("video_id", ForeignKey(video.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("owner_id", Uuid, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("index", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("weight", Double, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("progress", Double, nullable=False, server_default=text("0")),
    Column("worker", String(100)),
    _json("spec"),
    _json("result"),
    Column("failure", String(40)),
    Column("detail", Text),
    # it failed, and the dead-letter queue has not got it yet
    _flag("to_bury"),
    _time("lease_until"),
    _time("run_after", null=False),
    _time("rung_at", null=False),
    Column("rings", SmallInteger, nullable=False, server_default=text("0")),
    _time("created_at", null=False),
    _time("started_at"),
    _time("finished_at"),
    UniqueConstraint("job_id", "kind", "index"),
    # claim: the waiting tasks of each owner in their order, and who runs how many
    Index(
        "ix_task_pending",
        "owner_id",
        "priority",
        "created_at",
        "index",
        "id",
        postgresql_where=text("state = 'pending'"),
    ),
    Index("ix_task_running", "owner_id", postgresql_where=text("state = 'running'")),
    Index("ix_task_to_bury", "finished_at", postgresql_where=text("to_bury")),
)

share = Table(
    "share",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("video_id", ForeignKey("video.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("owner_id", Uuid, nullable=False),
    Column("password_hash", Text),
    # signs the keys that an unlocked share gives out: they end with it
    Column("secret", LargeBinary, nullable=False),
    _flag("allow_download"),
    Column("views", BigInteger, nullable=False, server_default=text("0")),
    _time("created_at", null=False),
    _time("expires_at"),
)

worker = Table(
    "worker",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("host", String(100), nullable=False),
    Column("version", String(40), nullable=False),
    Column("slots", Integer, nullable=False),
    _flag("draining"),
    _time("started_at", null=False),
    _time("seen_at", null=False),
)

owner_turn = Table(
    "owner_turn",
    metadata,
    Column("owner_id", ForeignKey(account.c.id, ondelete="CASCADE"), primary_key=True),
    _time("served_at", null=False),
)

artifact = Table(
    "artifact",
    metadata,
    # no foreign keys: the row outlives its video until its object is gone for good
    Column("key", Text, primary_key=True),
    Column("owner_id", Uuid, nullable=False),
    Column("video_id", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("task_id", Uuid, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16)),
    Column("rendition", String(40)),
    Column("chunk", Integer),
    Column("size_bytes", BigInteger),
    Column("content_type", String(100)),
    _json("meta"),
    _time("created_at", null=False),
    _time("swept_at"),
    Index("ix_artifact_job_id_kind", "job_id", "kind"),
    Index("ix_artifact_video_id", "video_id"),
    Index("ix_artifact_unsettled", "state", postgresql_where=text("state <> 'live'")),
)

event = Table(
    "event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("owner_id", Uuid, nullable=False),
    Column("video_id", Uuid, nullable=False),
    Column("type", String(40), nullable=False),
    _json("data"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_event_owner_id_id", "owner_id", "id"),
    Index("ix_event_at", "at"),
    # the operator's history: few kinds among many
    Index(
        "ix_event_history",
        "at",
        postgresql_where=text(
            "type IN ('video.queued', 'video.ready', 'video.failed', 'task.lost')"
        ),
    ),
    Index("ix_event_video_id_id", "video_id", "id"),
)
