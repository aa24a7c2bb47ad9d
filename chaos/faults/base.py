"""What a fault is."""

from typing import ClassVar

from chaos.schedule import Duration
from chaos.world import World


class Fault:
    """One fault, which strikes once and is healed once."""

    name: ClassVar[str]
    lasts: ClassVar[Duration] = Duration()

    def __init__(self, pick: int, lasts_s: float) -> None:
        """Keep what chooses its victim, and how long it lasts."""
        self.pick = pick
        self.lasts_s = lasts_s

    async def strike(self, world: World) -> str:
        """Do it; says what was hit, or nothing when there was nothing to hit."""
        raise NotImplementedError

    async def heal(self, world: World) -> None:
        """Put right what does not get right by itself."""
