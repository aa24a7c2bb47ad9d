"""A server and its object store in memory, as far as the client can tell."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from carrete.client.api import CarreteClient
from carrete.client.retry import RetryPolicy

API = "http://api.test"
STORE = "http://store.test"
NOW = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
HURRY = RetryPolicy(attempts=4, first_s=0.0, longest_s=0.0)

Handler = Callable[[httpx.Request], httpx.Response | None]


class BytesStream(httpx.AsyncByteStream):
    """A body that is sent in pieces, and may break."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._error is not None:
            raise self._error


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"code": code, "status": status, "title": code, "detail": f"about {code}"}
    return httpx.Response(
        status, json=body, headers={"Content-Type": "application/problem+json", **headers}
    )


@dataclass
class FakeVideo:
    id: UUID
    body: dict[str, Any]
    state: str = "uploading"
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class FakeServer:
    """Takes requests. ``fault`` may answer in its place; ``seen`` counts what it was asked."""

    part_size: int = 4
    videos: dict[str, FakeVideo] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    fault: Handler = lambda _request: None
    objects: dict[str, bytes] = field(default_factory=dict)
    in_flight: int = 0
    most_in_flight: int = 0
    before_put: Callable[[int], Awaitable[None]] | None = None

    def client(self, retry: RetryPolicy = HURRY) -> CarreteClient:
        return CarreteClient(API, "secret", retry=retry, transport=httpx.MockTransport(self.handle))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        where = request.url.path.removeprefix("/api")
        self.seen[f"{request.method} {_shape(where)}"] += 1
        answer = self.fault(request)
        if answer is not None:
            return answer
        if request.url.host == "store.test":
            assert "authorization" not in request.headers
            return await self._store(request)
        assert request.headers["authorization"] == "Bearer secret"
        return self._api(request, where)

    def video(self, video_id: str) -> FakeVideo | None:
        return next((v for v in self.videos.values() if str(v.id) == video_id), None)

    def only(self) -> FakeVideo:
        (video,) = self.videos.values()
        return video

    def _api(self, request: httpx.Request, where: str) -> httpx.Response:
        if (request.method, where) == ("POST", "/videos"):
            return self._create(request)
        video = self.video(where.split("/")[2])
        if video is None:
            return problem(404, "not_found")
        action = "/".join(where.split("/")[3:])
        routes: dict[tuple[str, str], Callable[[FakeVideo, bytes], httpx.Response]] = {
            ("GET", ""): lambda video, _: httpx.Response(200, json=view(video)),
            ("PATCH", ""): self._rename,
            ("DELETE", ""): self._remove,
            ("DELETE", "upload"): self._remove,
            ("GET", "upload"): lambda video, _: httpx.Response(200, json=self._stored(video)),
            ("POST", "upload/parts"): _sign,
            ("POST", "upload/complete"): self._complete,
            ("GET", "download/processed"): self._link,
        }
        route = routes.get((request.method, action))
        return (
            problem(405, "method_not_allowed") if route is None else route(video, request.content)
        )

    def _rename(self, video: FakeVideo, content: bytes) -> httpx.Response:
        video.body["name"] = json.loads(content)["name"]
        return httpx.Response(200, json=view(video))

    def _remove(self, video: FakeVideo, _content: bytes) -> httpx.Response:
        self.videos = {key: kept for key, kept in self.videos.items() if kept is not video}
        return httpx.Response(204)

    def _create(self, request: httpx.Request) -> httpx.Response:
        key, body = request.headers["Idempotency-Key"], json.loads(request.content)
        made = key not in self.videos
        video = self.videos.setdefault(key, FakeVideo(uuid4(), body))
        return httpx.Response(
            201 if made else 200, json={"video": view(video), "upload": self._shape(video)}
        )

    def _shape(self, video: FakeVideo) -> dict[str, Any]:
        count = -(-video.body["size_bytes"] // self.part_size)
        return {"part_size": self.part_size, "part_count": count}

    def _stored(self, video: FakeVideo) -> dict[str, Any]:
        parts = [
            {"number": number, "size": len(body), "sha256": digest(body)}
            for number, body in sorted(video.parts.items())
        ]
        return {**self._shape(video), "parts": parts}

    def _complete(self, video: FakeVideo, _content: bytes) -> httpx.Response:
        size = sum(len(part) for part in video.parts.values())
        if size != video.body["size_bytes"]:
            return problem(409, "upload_incomplete")
        video.state = "queued"
        return httpx.Response(202, json=view(video))

    def _link(self, video: FakeVideo, _content: bytes) -> httpx.Response:
        link = {
            "url": f"{STORE}/objects/{video.id}",
            "expires_at": NOW,
            "filename": "result.mp4",
            "size_bytes": len(self.objects[str(video.id)]),
        }
        return httpx.Response(200, json=link)

    async def _store(self, request: httpx.Request) -> httpx.Response:
        kind, name, *rest = request.url.path.strip("/").split("/")
        if kind == "objects":
            return read_range(request, self.objects[name])
        number = int(rest[0])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self.before_put is not None:
            await self.before_put(number)
        body = await request.aread()
        self.in_flight -= 1
        assert request.headers["x-amz-checksum-sha256"] == digest(body)
        assert int(request.headers["content-length"]) == len(body)
        video = self.video(name)
        assert video is not None
        video.parts[number] = body
        return httpx.Response(200, headers={"ETag": '"x"'})


def read_range(request: httpx.Request, body: bytes) -> httpx.Response:
    etag = f'"{digest(body)}"'
    if request.headers.get("If-Match", etag) != etag:
        return httpx.Response(412, text="<Code>PreconditionFailed</Code>")
    start = int(request.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
    rest = body[start:]
    headers = {"ETag": etag, "Content-Length": str(len(rest))}
    status = 206 if "Range" in request.headers else 200
    return httpx.Response(status, headers=headers, stream=BytesStream(rest))


def digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def view(video: FakeVideo) -> dict[str, Any]:
    return {
        "id": str(video.id),
        "name": video.body["name"],
        "state": video.state,
        "size_bytes": video.body["size_bytes"],
        "content_type": video.body.get("content_type") or "application/octet-stream",
        "profile": video.body.get("profile") or "h264",
        "created_at": NOW,
    }


def _sign(video: FakeVideo, content: bytes) -> httpx.Response:
    parts = [
        {
            "number": part["number"],
            "url": f"{STORE}/parts/{video.id}/{part['number']}",
            "headers": {"x-amz-checksum-sha256": part["sha256"]},
            "length": 1,
        }
        for part in json.loads(content)["parts"]
    ]
    return httpx.Response(200, json={"parts": parts, "expires_at": NOW})


def _shape(path: str) -> str:
    """A path with its ids replaced, to count by."""
    words = path.strip("/").split("/")
    named = [word if word.isalpha() else "*" for word in words]
    return "/" + "/".join(named)
