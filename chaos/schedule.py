"""What goes wrong when: decided from the seed alone, so that a run can be had again. Pure."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

FIRST_S = 3.0
"""Seconds of peace at the start, in which the first uploads get on their way."""

GAP_S = (0.3, 3.0)
"""Seconds between two faults, from and to: they overlap now and then, as they do."""


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a kind of fault may last, in seconds; both 0 for one that is over at once."""

    shortest_s: float = 0.0
    longest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault of a run.

    Attributes:
        at_s: seconds after the start.
        fault: name of its kind.
        lasts_s: seconds until it is healed.
        pick: chooses among whatever can be hit when the time has come, such as the workers that
            run then.
    """

    at_s: float
    fault: str
    lasts_s: float
    pick: int

    def __str__(self) -> str:
        """One line of the timeline."""
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        return f"{self.at_s:6.1f} s  {self.fault}{lasts}"


def plan_run(seed: int, seconds: float, kinds: Mapping[str, Duration]) -> tuple[Planned, ...]:
    """The faults of a run, in order of time.

    Every kind comes once before any comes twice, so that a long run has met them all.

    Args:
        seed: the same one gives the same plan.
        seconds: the last fault is healed by then.
        kinds: what may go wrong, by name.
    """
    chance = random.Random(seed)
    planned: list[Planned] = []
    deck: list[str] = []
    at = FIRST_S
    while True:
        if not deck:
            deck = sorted(kinds)
            chance.shuffle(deck)
        name = deck.pop()
        lasts = round(chance.uniform(kinds[name].shortest_s, kinds[name].longest_s), 1)
        pick = chance.randrange(1 << 16)
        if at + lasts > seconds:
            return tuple(planned)
        planned.append(Planned(round(at, 1), name, lasts, pick))
        at += chance.uniform(*GAP_S)
