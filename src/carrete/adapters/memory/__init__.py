"""Every port in memory, for unit tests. They pass the same contract tests as the real adapters.

Nothing in here awaits between reading and writing, so that every method is one transaction.
"""

from carrete.adapters.memory.objects import MemoryObjects
from carrete.adapters.memory.queue import MemoryQueue
from carrete.adapters.memory.store import MemoryStore

__all__ = ["MemoryObjects", "MemoryQueue", "MemoryStore"]
