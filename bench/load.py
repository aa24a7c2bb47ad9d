"""A small load generator in a process of its own: keep-alive, one request after another.

It asks as fast as it is answered, for a bounded time, and only of this machine.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from bench.report import at

READY_S = 30.0


@dataclass(frozen=True)
class Load:
    """What a load met."""

    requests: int
    per_second: float
    p50_s: float
    p99_s: float


async def drive(url: str, token: str, connections: int, seconds: float) -> Load:
    """Put load on a URL from another process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", url, token or "-", str(connections), str(seconds)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load on {url} failed")
    return Load(**json.loads(out))


async def main(url: str, token: str, connections: int, seconds: float) -> Load:
    """Put load on a URL of this machine."""
    parts = urlsplit(url)
    if parts.hostname != "127.0.0.1":
        raise ValueError("load goes to this machine only")
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    if token != "-":
        head += f"Authorization: Bearer {token}\r\n"
    request = f"{head}\r\n".encode()
    await _ready(parts.port or 80)
    times: list[float] = []
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_ask(parts.port or 80, request, start + seconds, times))
    elapsed = time.perf_counter() - start
    return Load(len(times), len(times) / elapsed, at(times, 0.5), at(times, 0.99))


async def _ready(port: int) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def _ask(port: int, request: bytes, end: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (before := time.perf_counter()) < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.splitlines()[0].decode())
        length = head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))
        times.append(time.perf_counter() - before)
    writer.close()


if __name__ == "__main__":
    found = asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    print(json.dumps(asdict(found)))
