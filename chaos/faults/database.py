"""PostgreSQL that can't be reached, is slow, or does not answer."""

from chaos.faults.base import Fault
from chaos.schedule import Duration
from chaos.world import World


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
