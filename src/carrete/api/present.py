"""Answers: the domain's values as plain JSON values, written once and not validated again."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from carrete.domain import account as accounts
from carrete.domain.failures import SENTENCES, FailureCode
from carrete.domain.quota import Quota, Usage
from carrete.domain.share import Share
from carrete.domain.task import Task
from carrete.domain.upload import part_count
from carrete.domain.video import Video
from carrete.ports import JobDetail
from carrete.usecases.accounts import SignedIn
from carrete.usecases.downloads import Link
from carrete.usecases.read_upload import UploadStatus
from carrete.usecases.sign_parts import SignedPart
from carrete.usecases.videos import Page


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response."""
    body = to_json(value, inf_nan_mode="null")
    return Response(body, status, headers, "application/json")


def account(value: accounts.Account) -> dict[str, Any]:
    """See ``schemas.Account``."""
    return {
        "id": value.id,
        "email": value.email,
        "role": value.role,
        "created_at": value.created_at,
    }


def signed_in(value: SignedIn) -> dict[str, Any]:
    """See ``schemas.SignedIn``."""
    return {
        "account": account(value.account),
        "token": value.token,
        "expires_at": value.expires_at,
    }


def session(value: accounts.Session, current: UUID) -> dict[str, Any]:
    """See ``schemas.Sessions``."""
    return {
        "id": value.id,
        "label": value.label,
        "created_at": value.created_at,
        "seen_at": value.seen_at,
        "expires_at": value.expires_at,
        "current": value.id == current,
    }


def usage(used: Usage, limits: Quota) -> dict[str, Any]:
    """See ``schemas.Usage``."""
    return {
        "stored_bytes": {"used": used.stored_bytes, "limit": limits.stored_bytes or None},
        "videos_in_flight": {
            "used": used.videos_in_flight,
            "limit": limits.videos_in_flight or None,
        },
        "minutes_today": {
            "used": round(used.minutes_today, 2),
            "limit": limits.minutes_per_day or None,
        },
    }


def share(value: Share) -> dict[str, Any]:
    """See ``schemas.Share``."""
    return {
        "id": value.id,
        "token": value.token,
        "path": f"/s/{value.token}",
        "embed_path": f"/embed/{value.token}",
        "has_password": value.password_hash is not None,
        "allow_download": value.allow_download,
        "created_at": value.created_at,
        "expires_at": value.expires_at,
        "views": value.views,
    }


def shared_video(link: Share, value: Video | None) -> dict[str, Any]:
    """See ``schemas.SharedVideo``."""
    if value is None:
        return {"password_required": True}
    return {
        "password_required": False,
        "name": value.name,
        "state": value.state,
        "duration_s": value.duration_s,
        "width": value.width,
        "height": value.height,
        "playable": value.playable,
        "has_poster": value.has_poster,
        "has_storyboard": value.has_storyboard,
        "allow_download": link.allow_download,
    }


def video(value: Video) -> dict[str, Any]:
    """See ``schemas.Video``."""
    return {
        "id": value.id,
        "name": value.name,
        # the plain text: an enum costs the serializer as much as the rest of the row
        "state": value.state.value,
        "size_bytes": value.size_bytes,
        "content_type": value.content_type,
        "profile": value.profile,
        "progress": round(value.progress, 4),
        "failure": None if value.failure is None else failure(value.failure),
        "warnings": value.warnings,
        "duration_s": value.duration_s,
        "width": value.width,
        "height": value.height,
        "frame_rate": value.frame_rate,
        "video_codec": value.video_codec,
        "audio_codec": value.audio_codec,
        "output_bytes": value.output_bytes,
        "has_poster": value.has_poster,
        "has_storyboard": value.has_storyboard,
        "playable": value.playable,
        "created_at": value.created_at,
        "uploaded_at": value.uploaded_at,
        "started_at": value.started_at,
        "playable_at": value.playable_at,
        "finished_at": value.finished_at,
    }


@lru_cache(maxsize=len(FailureCode))
def failure(code: FailureCode) -> dict[str, Any]:
    """See ``schemas.Failure``."""
    sentence = SENTENCES[code]
    return {"code": code, "message": {"en": sentence.en, "es": sentence.es}}


def page(value: Page) -> dict[str, Any]:
    """See ``schemas.VideoPage``."""
    return {"items": [video(item) for item in value.videos], "next_cursor": value.after}


def created_video(value: Video) -> dict[str, Any]:
    """See ``schemas.CreatedVideo``."""
    count = part_count(value.size_bytes, value.part_size)
    return {
        "video": video(value),
        "upload": {"part_size": value.part_size, "part_count": count},
    }


def signed_parts(parts: list[SignedPart], expires_at: datetime) -> dict[str, Any]:
    """See ``schemas.SignedParts``."""
    return {
        "parts": [
            {
                "number": part.number,
                "url": part.request.url,
                "headers": part.request.headers,
                "length": part.length,
            }
            for part in parts
        ],
        "expires_at": expires_at,
    }


def upload_status(value: UploadStatus) -> dict[str, Any]:
    """See ``schemas.UploadStatus``."""
    return {
        "part_size": value.part_size,
        "part_count": value.part_count,
        "parts": [
            {"number": part.number, "size": part.size, "sha256": part.sha256}
            for part in value.parts
        ],
    }


def job(owner: Video, value: JobDetail | None) -> dict[str, Any]:
    """See ``schemas.Job``."""
    if value is None:
        return {"job_id": None, "profile": owner.profile, "tasks": []}
    return {
        "job_id": value.id,
        "profile": value.profile,
        "tasks": [task(item) for item in value.tasks],
    }


def task(value: Task) -> dict[str, Any]:
    """See ``schemas.Task``."""
    return {
        "kind": value.kind,
        "index": value.index,
        "state": value.state,
        "attempt": value.attempt,
        "failures": value.failures,
        "progress": round(value.progress, 4),
        "worker": value.worker,
        "started_at": value.started_at,
        "finished_at": value.finished_at,
        "result": value.result,
    }


def link(value: Link, expires_at: datetime) -> dict[str, Any]:
    """See ``schemas.DownloadLink``."""
    return {
        "url": value.url,
        "expires_at": expires_at,
        "filename": value.filename,
        "size_bytes": value.size_bytes,
    }
