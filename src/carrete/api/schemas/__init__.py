"""What goes over the wire, as OpenAPI describes it.

Requests are parsed with these models and refuse unknown fields. Answers are written by
``present``, which a test holds against them: building a model for each row only to serialize it
again would double the cost of a list.
"""

from carrete.api.schemas.accounts import Account, Registration, SignedIn, SignIn
from carrete.api.schemas.maps import Renditions, Timeline, VideoMap
from carrete.api.schemas.system import Event, FieldError, Health, Hello, Problem, Readiness
from carrete.api.schemas.uploads import (
    CreatedVideo,
    NewVideo,
    PartDigest,
    PartsRequest,
    SignedPart,
    SignedParts,
    StoredPart,
    UploadPlan,
    UploadStatus,
)
from carrete.api.schemas.videos import (
    VIDEO_EXAMPLE,
    DownloadLink,
    Failure,
    Job,
    Message,
    Removal,
    Reprocessing,
    Selection,
    SelectionRemoval,
    Task,
    Video,
    VideoName,
    VideoPage,
    VideoSummary,
)

__all__ = [
    "VIDEO_EXAMPLE",
    "Account",
    "CreatedVideo",
    "DownloadLink",
    "Event",
    "Failure",
    "FieldError",
    "Health",
    "Hello",
    "Job",
    "Message",
    "NewVideo",
    "PartDigest",
    "PartsRequest",
    "Problem",
    "Readiness",
    "Registration",
    "Removal",
    "Renditions",
    "Reprocessing",
    "Selection",
    "SelectionRemoval",
    "SignIn",
    "SignedIn",
    "SignedPart",
    "SignedParts",
    "StoredPart",
    "Task",
    "Timeline",
    "UploadPlan",
    "UploadStatus",
    "Video",
    "VideoMap",
    "VideoName",
    "VideoPage",
    "VideoSummary",
]
