"""The HTTP API as typed methods."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Literal, Self, TypeAlias
from uuid import UUID

import httpx

from carrete.client.errors import ApiError
from carrete.client.http import Caller, open_http, tls_context
from carrete.client.models import (
    AccountView,
    CreatedVideo,
    DownloadLink,
    JobView,
    SharePage,
    ShareView,
    SignedParts,
    SignIn,
    StoredUpload,
    VideoPage,
    VideoView,
)
from carrete.client.retry import PROMPT, RetryPolicy
from carrete.domain.library import Sort, VideoQuery

Which: TypeAlias = Literal["original", "processed"]

MAX_PAGE = 100
"""Videos in the largest page that the server gives."""


class CarreteClient:
    """One account's view of one server. An async context manager.

    Every method may raise ``ApiError`` when the server answers no and ``UnreachableError`` when it
    gives no answer. Calls that are safe to repeat are repeated, as patiently as ``retry`` says.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        retry: RetryPolicy = PROMPT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            base_url: of the server, without ``/api``.
            token: opens a session; without it only signing in works.
            retry: how patient calls are.
            transport: what stands in for the network, in tests.
        """
        self.server = base_url.rstrip("/")
        verify = tls_context() if transport is None else True
        # The token goes to the API alone: the store gets a client that has never seen it.
        self.http = open_http(transport, base_url=f"{self.server}/api", verify=verify)
        self.store = open_http(transport, verify=verify)
        self._caller = Caller(self.http, self.server, retry)
        self._exit = AsyncExitStack()
        self.use_token(token)

    async def __aenter__(self) -> Self:
        await self._exit.enter_async_context(self.http)
        await self._exit.enter_async_context(self.store)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    @property
    def retry(self) -> RetryPolicy:
        """How patient calls are."""
        return self._caller.policy

    @retry.setter
    def retry(self, policy: RetryPolicy) -> None:
        self._caller.policy = policy

    def use_token(self, token: str | None) -> None:
        """Speak for the session that this token opens, or for nobody."""
        self.http.headers.pop("Authorization", None)
        if token is not None:
            self.http.headers["Authorization"] = f"Bearer {token}"

    # ── accounts ────────────────────────────────────────────────────────────────────────────────

    async def register(self, email: str, password: str) -> SignIn:
        """Make an account and sign in."""
        body = {"email": email, "password": password}
        answer = await self._caller.call("POST", "/auth/register", json=body, idempotent=False)
        return self._caller.read(SignIn, answer)

    async def login(self, email: str, password: str) -> SignIn:
        """Sign in. Not repeated by itself: every attempt counts against the server's limit."""
        body = {"email": email, "password": password}
        answer = await self._caller.call("POST", "/auth/login", json=body, idempotent=False)
        return self._caller.read(SignIn, answer)

    async def logout(self) -> None:
        """End the session."""
        await self._caller.call("POST", "/auth/logout")

    async def me(self) -> AccountView:
        """Whose session this is."""
        return self._caller.read(AccountView, await self._caller.call("GET", "/me"))

    # ── videos ──────────────────────────────────────────────────────────────────────────────────

    async def create_video(
        self,
        name: str,
        size_bytes: int,
        *,
        key: str,
        content_type: str | None = None,
        profile: str | None = None,
    ) -> CreatedVideo:
        """Announce a file. The same ``key`` and the same file give the same video again."""
        body = _given(name=name, size_bytes=size_bytes, content_type=content_type, profile=profile)
        answer = await self._caller.call(
            "POST", "/videos", json=body, headers={"Idempotency-Key": key}
        )
        return self._caller.read(CreatedVideo, answer)

    async def videos(
        self,
        wanted: VideoQuery = VideoQuery(),  # noqa: B008 - frozen
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> VideoPage:
        """One page of the videos that are wanted, in the order that is wanted."""
        params = _given(
            limit=limit,
            cursor=cursor,
            state=[str(state) for state in wanted.states] or None,
            q=wanted.text or None,
            sort=None if wanted.sort is Sort.NEWEST else str(wanted.sort),
        )
        return self._caller.read(
            VideoPage, await self._caller.call("GET", "/videos", params=params)
        )

    async def video(self, video_id: UUID) -> VideoView:
        """One video."""
        return self._caller.read(VideoView, await self._caller.call("GET", f"/videos/{video_id}"))

    async def job(self, video_id: UUID) -> JobView:
        """The video's current job with its tasks."""
        answer = await self._caller.call("GET", f"/videos/{video_id}/tasks")
        return self._caller.read(JobView, answer)

    async def rename(self, video_id: UUID, name: str) -> VideoView:
        """Change the name that is shown."""
        answer = await self._caller.call("PATCH", f"/videos/{video_id}", json={"name": name})
        return self._caller.read(VideoView, answer)

    async def cancel(self, video_id: UUID) -> VideoView:
        """Stop the work on a video."""
        answer = await self._caller.call("POST", f"/videos/{video_id}/cancel")
        return self._caller.read(VideoView, answer)

    async def reprocess(self, video_id: UUID, profile: str | None = None) -> VideoView:
        """Process the original anew. Not repeated by itself: it would start twice."""
        answer = await self._caller.call(
            "POST", f"/videos/{video_id}/reprocess", json=_given(profile=profile), idempotent=False
        )
        return self._caller.read(VideoView, answer)

    async def remove(self, video_id: UUID) -> None:
        """Delete a video and everything made from it."""
        await self._delete(f"/videos/{video_id}")

    # ── links ───────────────────────────────────────────────────────────────────────────────────

    async def share(
        self,
        video_id: UUID,
        *,
        expires_at: datetime | None = None,
        password: str | None = None,
        allow_download: bool = False,
    ) -> ShareView:
        """Make a link to a video. Not repeated by itself: it would make two."""
        body = _given(
            expires_at=None if expires_at is None else expires_at.isoformat(),
            password=password,
            allow_download=allow_download,
        )
        path = f"/videos/{video_id}/shares"
        answer = await self._caller.call("POST", path, json=body, idempotent=False)
        return self._caller.read(ShareView, answer)

    async def shares(self, video_id: UUID) -> tuple[ShareView, ...]:
        """A video's links, the newest first."""
        answer = await self._caller.call("GET", f"/videos/{video_id}/shares")
        return self._caller.read(SharePage, answer).items

    async def unshare(self, video_id: UUID, share_id: UUID) -> None:
        """End a link."""
        await self._delete(f"/videos/{video_id}/shares/{share_id}")

    # ── bytes ───────────────────────────────────────────────────────────────────────────────────

    async def sign_parts(self, video_id: UUID, hashes: Mapping[int, str]) -> SignedParts:
        """Leave to PUT the parts of these numbers and base64 SHA-256 (at most 100)."""
        parts = [{"number": number, "sha256": sha256} for number, sha256 in hashes.items()]
        answer = await self._caller.call(
            "POST", f"/videos/{video_id}/upload/parts", json={"parts": parts}
        )
        return self._caller.read(SignedParts, answer)

    async def stored_upload(self, video_id: UUID) -> StoredUpload:
        """Which parts the store has."""
        answer = await self._caller.call("GET", f"/videos/{video_id}/upload")
        return self._caller.read(StoredUpload, answer)

    async def complete_upload(self, video_id: UUID) -> VideoView:
        """All parts are stored: process the video. Saying it twice does nothing more."""
        answer = await self._caller.call("POST", f"/videos/{video_id}/upload/complete")
        return self._caller.read(VideoView, answer)

    async def abort_upload(self, video_id: UUID) -> None:
        """Throw an unfinished upload away, and its video with it."""
        await self._delete(f"/videos/{video_id}/upload")

    async def download_link(self, video_id: UUID, which: Which) -> DownloadLink:
        """Where to read the original or the result."""
        answer = await self._caller.call(
            "GET", f"/videos/{video_id}/download/{which}", params={"redirect": "false"}
        )
        return self._caller.read(DownloadLink, answer)

    async def _delete(self, path: str) -> None:
        try:
            await self._caller.call("DELETE", path)
        except ApiError as error:
            # An earlier attempt whose answer was lost has done it.
            if not (error.status == httpx.codes.NOT_FOUND and error.retried):
                raise


def _given(**values: object) -> dict[str, object]:
    """The values that are not ``None``: what is left out takes the server's default."""
    return {name: value for name, value in values.items() if value is not None}
