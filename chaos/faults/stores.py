"""S3 and SQS that can't be reached, are slow, answer wrongly or not at all."""

import random
from collections.abc import Callable
from dataclasses import dataclass
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

USUALLY = Duration(1.0, 6.0)
LONGER = Duration(2.0, 8.0)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A fault that is a spell of the gateway.

    Attributes:
        make: the spell, from the share of calls that it hits, what chooses them, and the seconds
            that the fault lasts.
    """

    name: str
    make: Callable[[float, random.Random, float], Spell]
    lasts: Duration = USUALLY


_STORE = (
    _Kind("s3.500", lambda share, chance, _: Refuse("s3", share, chance)),
    _Kind(
        "s3.slow-down",
        lambda share, chance, _: Refuse("s3", share, chance, status=503, code="SlowDown"),
    ),
    _Kind("s3.reset", lambda share, chance, _: Reset("s3", share, chance)),
    _Kind("s3.lose-answers", lambda share, chance, _: LoseAnswer("s3", share, chance)),
    _Kind("s3.truncate", lambda share, chance, _: Truncate("s3", share, chance)),
    _Kind("s3.hang", lambda share, chance, lasts: Hang("s3", share, chance, seconds=lasts), LONGER),
    _Kind("s3.delay", lambda share, chance, _: Delay("s3", share, chance)),
)

_QUEUE = (
    _Kind("sqs.500", lambda share, chance, _: Refuse("sqs", share, chance)),
    _Kind("sqs.reset", lambda share, chance, _: Reset("sqs", share, chance)),
    _Kind(
        "sqs.hang", lambda share, chance, lasts: Hang("sqs", share, chance, seconds=lasts), LONGER
    ),
    # received messages get lost too
    _Kind("sqs.lose-answers", lambda share, chance, _: LoseAnswer("sqs", share, chance)),
    _Kind("sqs.drop", lambda share, chance, _: Drop("sqs", share, chance, SENDING)),
    _Kind("sqs.double", lambda share, chance, _: Double("sqs", share, chance, SENDING)),
    _Kind(
        "sqs.late-and-out-of-order", lambda share, chance, _: Late("sqs", share, chance, SENDING)
    ),
)


class _Cast(Fault):
    """A fault of one of the kinds above."""

    kind: ClassVar[_Kind]

    def __init__(self, pick: int, lasts_s: float) -> None:
        super().__init__(pick, lasts_s)
        self.spell: Spell | None = None

    async def strike(self, world: World) -> str:
        # Now and then every call, mostly some of them.
        share = (0.3, 0.6, 1.0)[self.pick % 3]
        self.spell = self.kind.make(share, random.Random(self.pick), self.lasts_s)
        world.gateway.spells.append(self.spell)
        return f"{share:.0%} of the calls"

    async def heal(self, world: World) -> None:
        if self.spell is not None:
            world.gateway.spells.remove(self.spell)


def _fault(kind: _Kind) -> type[Fault]:
    return type(kind.name, (_Cast,), {"name": kind.name, "lasts": kind.lasts, "kind": kind})


STORE = tuple(_fault(kind) for kind in _STORE)
QUEUE = tuple(_fault(kind) for kind in _QUEUE)
