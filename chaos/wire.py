"""Stands between the processes and PostgreSQL, and can do to bytes what networks do to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

READ = 64 * 1024


@dataclass(eq=False)
class Link:
    """One connection: the client's end and the server's."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    damaged: bool = False

    def cut(self) -> None:
        """End both ends at once, without a goodbye."""
        self.client.transport.abort()
        self.server.transport.abort()


@dataclass
class Wire:
    """A TCP port of this machine that leads to a Unix socket.

    Attributes:
        delay_s: seconds that every piece of data is late, in each direction.
        refusing: new connections are ended at once.
        deaf: what the server answers is lost; those connections are cut when hearing returns.
    """

    socket: Path | None = None
    port: int = 0
    delay_s: float = 0.0
    refusing: bool = False
    deaf: bool = False
    _links: set[Link] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let data through."""
        self._flowing.set()

    @property
    def links(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def cut(self) -> int:
        """Cut every connection; how many there were."""
        links = tuple(self._links)
        for link in links:
            link.cut()
        return len(links)

    def stall(self) -> None:
        """Let nothing through, and keep everything."""
        self._flowing.clear()

    def heal(self) -> None:
        """Be a good wire again. Connections that lost something are cut: they can't go on."""
        self.delay_s, self.refusing, self.deaf = 0.0, False, False
        self._flowing.set()
        for link in tuple(self._links):
            if link.damaged:
                link.cut()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            if self.refusing:
                raise ConnectionRefusedError
            await self._flowing.wait()
            back, onward = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, onward)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, reader, onward, answers=False),
                self._pump(link, back, writer, answers=True),
            )
        finally:
            self._links.discard(link)
            link.cut()

    async def _pump(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(READ):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                if answers and (self.deaf or link.damaged):
                    link.damaged = True
                    continue
                writer.write(data)
                await writer.drain()
        if not link.damaged:
            # The other direction has nobody to talk to any more.
            with suppress(OSError):
                writer.close()


@asynccontextmanager
async def open_wire() -> AsyncIterator[Wire]:
    """A wire for as long as the block runs; say where it leads before anything connects."""
    wire = Wire()
    server = await asyncio.start_server(wire.handle, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.heal()
        wire.cut()
