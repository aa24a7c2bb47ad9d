"""``python -m bench [NAME …]``: run all benches, or those named."""

import asyncio
import sys
from pathlib import Path

from rich.console import Console

from bench import (
    bitrate,
    drain,
    hour,
    latency,
    listing,
    playable,
    reading,
    scaling,
    streams,
    upload,
    uploads,
    whole,
)
from bench.report import Report, save, show

BENCHES = {
    "latency": latency.run,
    "upload": upload.run,
    "listing": listing.run,
    "streams": streams.run,
    "playable": playable.run,
    "whole": whole.run,
    "scaling": scaling.run,
    "reading": reading.run,
    "bytes": bitrate.run,
    "drain": drain.run,
    "uploads": uploads.run,
}
KNOWN = {**BENCHES, "hour": hour.run}
"""Also those that run only where they are named."""


async def main(names: list[str]) -> None:
    """Run them one after the other, never side by side: they would measure each other."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    reports: list[Report] = []
    for name in names or BENCHES:
        report = await KNOWN[name]()
        show(report, console)
        reports.append(report)
    target = Path("bench-results") / "results.json"
    save(reports, target)
    console.print(f"Also in {target}")


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(KNOWN)
    if unknown:
        sys.exit(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
    asyncio.run(main(sys.argv[1:]))
