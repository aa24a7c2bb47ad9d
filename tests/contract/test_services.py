import asyncio
import base64
import hashlib
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import Services

from carrete import tracing
from carrete.adapters.memory import MemoryObjects
from carrete.domain.ids import new_id
from carrete.ports import Doorbell, NotFoundError, PartToSend, UploadGoneError

MIB = 1024 * 1024
ROUNDS = 10
"""Uploads that are completed by many at once; without turns, one in a few was emptied."""


def checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


async def send(services: Services, key: str, upload: str, number: int, data: bytes) -> int:
    """Do with a signed part what a client does; returns the status."""
    part = PartToSend(number, len(data), checksum(data), 600)
    signed = await services.objects.sign_part(key, upload, part)
    if isinstance(services.objects, MemoryObjects):
        services.objects.put_part(upload, number, data)
        return 200
    async with httpx.AsyncClient() as client:
        answer = await client.put(signed.url, content=data, headers=signed.headers)
    return answer.status_code


async def test_parts_become_an_object(services: Services) -> None:
    key = "input/a/b/original.mp4"
    upload = await services.objects.begin_upload(key, "video/mp4")
    parts = [b"x" * (5 * MIB), b"tail"]
    for number, data in enumerate(parts, start=1):
        assert await send(services, key, upload, number, data) == 200
    found = await services.objects.parts(key, upload)
    assert [(part.number, part.size) for part in found] == [(1, 5 * MIB), (2, 4)]
    assert [part.sha256 for part in found] == [checksum(data) for data in parts]
    await services.objects.complete_upload(key, upload, found)
    head = await services.objects.head(key)
    assert head is not None
    assert head.size == 5 * MIB + 4
    with pytest.raises(UploadGoneError):
        await services.objects.parts(key, upload)
    with pytest.raises(UploadGoneError):
        await services.objects.complete_upload(key, upload, found)


async def test_an_upload_that_is_completed_many_times_at_once_is_whole(services: Services) -> None:
    for round_ in range(ROUNDS):
        key = f"input/a/{round_}/original.mp4"
        upload = await services.objects.begin_upload(key, "video/mp4")
        assert await send(services, key, upload, 1, b"whole") == 200
        found = await services.objects.parts(key, upload)
        ends = await asyncio.gather(
            *(services.objects.complete_upload(key, upload, found) for _ in range(5)),
            return_exceptions=True,
        )
        assert None in ends
        assert all(end is None or isinstance(end, UploadGoneError) for end in ends)
        assert await services.objects.read(key, 0, 5) == b"whole"


async def test_an_aborted_upload_is_gone_and_aborting_again_is_fine(services: Services) -> None:
    upload = await services.objects.begin_upload("input/k", "video/mp4")
    listed = [item async for item in services.objects.list_uploads("input/")]
    assert [(item.key, item.upload_id) for item in listed] == [("input/k", upload)]
    await services.objects.abort_upload("input/k", upload)
    await services.objects.abort_upload("input/k", upload)
    with pytest.raises(UploadGoneError):
        await services.objects.parts("input/k", upload)


async def test_files_come_back_as_they_were_stored(services: Services, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"0123456789" * 1000)
    assert await services.objects.put_file("output/x", source, "video/mp4") == 10_000
    seen: list[float] = []
    await services.objects.download("output/x", tmp_path / "copy", seen.append)
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert seen[-1] == 1.0
    assert await services.objects.read("output/x", 10, 15) == b"01234"


async def test_large_files_are_stored_in_parts(services: Services, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * (70 * MIB // 256))
    await services.objects.put_file("output/large", source, "video/mp4")
    await services.objects.download("output/large", tmp_path / "copy", lambda _: None)
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in (source, tmp_path / "copy")]
    assert digests[0] == digests[1]
    assert [item async for item in services.objects.list_uploads("output/")] == []


async def test_missing_objects_are_said_to_be_missing(services: Services, tmp_path: Path) -> None:
    assert await services.objects.head("output/none") is None
    with pytest.raises(NotFoundError):
        await services.objects.download("output/none", tmp_path / "copy", lambda _: None)
    with pytest.raises(NotFoundError):
        await services.objects.read("output/none", 0, 1)


async def test_objects_are_listed_and_deleted(services: Services, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    for key in ("output/1", "output/2", "other/3"):
        await services.objects.put_file(key, tmp_path / "f", "text/plain")
    found = [item.key async for item in services.objects.list("output/")]
    assert found == ["output/1", "output/2"]
    await services.objects.delete(["output/1", "output/2", "output/never"])
    assert [item async for item in services.objects.list("output/")] == []
    assert await services.objects.head("other/3") is not None


async def test_a_message_is_hidden_while_it_is_held(services: Services) -> None:
    bell = Doorbell(new_id(), new_id())
    await services.queue.ring([bell])
    message = await services.queue.receive(5, 30)
    assert message is not None
    assert str(bell.task_id) in message.body
    assert message.received == 1
    assert await services.queue.receive(0, 30) is None
    await services.queue.extend(message, 60)
    await services.queue.delete(message)
    await services.queue.delete(message)
    await services.queue.extend(message, 60)


async def test_a_message_that_is_not_deleted_comes_again(services: Services) -> None:
    await services.queue.ring([Doorbell(new_id(), new_id())])
    first = await services.queue.receive(5, 1)
    again = await services.queue.receive(10, 30)
    assert first is not None
    assert again is not None
    assert (again.body, again.received) == (first.body, 2)


async def test_a_waiting_receiver_hears_the_bell(services: Services) -> None:
    waiting = asyncio.ensure_future(services.queue.receive(20, 30))
    await asyncio.wait({waiting}, timeout=0.05)
    await services.queue.ring([Doorbell(new_id(), new_id())])
    assert await asyncio.wait_for(waiting, 10) is not None


async def test_many_bells_are_many_messages(services: Services) -> None:
    owner = new_id()
    await services.queue.ring([Doorbell(new_id(), owner) for _ in range(23)])
    bodies = set()
    while message := await services.queue.receive(0, 30):
        bodies.add(message.body)
    assert len(bodies) == 23


async def test_a_message_carries_the_trace_of_whoever_rang(services: Services) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with tracing.span("ring", parent=traceparent):
        await services.queue.ring([Doorbell(new_id(), new_id())])
    message = await services.queue.receive(5, 30)
    assert message is not None
    assert message.traceparent == traceparent


async def test_dead_letters_are_kept_with_their_reason_until_deleted(services: Services) -> None:
    bell = Doorbell(new_id(), new_id())
    await services.queue.bury(bell, "ffmpeg: no such filter")
    (letter,) = await services.queue.dead_letters(10, 30)
    assert (letter.task_id, letter.reason) == (bell.task_id, "ffmpeg: no such filter")
    assert await services.queue.dead_letters(10, 30) == []
    await services.queue.delete_dead_letter(letter.message)


async def test_services_prove_that_they_answer(services: Services) -> None:
    await services.objects.check()
    await services.queue.check()
