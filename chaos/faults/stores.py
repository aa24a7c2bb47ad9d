"""S3 and SQS that can't be reached, are slow, answer wrongly or not at all."""

import random
from typing import ClassVar

from chaos.faults.base import Fault
from chaos.gateway import Spell
from chaos.schedule import Duration
from chaos.spells import (
    SENDING,
    Delay,
    Double,
    Drop,
    Hang,
    Late,
    LoseAnswer,
    Refuse,
    Reset,
    Truncate,
)
from chaos.world import World


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
