"""Uploads: every byte arrives once, whatever breaks on the way."""

import asyncio
import os
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from tests.unit.client.fake_server import FakeServer, problem

from carrete.client.errors import (
    EmptyFileError,
    FileChangedError,
    TransferError,
    UploadBusyError,
)
from carrete.client.parts import UploadOptions
from carrete.client.retry import RetryPolicy
from carrete.client.state import UploadBook
from carrete.client.upload import UploadOutcome, UploadReport, UploadRequest, upload_file

ACCOUNT = uuid4()
BODY = bytes(range(50))
OPTIONS = UploadOptions(retry=RetryPolicy(attempts=3, first_s=0.0, longest_s=0.0))


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def book(tmp_path: Path) -> UploadBook:
    return UploadBook(tmp_path / "state")


async def send(
    server: FakeServer,
    file: Path,
    book: UploadBook,
    *,
    name: str | None = None,
    profile: str | None = None,
    report: UploadReport | None = None,
    account: UUID = ACCOUNT,
) -> UploadOutcome:
    async with server.client() as client:
        request = UploadRequest(file, name, profile)
        return await upload_file(
            client, account, request, book=book, options=OPTIONS, report=report
        )


def stored(server: FakeServer) -> bytes:
    return b"".join(part for _, part in sorted(server.only().parts.items()))


def break_puts(server: FakeServer, after: int, *, error: type[BaseException] = Crash) -> None:
    """End the process at the PUT that follows ``after`` others."""

    async def fail(_number: int) -> None:
        if server.seen["PUT /parts/*/*"] > after:
            raise error

    server.before_put = fail


async def crash(server: FakeServer, file: Path, book: UploadBook, *, after: int) -> None:
    break_puts(server, after)
    with pytest.raises(Crash):
        await send(server, file, book)
    server.before_put = None
    server.seen.clear()


async def test_every_byte_is_stored_and_the_video_queued(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    outcome = await send(server, file, book)
    assert stored(server) == BODY
    assert outcome.video.state == "queued"
    assert (outcome.sent_bytes, outcome.resumed) == (len(BODY), False)


async def test_several_parts_are_sent_at_once_but_no_more_than_asked(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()

    async def dawdle(_number: int) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    server.before_put = dawdle
    await send(server, file, book)
    assert 1 < server.most_in_flight <= OPTIONS.in_flight


async def test_a_new_process_sends_only_what_is_missing(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    kept = sum(len(part) for part in server.only().parts.values())
    outcome = await send(server, file, book)
    assert outcome.resumed
    assert 0 < kept < len(BODY)
    assert outcome.sent_bytes == len(BODY) - kept
    assert stored(server) == BODY


async def test_a_stored_part_with_other_bytes_is_sent_again(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    server.only().parts[1] = b"XXXX"
    await send(server, file, book)
    assert stored(server) == BODY


async def test_a_crash_before_the_servers_first_answer_makes_no_second_video(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()

    def lost(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/api/videos":
            server._create(request)
            raise Crash
        return None

    server.fault = lost
    with pytest.raises(Crash):
        await send(server, file, book)
    server.fault = lambda _request: None
    await send(server, file, book)
    assert len(server.videos) == 1


async def test_a_lost_answer_to_complete_is_found_to_be_done(file: Path, book: UploadBook) -> None:
    server = FakeServer()

    def lost(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/complete"):
            server.only().state = "processing"
            raise Crash
        return None

    server.fault = lost
    with pytest.raises(Crash):
        await send(server, file, book)
    server.fault = lambda _request: None
    outcome = await send(server, file, book)
    assert (outcome.video.state, outcome.sent_bytes) == ("processing", 0)
    assert len(server.videos) == 1


async def test_the_same_file_can_be_uploaded_again_once_it_is_done(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()
    await send(server, file, book)
    await send(server, file, book)
    assert len(server.videos) == 2


async def test_a_file_that_changed_between_runs_starts_anew_and_drops_the_old_upload(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    await asyncio.to_thread(file.write_bytes, BODY[::-1] + b"!")
    outcome = await send(server, file, book)
    assert not outcome.resumed
    assert stored(server) == BODY[::-1] + b"!"


async def test_a_file_that_changes_while_it_is_sent_is_refused_and_thrown_away(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()

    async def grow(number: int) -> None:
        if number == 3:
            await asyncio.to_thread(file.write_bytes, BODY + b"more")

    server.before_put = grow
    with pytest.raises(FileChangedError):
        await send(server, file, book)
    assert server.videos == {}


async def test_an_upload_that_the_server_forgot_starts_anew(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    forgotten = server.only().id

    def gone(request: httpx.Request) -> httpx.Response | None:
        return problem(409, "upload_gone") if str(forgotten) in request.url.path else None

    server.fault = gone
    outcome = await send(server, file, book)
    assert outcome.video.id != forgotten
    assert not outcome.resumed


async def test_a_part_that_fails_is_sent_again(file: Path, book: UploadBook) -> None:
    server = FakeServer()

    def flaky(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT" and server.seen["PUT /parts/*/*"] in {1, 4}:
            return httpx.Response(503, text="<Code>SlowDown</Code>")
        return None

    server.fault = flaky
    await send(server, file, book)
    assert stored(server) == BODY


async def test_an_expired_leave_is_asked_for_again(file: Path, book: UploadBook) -> None:
    server = FakeServer(part_size=64)

    def expired(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT" and server.seen["PUT /parts/*/*"] == 1:
            return httpx.Response(403, text="<Code>AccessDenied</Code>")
        return None

    server.fault = expired
    await send(server, file, book)
    assert server.seen["POST /videos/*/upload/parts"] == 2
    assert stored(server) == BODY


async def test_a_part_that_keeps_failing_ends_the_upload_and_keeps_the_record(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()
    server.fault = lambda request: httpx.Response(500) if request.method == "PUT" else None
    with pytest.raises(TransferError):
        await send(server, file, book)
    server.fault = lambda _request: None
    assert (await send(server, file, book)).resumed


async def test_progress_ends_at_the_size_even_when_parts_are_sent_twice(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()
    steps: list[tuple[int, int]] = []

    def flaky(request: httpx.Request) -> httpx.Response | None:
        bad = request.method == "PUT" and server.seen["PUT /parts/*/*"] == 2
        return httpx.Response(500) if bad else None

    server.fault = flaky
    await send(server, file, book, report=UploadReport(progress=lambda *s: steps.append(s)))
    assert steps[-1] == (len(BODY), len(BODY))
    assert max(done for done, _ in steps) == len(BODY)


async def test_another_name_renames_the_resumed_video(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    outcome = await send(server, file, book, name="wedding.mp4")
    assert outcome.resumed
    assert outcome.video.name == "wedding.mp4"


async def test_another_profile_starts_anew(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    assert not (await send(server, file, book, profile="h264+av1")).resumed


async def test_another_account_does_not_resume_it(file: Path, book: UploadBook) -> None:
    server = FakeServer()
    await crash(server, file, book, after=5)
    assert not (await send(server, file, book, account=uuid4())).resumed


async def test_two_processes_do_not_upload_the_same_file_at_once(
    file: Path, book: UploadBook
) -> None:
    server = FakeServer()
    with (
        book.entry("http://api.test", ACCOUNT, file),
        pytest.raises(UploadBusyError),
    ):
        await send(server, file, book)


async def test_an_empty_file_is_refused_before_the_server_hears_of_it(
    tmp_path: Path, book: UploadBook
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    server = FakeServer()
    with pytest.raises(EmptyFileError):
        await send(server, empty, book)
    assert not server.seen


async def test_without_a_directory_nothing_is_remembered(file: Path, tmp_path: Path) -> None:
    server = FakeServer()
    await crash(server, file, UploadBook(None), after=5)
    assert not (await send(server, file, UploadBook(None))).resumed
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize(
    ("part_size", "slots"), [(8 << 20, 12), (64 << 20, 4), (128 << 20, 2), (1 << 30, 2)]
)
def test_parts_in_memory_are_bounded_by_bytes(part_size: int, slots: int) -> None:
    assert UploadOptions().slots(part_size) == slots
