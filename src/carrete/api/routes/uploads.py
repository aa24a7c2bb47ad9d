"""Uploads: the plan, the presigned parts, what is stored, the end."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Header, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.usecases import abort_upload as aborting
from carrete.usecases import complete_upload as completing
from carrete.usecases import create_upload as creating
from carrete.usecases import read_upload as reading
from carrete.usecases import sign_parts as signing

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Any text of the client's own: the same request with the same key makes one"
        " video, however often it is sent",
    ),
]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/videos",
        create_video,
        methods=["POST"],
        **operation(
            "createVideo",
            "Begin an upload",
            "uploads",
            status=201,
            model=schemas.CreatedVideo,
            codes=(
                "empty_file",
                "invalid_name",
                "too_large",
                "idempotency_conflict",
                "not_found",
                "quota_exceeded",
            ),
            changes=True,
            responses={
                200: {
                    "model": schemas.CreatedVideo,
                    "description": "The video that this Idempotency-Key made before",
                }
            },
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/upload/parts",
        sign_parts,
        methods=["POST"],
        **operation(
            "signParts",
            "Get URLs for parts",
            "uploads",
            model=schemas.SignedParts,
            codes=("not_found", "invalid_state"),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/upload",
        read_upload,
        methods=["GET"],
        **operation(
            "readUpload",
            "List the stored parts",
            "uploads",
            model=schemas.UploadStatus,
            codes=("not_found", "invalid_state", "upload_gone"),
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/upload/complete",
        complete_upload,
        methods=["POST"],
        **operation(
            "completeUpload",
            "End an upload",
            "uploads",
            status=202,
            model=schemas.Video,
            codes=("not_found", "upload_incomplete", "upload_gone", "size_mismatch"),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/videos/{video_id}/upload",
        abort_upload,
        methods=["DELETE"],
        **operation(
            "abortUpload",
            "Give an upload up",
            "uploads",
            status=204,
            codes=("not_found", "invalid_state"),
            changes=True,
        ),
    )


async def create_video(
    body: schemas.NewVideo, account: AccountDep, api: ApiDep, key: IdempotencyKey = None
) -> Response:
    """Record a video and get the sizes of the parts that its file is to be sent in."""
    video, made = await creating.create_upload(
        account.id,
        creating.WantedUpload(body.name, body.size_bytes, body.content_type, body.profile),
        idempotency_key=key,
        max_bytes=api.settings.max_upload_bytes,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    headers = {"Location": f"/api/videos/{video.id}"}
    return present.answer(present.created_video(video), 201 if made else 200, headers)


async def sign_parts(
    video_id: UUID, body: schemas.PartsRequest, account: AccountDep, api: ApiDep
) -> Response:
    """Presigned URLs for up to 100 parts. S3 takes only the bytes whose SHA-256 was given."""
    expires_s = api.settings.upload_url_s
    expires_at = datetime.now(UTC) + timedelta(seconds=expires_s)
    parts = await signing.sign_parts(
        account.id,
        video_id,
        [signing.WantedPart(part.number, part.sha256) for part in body.parts],
        expires_s=expires_s,
        videos=api.container.videos,
        objects=api.container.objects,
    )
    return present.answer(present.signed_parts(parts, expires_at))


async def read_upload(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """The parts that are stored, so that an interrupted client sends only the others."""
    status = await reading.read_upload(
        account.id, video_id, videos=api.container.videos, objects=api.container.objects
    )
    return present.answer(present.upload_status(status))


async def complete_upload(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """Check that every part is there, join them and send the video to work. May be repeated."""
    video = await completing.complete_upload(
        account.id,
        video_id,
        videos=api.container.videos,
        objects=api.container.objects,
        queue=api.container.queue,
    )
    return present.answer(present.video(video), 202)


async def abort_upload(video_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """Delete a video that is still uploading, with all its stored parts."""
    await aborting.abort_upload(
        account.id, video_id, videos=api.container.videos, queue=api.container.queue
    )
    return Response(status_code=204)
