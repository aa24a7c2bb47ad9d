"""A queue with a dead-letter queue in memory."""

import asyncio
import itertools
import json
from collections.abc import Sequence

from carrete.adapters.sqs import read_dead_letter
from carrete.ports import DeadLetterMessage, Doorbell, Message


class MemoryQueue:
    """Conforms to ``ports.Queue``. Time is the running loop's."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: dict[str, tuple[float, int, str]] = {}
        self.dead: dict[str, tuple[float, int, str]] = {}
        self._names = itertools.count(1)
        self._rung = asyncio.Event()

    async def ring(self, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
        """See the port."""
        for bell in bells:
            body = json.dumps({"task_id": str(bell.task_id)})
            self.messages[str(next(self._names))] = (_now() + delay_s, 0, body)
        self._rung.set()

    async def receive(self, wait_s: float, visibility_s: float) -> Message | None:
        """See the port."""
        end = _now() + wait_s
        while True:
            self._rung.clear()
            found = _take(self.messages, 1, visibility_s)
            if found or _now() >= end:
                return found[0] if found else None
            shown = min((at for at, _, _ in self.messages.values()), default=end)
            try:
                async with asyncio.timeout(max(min(end, shown) - _now(), 0.001)):
                    await self._rung.wait()
            except TimeoutError:
                continue

    async def extend(self, message: Message, visibility_s: float) -> None:
        """See the port."""
        if message.receipt in self.messages:
            _, received, body = self.messages[message.receipt]
            self.messages[message.receipt] = (_now() + visibility_s, received, body)

    async def delete(self, message: Message) -> None:
        """See the port."""
        self.messages.pop(message.receipt, None)

    async def bury(self, bell: Doorbell, reason: str) -> None:
        """See the port."""
        body = json.dumps({"task_id": str(bell.task_id), "reason": reason})
        self.dead[str(next(self._names))] = (_now(), 0, body)

    async def dead_letters(self, limit: int, visibility_s: float) -> list[DeadLetterMessage]:
        """See the port."""
        return [read_dead_letter(message) for message in _take(self.dead, limit, visibility_s)]

    async def delete_dead_letter(self, message: Message) -> None:
        """See the port."""
        self.dead.pop(message.receipt, None)

    async def check(self) -> None:
        """See the port."""


def _now() -> float:
    return asyncio.get_running_loop().time()


def _take(
    messages: dict[str, tuple[float, int, str]], limit: int, visibility_s: float
) -> list[Message]:
    shown = [(name, m) for name, m in messages.items() if m[0] <= _now()][:limit]
    for name, (_, received, body) in shown:
        messages[name] = (_now() + visibility_s, received + 1, body)
    return [Message(name, received + 1, body) for name, (_, received, body) in shown]
