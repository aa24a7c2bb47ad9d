"""A proxy on loopback that counts what is read from S3, by key."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

READ = 1 << 16
_GET = re.compile(rb"^GET /([^ ?]*)")


class CountingProxy:
    """Hands everything on to another port, and counts the answers to each GET.

    Attributes:
        port: where it listens.
        read: bytes of the answers, heads included, by the path that was asked for.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.read: Counter[str] = Counter()
        self._target = target

    def bytes_of(self, part: str) -> int:
        """Bytes of the answers whose path holds ``part``."""
        return sum(size for path, size in self.read.items() if part in path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. On it, requests and answers take turns."""
        asked = [""]
        try:
            below, above = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._there(reader, above, asked))
                group.create_task(self._back(below, writer, asked))
        except* OSError:
            pass  # either side hung up; the other is told so by the closing
        finally:
            writer.close()

    async def _there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]
    ) -> None:
        while data := await reader.read(READ):
            if found := _GET.match(data):
                asked[0] = found[1].decode()
            elif data.startswith((b"PUT ", b"POST ", b"HEAD ", b"DELETE ")):
                asked[0] = ""
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]
    ) -> None:
        while data := await reader.read(READ):
            if asked[0]:
                self.read[asked[0]] += len(data)
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.close()


@asynccontextmanager
async def counting(target: int) -> AsyncIterator[CountingProxy]:
    """A proxy to a port of this machine, for as long as the block runs."""
    proxy = CountingProxy(target)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    async with server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
        server.close()
