"""What Carrete needs from the outside, as protocols with their contracts.

Adapters translate their own errors into the ones named here, once. Every method may also raise
``TransientError`` when the service behind it can't be reached.
"""

from carrete.ports.accounts import MAX_SESSIONS, SEEN_S, AccountStore
from carrete.ports.backup import DumpError, DumpStore, KeptObject
from carrete.ports.common import (
    IdempotencyConflictError,
    NotFoundError,
    PartSink,
    ProgressSink,
    UploadGoneError,
)
from carrete.ports.events import EventLog
from carrete.ports.jobs import Completion, JobStore, Need, Removal, StoredFile
from carrete.ports.maintenance import (
    AbandonedUpload,
    DeadTask,
    Freed,
    MaintenanceStore,
    QueueCounts,
)
from carrete.ports.notices import Notices
from carrete.ports.objects import ObjectHead, ObjectStore, OpenUpload, PartToSend, SignedRequest
from carrete.ports.operator import (
    MAX_WORKERS,
    Backlog,
    BuriedTask,
    KnownAccount,
    KnownWorker,
    OperatorStore,
    RunningTask,
    Tally,
    WorkerReport,
)
from carrete.ports.queue import DeadLetterMessage, Message, Queue, QueueDepth
from carrete.ports.shares import ShareStore
from carrete.ports.transcoder import Transcoder
from carrete.ports.videos import (
    Artifact,
    ChunkSize,
    Doorbell,
    JobDetail,
    NewVideo,
    Results,
    VideoStore,
)
from carrete.ports.workspace import Workspace

__all__ = [
    "MAX_SESSIONS",
    "MAX_WORKERS",
    "SEEN_S",
    "AbandonedUpload",
    "AccountStore",
    "Artifact",
    "Backlog",
    "BuriedTask",
    "ChunkSize",
    "Completion",
    "DeadLetterMessage",
    "DeadTask",
    "Doorbell",
    "DumpError",
    "DumpStore",
    "EventLog",
    "Freed",
    "IdempotencyConflictError",
    "JobDetail",
    "JobStore",
    "KeptObject",
    "KnownAccount",
    "KnownWorker",
    "MaintenanceStore",
    "Message",
    "Need",
    "NewVideo",
    "NotFoundError",
    "Notices",
    "ObjectHead",
    "ObjectStore",
    "OpenUpload",
    "OperatorStore",
    "PartSink",
    "PartToSend",
    "ProgressSink",
    "Queue",
    "QueueCounts",
    "QueueDepth",
    "Removal",
    "Results",
    "RunningTask",
    "ShareStore",
    "SignedRequest",
    "StoredFile",
    "Tally",
    "Transcoder",
    "UploadGoneError",
    "VideoStore",
    "WorkerReport",
    "Workspace",
]
