"""What can become of a call to S3 or SQS on its way."""

import asyncio
import hashlib
import random
from dataclasses import dataclass
from uuid import uuid4

from chaos.gateway import Call, CutReply, Gateway, Reply, ResetConnectionError


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
