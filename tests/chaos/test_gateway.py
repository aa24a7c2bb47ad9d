"""The faulty ways to the stores do what they say, and Carrete's adapters tell it as what it is."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from chaos.gateway import Gateway, Spell, open_gateway
from chaos.spells import (
    SENDING,
    Double,
    Drop,
    Hang,
    Late,
    LoseAnswer,
    Refuse,
    Reset,
    Truncate,
)
from tests.conftest import Aws

from carrete.adapters import sqs
from carrete.bootstrap import Container, create_local_resources, open_container
from carrete.config import load_settings
from carrete.domain.failures import TransientError, UnavailableError
from carrete.domain.ids import new_id
from carrete.ports import Doorbell

CHANCE = random.Random(1)
KEY = "input/a/b/original.mp4"


@dataclass
class Place:
    gateway: Gateway
    container: Container

    @asynccontextmanager
    async def under(self, spell: Spell) -> AsyncIterator[None]:
        self.gateway.spells.append(spell)
        yield
        self.gateway.spells.remove(spell)

    async def heard(self, wait_s: float = 0) -> int:
        """How many messages come."""
        count = 0
        while await self.container.queue.receive(wait_s, 60) is not None:
            count += 1
        return count


@pytest.fixture
async def place(aws: Aws) -> AsyncIterator[Place]:
    async with open_gateway(1) as gateway:
        gateway.upstream = aws.endpoint_url
        settings = load_settings(
            database_url="postgresql+psycopg://nobody@127.0.0.1:1/none",
            aws_endpoint_url=gateway.url,
            s3_bucket=aws.bucket,
            sqs_queue_url=aws.queue_url().replace(aws.endpoint_url, gateway.url),
            sqs_dlq_url=aws.queue_url("dead").replace(aws.endpoint_url, gateway.url),
        )
        await create_local_resources(settings)
        async with open_container(settings) as container:
            yield Place(gateway, container)


def bells(count: int = 1) -> list[Doorbell]:
    return [Doorbell(new_id(), new_id()) for _ in range(count)]


@pytest.mark.parametrize(
    "spell",
    [
        Refuse("s3", 1.0, CHANCE),
        Refuse("s3", 1.0, CHANCE, status=503, code="SlowDown"),
        Reset("s3", 1.0, CHANCE),
        LoseAnswer("s3", 1.0, CHANCE),
        Hang("s3", 1.0, CHANCE, seconds=0.1),
    ],
    ids=lambda spell: type(spell).__name__,
)
async def test_a_store_that_can_not_answer_is_an_outage(place: Place, spell: Spell) -> None:
    async with place.under(spell):
        with pytest.raises(UnavailableError):
            await place.container.objects.begin_upload(KEY, "video/mp4")
    assert place.gateway.hits > 1  # the SDK had tried again by itself
    await place.container.objects.check()


async def test_a_request_that_is_wrong_is_no_outage(place: Place) -> None:
    async with place.under(Refuse("s3", 1.0, CHANCE, status=400, code="InvalidArgument")):
        with pytest.raises(TransientError) as caught:
            await place.container.objects.begin_upload(KEY, "video/mp4")
    assert not isinstance(caught.value, UnavailableError)


async def test_half_an_answer_is_never_taken_for_the_whole(place: Place) -> None:
    upload = await place.container.objects.begin_upload(KEY, "video/mp4")
    async with place.under(Truncate("s3", 1.0, CHANCE)):
        with pytest.raises(TransientError):
            await place.container.objects.parts(KEY, upload)
    assert await place.container.objects.parts(KEY, upload) == []


async def test_messages_are_dropped_although_it_is_said_that_they_were_sent(place: Place) -> None:
    async with place.under(Drop("sqs", 1.0, CHANCE, SENDING)):
        await place.container.queue.ring(bells(3))
        await place.container.queue.bury(bells()[0], "x")
    assert await place.heard() == 0


async def test_messages_are_doubled(place: Place) -> None:
    async with place.under(Double("sqs", 1.0, CHANCE, SENDING)):
        await place.container.queue.ring(bells(3))
    assert await place.heard() == 6


async def test_messages_come_late(place: Place) -> None:
    async with place.under(Late("sqs", 1.0, random.Random(3), SENDING, longest_s=2)):
        await place.container.queue.ring(bells(10))
    now = await place.heard()
    assert now < 10
    assert now + await place.heard(wait_s=3) == 10


@pytest.mark.parametrize("kind", [Reset, LoseAnswer])
async def test_a_queue_that_does_not_answer_is_an_outage(
    place: Place, kind: type[Reset | LoseAnswer]
) -> None:
    async with place.under(kind("sqs", 1.0, CHANCE)):
        with pytest.raises(UnavailableError):
            await place.container.queue.ring(bells())


async def test_a_queue_that_hangs_is_not_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqs, "_CALL_S", 0.2)
    async with place.under(Hang("sqs", 1.0, CHANCE, seconds=30)):
        for call in (
            place.container.queue.ring(bells()),
            place.container.queue.receive(0.1, 10),
            place.container.queue.bury(bells()[0], "x"),
        ):
            with pytest.raises(UnavailableError):
                await call
