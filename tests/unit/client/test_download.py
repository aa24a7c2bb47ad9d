"""Downloads: whole or not there, resumed, and never over another file."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.unit.client.fake_server import (
    HURRY,
    NOW,
    BytesStream,
    FakeServer,
    FakeVideo,
    digest,
)

from carrete.client.download import download, free_name, local_name
from carrete.client.errors import TargetExistsError, TransferError
from carrete.client.models import DownloadLink

BODY = bytes(range(100))


@pytest.fixture
def server() -> FakeServer:
    video = FakeVideo(uuid4(), {"name": "clip.mp4", "size_bytes": 3}, state="ready")
    return FakeServer(videos={"key": video}, objects={str(video.id): BODY})


async def fetch(server: FakeServer, target: Path, *, force: bool = False) -> int:
    async with server.client() as client:
        return await download(
            client, server.only().id, "processed", target, force=force, retry=HURRY
        )


def cut(body: bytes, at: int, error: Exception | None = None) -> httpx.Response:
    headers = {"ETag": f'"{digest(body)}"', "Content-Length": str(len(body))}
    return httpx.Response(200, headers=headers, stream=BytesStream(body[:at], error=error))


def once(server: FakeServer, answer: httpx.Response) -> None:
    """The store's first answer is this one."""

    def handler(request: httpx.Request) -> httpx.Response | None:
        first = request.url.host == "store.test" and server.seen["GET /objects/*"] == 1
        return answer if first else None

    server.fault = handler


async def test_the_file_is_whole_and_nothing_else_is_left(
    server: FakeServer, tmp_path: Path
) -> None:
    size = await fetch(server, tmp_path / "new" / "out.mp4")
    assert size == len(BODY)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.mp4"]
    assert (tmp_path / "new" / "out.mp4").read_bytes() == BODY


@pytest.mark.parametrize("error", [None, httpx.ReadError("cut")])
async def test_a_broken_connection_goes_on_where_it_broke(
    server: FakeServer, tmp_path: Path, error: Exception | None
) -> None:
    ranges: list[str | None] = []
    once(server, cut(BODY, 30, error))
    before = server.fault

    def watch(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "store.test":
            ranges.append(request.headers.get("Range"))
        return before(request)

    server.fault = watch
    await fetch(server, tmp_path / "out.mp4")
    assert ranges == [None, "bytes=30-"]
    assert (tmp_path / "out.mp4").read_bytes() == BODY


async def interrupted(server: FakeServer, target: Path) -> None:
    """A run that ends after 30 bytes."""
    server.fault = lambda request: (
        cut(BODY, 30, asyncio.CancelledError())  # type: ignore[arg-type]
        if request.url.host == "store.test"
        else None
    )
    with pytest.raises(asyncio.CancelledError):
        await fetch(server, target)
    server.fault = lambda _request: None


async def test_a_new_process_goes_on_with_the_part(server: FakeServer, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    await interrupted(server, target)
    assert (tmp_path / "out.mp4.part").read_bytes() == BODY[:30]
    assert not target.exists()
    await fetch(server, target)
    assert target.read_bytes() == BODY


async def test_a_part_of_another_version_is_not_continued(
    server: FakeServer, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    await interrupted(server, target)
    server.objects[str(server.only().id)] = BODY[::-1]
    await fetch(server, target)
    assert target.read_bytes() == BODY[::-1]


async def test_a_whole_part_is_only_named(server: FakeServer, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    await interrupted(server, target)
    (tmp_path / "out.mp4.part").write_bytes(BODY)
    await fetch(server, target)
    assert target.read_bytes() == BODY


async def test_a_file_that_is_there_is_refused_before_anything_is_fetched(
    server: FakeServer, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"mine")
    with pytest.raises(TargetExistsError):
        await fetch(server, target)
    assert target.read_bytes() == b"mine"
    assert not server.seen


async def test_a_file_that_appears_meanwhile_is_not_replaced(
    server: FakeServer, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"

    def appear(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "store.test":
            target.write_bytes(b"mine")
        return None

    server.fault = appear
    with pytest.raises(TargetExistsError):
        await fetch(server, target)
    assert target.read_bytes() == b"mine"


async def test_force_replaces_it(server: FakeServer, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"mine")
    await fetch(server, target, force=True)
    assert target.read_bytes() == BODY


async def test_a_store_that_never_gives_the_bytes_is_left_after_a_few_attempts(
    server: FakeServer, tmp_path: Path
) -> None:
    server.fault = lambda request: httpx.Response(500) if request.url.host == "store.test" else None
    with pytest.raises(TransferError):
        await fetch(server, tmp_path / "out.mp4")
    assert server.seen["GET /objects/*"] == HURRY.attempts


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..", "fallback.mp4"),
        ("", "fallback.mp4"),
    ],
)
def test_the_servers_name_for_a_file_is_no_path(said: str, name: str) -> None:
    link = DownloadLink.model_validate({"url": "x", "expires_at": NOW, "filename": said})
    assert local_name(link, "fallback.mp4") == name


def test_a_free_name_is_found(tmp_path: Path) -> None:
    wanted = tmp_path / "a.mp4"
    assert free_name(wanted) == wanted
    wanted.touch()
    (tmp_path / "a-2.mp4").touch()
    assert free_name(wanted).name == "a-3.mp4"
