"""Calls: what is repeated, what is not, and how failures are told."""

from uuid import uuid4

import httpx
import pytest
from tests.unit.client.fake_server import FakeServer, FakeVideo, problem

from carrete.client.errors import ApiError, UnreachableError
from carrete.client.http import retry_after_s
from carrete.client.retry import RetryPolicy


def video() -> FakeVideo:
    return FakeVideo(uuid4(), {"name": "clip.mp4", "size_bytes": 3}, state="ready")


@pytest.fixture
def server() -> FakeServer:
    return FakeServer(videos={"key": video()})


def failing(server: FakeServer, times: int, fault: httpx.Response | Exception) -> None:
    left = [times]

    def handler(_request: httpx.Request) -> httpx.Response | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        if isinstance(fault, Exception):
            raise fault
        return fault

    server.fault = handler


@pytest.mark.parametrize(
    "fault",
    [
        problem(503, "unavailable"),
        httpx.Response(502),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silence"),
        httpx.RemoteProtocolError("cut"),
    ],
)
async def test_a_safe_call_is_repeated(
    server: FakeServer, fault: httpx.Response | Exception
) -> None:
    failing(server, 3, fault)
    async with server.client() as client:
        assert (await client.video(server.only().id)).name == "clip.mp4"


async def test_repeating_is_bounded(server: FakeServer) -> None:
    failing(server, 100, httpx.ConnectError("refused"))
    async with server.client() as client:
        with pytest.raises(UnreachableError, match="refused"):
            await client.video(server.only().id)
    assert server.seen["GET /videos/*"] == 4


@pytest.mark.parametrize("fault", [problem(503, "unavailable"), httpx.ReadTimeout("silence")])
async def test_a_call_that_may_have_taken_effect_is_not_repeated(
    server: FakeServer, fault: httpx.Response | Exception
) -> None:
    failing(server, 1, fault)
    async with server.client() as client:
        with pytest.raises((ApiError, UnreachableError)):
            await client.reprocess(server.only().id)
    assert server.seen["POST /videos/*/reprocess"] == 1


async def test_a_call_that_was_refused_for_its_rate_is_repeated_in_any_case(
    server: FakeServer,
) -> None:
    failing(server, 2, problem(429, "rate_limited"))
    async with server.client() as client:
        # the third one arrives, where there is no such route
        with pytest.raises(ApiError, match="method_not_allowed"):
            await client.reprocess(server.only().id)
    assert server.seen["POST /videos/*/reprocess"] == 3


async def test_a_call_that_never_left_is_repeated_in_any_case(server: FakeServer) -> None:
    failing(server, 1, httpx.ConnectError("refused"))
    async with server.client() as client:
        with pytest.raises(ApiError):
            await client.reprocess(server.only().id)
    assert server.seen["POST /videos/*/reprocess"] == 2


async def test_a_refusal_carries_the_servers_code_and_is_not_repeated(server: FakeServer) -> None:
    async with server.client() as client:
        with pytest.raises(ApiError) as caught:
            await client.video(uuid4())
    assert (caught.value.code, caught.value.status) == ("not_found", 404)
    assert server.seen["GET /videos/*"] == 1


async def test_a_refusal_that_is_no_problem_document_has_a_code_too(server: FakeServer) -> None:
    failing(server, 1, httpx.Response(418, text="<html>"))
    async with server.client() as client:
        with pytest.raises(ApiError) as caught:
            await client.video(server.only().id)
    assert caught.value.code == "http_418"


async def test_something_else_that_answers_is_no_server(server: FakeServer) -> None:
    failing(server, 1, httpx.Response(200, text="<html>It works!</html>"))
    async with server.client() as client:
        with pytest.raises(UnreachableError, match="not a Carrete server"):
            await client.video(server.only().id)


async def test_deleting_what_an_unanswered_attempt_deleted_is_a_success(
    server: FakeServer,
) -> None:
    video_id = server.only().id

    def lost(_request: httpx.Request) -> httpx.Response | None:
        if server.seen["DELETE /videos/*"] == 1:
            server.videos.clear()
            raise httpx.ReadTimeout("silence")
        return None

    server.fault = lost
    async with server.client() as client:
        await client.remove(video_id)


async def test_deleting_what_never_was_is_not_found(server: FakeServer) -> None:
    async with server.client() as client:
        with pytest.raises(ApiError):
            await client.remove(uuid4())


def test_waits_double_and_are_bounded_and_obey_the_server() -> None:
    policy = RetryPolicy(attempts=6, first_s=1, longest_s=5, longest_ask_s=20)
    assert [policy.delay_s(n, jitter=1) for n in range(1, 7)] == [1, 2, 4, 5, 5, None]
    assert policy.delay_s(1, jitter=0) == 0.5
    assert policy.delay_s(1, asked_s=7, jitter=1) == 7
    assert policy.delay_s(1, asked_s=7000, jitter=1) == 20


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("12", 12.0), ("soon", None), ("-1", None), ("Wed, 21 Oct 2015", None)],
)
def test_retry_after_is_read_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_a_token_is_in_no_representation() -> None:
    client = FakeServer().client()
    assert "secret" not in repr(client) + str(client.http.headers)
