"""A queue with a dead-letter queue in memory."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import TypeAlias

from carrete import tracing
from carrete.adapters.sqs import read_dead_letter
from carrete.ports import DeadLetterMessage, Doorbell, Message, QueueDepth

_Stored: TypeAlias = tuple[float, int, str, str | None]
"""When it is shown again, how often it was received, its body, the trace of whoever sent it."""


class MemoryQueue:
    """Conforms to ``ports.Queue``. Time is the running loop's."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: dict[str, _Stored] = {}
        self.dead: dict[str, _Stored] = {}
        self._names = itertools.count(1)
        self._rung = asyncio.Event()

    async def ring(self, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
        """See the port."""
        for bell in bells:
            body = json.dumps({"task_id": str(bell.task_id)})
            self.messages[str(next(self._names))] = (_now() + delay_s, 0, body, tracing.current())
        self._rung.set()

    async def receive(self, wait_s: float, visibility_s: float) -> Message | None:
        """See the port."""
        end = _now() + wait_s
        while True:
            self._rung.clear()
            found = _take(self.messages, 1, visibility_s)
            if found or _now() >= end:
                return found[0] if found else None
            shown = min((at for at, *_ in self.messages.values()), default=end)
            try:
                async with asyncio.timeout(max(min(end, shown) - _now(), 0.001)):
                    await self._rung.wait()
            except TimeoutError:
                continue

    async def extend(self, message: Message, visibility_s: float) -> None:
        """See the port."""
        if message.receipt in self.messages:
            stored = self.messages[message.receipt]
            self.messages[message.receipt] = (_now() + visibility_s, *stored[1:])

    async def delete(self, message: Message) -> None:
        """See the port."""
        self.messages.pop(message.receipt, None)

    async def bury(self, bell: Doorbell, reason: str) -> None:
        """See the port."""
        body = json.dumps({"task_id": str(bell.task_id), "reason": reason})
        self.dead[str(next(self._names))] = (_now(), 0, body, tracing.current())

    async def dead_letters(self, limit: int, visibility_s: float) -> list[DeadLetterMessage]:
        """See the port."""
        return [read_dead_letter(message) for message in _take(self.dead, limit, visibility_s)]

    async def delete_dead_letter(self, message: Message) -> None:
        """See the port."""
        self.dead.pop(message.receipt, None)

    async def depth(self) -> QueueDepth:
        """See the port."""
        hidden = sum(received > 0 and at > _now() for at, received, *_ in self.messages.values())
        return QueueDepth(len(self.messages) - hidden, hidden, len(self.dead))

    async def check(self) -> None:
        """See the port."""


def _now() -> float:
    return asyncio.get_running_loop().time()


def _take(messages: dict[str, _Stored], limit: int, visibility_s: float) -> list[Message]:
    shown = [(name, m) for name, m in messages.items() if m[0] <= _now()][:limit]
    for name, (_, received, body, traceparent) in shown:
        messages[name] = (_now() + visibility_s, received + 1, body, traceparent)
    return [
        Message(name, received + 1, body, traceparent, name)
        for name, (_, received, body, traceparent) in shown
    ]
