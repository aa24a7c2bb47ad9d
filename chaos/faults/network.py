"""PostgreSQL, S3 and SQS that can't be reached, are slow, answer wrongly or not at all."""

import asyncio
import hashlib
import random
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

from chaos.faults.base import Fault
from chaos.gateway import Call, CutReply, Gateway, Reply, ResetConnectionError, Spell
from chaos.schedule import Duration
from chaos.world import World

# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────


class CutDatabase(Fault):
    """Every connection to PostgreSQL is reset."""

    name = "db.cut"

    async def strike(self, world: World) -> str:
        return f"{world.wire.cut()} connections"


class DelayDatabase(Fault):
    """Everything to and from PostgreSQL is late."""

    name = "db.delay"
    lasts = Duration(1.0, 6.0)

    async def strike(self, world: World) -> str:
        world.wire.delay_s = 0.02 + (self.pick % 10) / 50
        return f"{world.wire.delay_s * 1000:.0f} ms"

    async def heal(self, world: World) -> None:
        world.wire.heal()


class StallDatabase(Fault):
    """Nothing to or from PostgreSQL gets through, and nothing breaks off."""

    name = "db.stall"
    lasts = Duration(1.0, 8.0)

    async def strike(self, world: World) -> str:
        world.wire.stall()
        return "all connections"

    async def heal(self, world: World) -> None:
        world.wire.heal()


class RefuseDatabase(Fault):
    """Every connection is reset, and new ones are refused."""

    name = "db.refuse"
    lasts = Duration(0.5, 5.0)

    async def strike(self, world: World) -> str:
        world.wire.refusing = True
        return f"{world.wire.cut()} connections"

    async def heal(self, world: World) -> None:
        world.wire.heal()


class LoseDatabaseAnswers(Fault):
    """What is asked of PostgreSQL is done, and the answers are lost: commits too."""

    name = "db.lose-answers"
    lasts = Duration(0.2, 2.0)

    async def strike(self, world: World) -> str:
        world.wire.deaf = True
        return "all connections"

    async def heal(self, world: World) -> None:
        world.wire.heal()


DATABASE: tuple[type[Fault], ...] = (
    CutDatabase,
    DelayDatabase,
    StallDatabase,
    RefuseDatabase,
    LoseDatabaseAnswers,
)

# ── S3 and SQS ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Share:
    """Hits a share of the calls to a service; of some actions only, where they are named."""

    service: str
    share: float
    chance: random.Random
    actions: frozenset[str] = frozenset()

    def hits(self, call: Call) -> bool:
        """Whether it is this call's turn."""
        mine = call.service == self.service and (not self.actions or call.action in self.actions)
        return mine and self.chance.random() < self.share


@dataclass
class Refuse(Share):
    """Answers an error of the service."""

    status: int = 500
    code: str = "InternalError"

    async def cast(self, call: Call, _gateway: Gateway) -> Reply:
        """Answer in the store's place."""
        if call.service == "sqs":
            body = f'{{"__type": "com.amazonaws.sqs#{self.code}", "message": "made up"}}'
            kind = "application/x-amz-json-1.0"
        else:
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>'
                f"<Error><Code>{self.code}</Code><Message>made up</Message></Error>"
            )
            kind = "application/xml"
        data = b"" if call.method == "HEAD" else body.encode()
        return Reply(self.status, {"Content-Type": kind}, data)


class Reset(Share):
    """Ends the connection without doing anything."""

    async def cast(self, _call: Call, _gateway: Gateway) -> Reply:
        """Never answers."""
        raise ResetConnectionError


class LoseAnswer(Share):
    """Does what is asked and ends the connection without an answer."""

    async def cast(self, call: Call, gateway: Gateway) -> Reply:
        """Ask, and tell nobody."""
        await gateway.forward(call)
        raise ResetConnectionError


class Truncate(Share):
    """Breaks off in the middle of the answer's body."""

    async def cast(self, call: Call, gateway: Gateway) -> Reply:
        """Half of the store's answer."""
        reply = await gateway.forward(call)
        if len(reply.body) < 2:  # noqa: PLR2004 - nothing to break off
            return reply
        raise CutReply(reply)


@dataclass
class Hang(Share):
    """Takes the request and says nothing until it is over, then ends the connection."""

    seconds: float = 5.0

    async def cast(self, _call: Call, _gateway: Gateway) -> Reply:
        """Never answers."""
        await asyncio.sleep(self.seconds)
        raise ResetConnectionError


@dataclass
class Delay(Share):
    """Answers late."""

    seconds: float = 0.3

    async def cast(self, call: Call, gateway: Gateway) -> Reply:
        """The store's answer, after a while."""
        await asyncio.sleep(self.seconds * self.chance.random() * 2)
        return await gateway.forward(call)


SENDING = frozenset({"SendMessage", "SendMessageBatch"})


class Drop(Share):
    """Says that messages were sent which were not."""

    async def cast(self, call: Call, _gateway: Gateway) -> Reply:
        """What SQS would answer."""
        if call.action == "SendMessage":
            body = _receipt(call.json["MessageBody"])
        else:
            sent = [
                {"Id": entry["Id"], **_receipt(entry["MessageBody"])}
                for entry in call.json["Entries"]
            ]
            body = {"Successful": sent, "Failed": []}
        reply = call.with_json(body).body
        return Reply(200, {"Content-Type": "application/x-amz-json-1.0"}, reply)


class Double(Share):
    """Sends messages twice."""

    async def cast(self, call: Call, gateway: Gateway) -> Reply:
        """The store's second answer."""
        await gateway.forward(call)
        return await gateway.forward(call)


@dataclass
class Late(Share):
    """Sends messages, to arrive late and in another order."""

    longest_s: int = 4

    async def cast(self, call: Call, gateway: Gateway) -> Reply:
        """The store's answer to a changed call."""
        asked = call.json
        for entry in asked.get("Entries", [asked]):
            entry["DelaySeconds"] = self.chance.randint(0, self.longest_s)
        if "Entries" in asked:
            self.chance.shuffle(asked["Entries"])
        return await gateway.forward(call.with_json(asked))


def _receipt(body: str) -> dict[str, object]:
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": str(uuid4()), "MD5OfMessageBody": digest}


class _Cast(Fault):
    """A fault that is a spell of the gateway."""

    lasts = Duration(1.0, 6.0)
    service: ClassVar[str]

    def __init__(self, pick: int, lasts_s: float) -> None:
        super().__init__(pick, lasts_s)
        self.spell: Spell | None = None

    def make(self, share: float, chance: random.Random) -> Spell:
        """The spell."""
        raise NotImplementedError

    async def strike(self, world: World) -> str:
        # Now and then every call, mostly some of them.
        share = (0.3, 0.6, 1.0)[self.pick % 3]
        self.spell = self.make(share, random.Random(self.pick))
        world.gateway.spells.append(self.spell)
        return f"{share:.0%} of the calls"

    async def heal(self, world: World) -> None:
        if self.spell is not None:
            world.gateway.spells.remove(self.spell)


class StoreErrors(_Cast):
    """S3 answers 500."""

    name = "s3.500"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Refuse("s3", share, chance)


class StoreSlowDown(_Cast):
    """S3 answers 503 SlowDown."""

    name = "s3.slow-down"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Refuse("s3", share, chance, status=503, code="SlowDown")


class StoreResets(_Cast):
    """Connections to S3 are reset."""

    name = "s3.reset"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Reset("s3", share, chance)


class StoreLosesAnswers(_Cast):
    """S3 does what is asked, and its answers are lost."""

    name = "s3.lose-answers"

    def make(self, share: float, chance: random.Random) -> Spell:
        return LoseAnswer("s3", share, chance)


class StoreTruncates(_Cast):
    """S3's answers break off in the middle."""

    name = "s3.truncate"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Truncate("s3", share, chance)


class StoreHangs(_Cast):
    """S3 takes requests and does not answer."""

    name = "s3.hang"
    lasts = Duration(2.0, 8.0)

    def make(self, share: float, chance: random.Random) -> Spell:
        return Hang("s3", share, chance, seconds=self.lasts_s)


class StoreDelays(_Cast):
    """S3 is slow."""

    name = "s3.delay"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Delay("s3", share, chance)


STORE: tuple[type[Fault], ...] = (
    StoreErrors,
    StoreSlowDown,
    StoreResets,
    StoreLosesAnswers,
    StoreTruncates,
    StoreHangs,
    StoreDelays,
)


class QueueErrors(_Cast):
    """SQS answers 500."""

    name = "sqs.500"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Refuse("sqs", share, chance)


class QueueResets(_Cast):
    """Connections to SQS are reset."""

    name = "sqs.reset"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Reset("sqs", share, chance)


class QueueHangs(_Cast):
    """SQS takes requests and does not answer."""

    name = "sqs.hang"
    lasts = Duration(2.0, 8.0)

    def make(self, share: float, chance: random.Random) -> Spell:
        return Hang("sqs", share, chance, seconds=self.lasts_s)


class QueueLosesAnswers(_Cast):
    """SQS does what is asked, and its answers are lost: received messages too."""

    name = "sqs.lose-answers"

    def make(self, share: float, chance: random.Random) -> Spell:
        return LoseAnswer("sqs", share, chance)


class QueueDrops(_Cast):
    """SQS loses messages that it took."""

    name = "sqs.drop"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Drop("sqs", share, chance, SENDING)


class QueueDoubles(_Cast):
    """SQS delivers messages twice."""

    name = "sqs.double"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Double("sqs", share, chance, SENDING)


class QueueReorders(_Cast):
    """SQS delivers messages late and out of order."""

    name = "sqs.late-and-out-of-order"

    def make(self, share: float, chance: random.Random) -> Spell:
        return Late("sqs", share, chance, SENDING)


QUEUE: tuple[type[Fault], ...] = (
    QueueErrors,
    QueueResets,
    QueueHangs,
    QueueLosesAnswers,
    QueueDrops,
    QueueDoubles,
    QueueReorders,
)
