"""``carrete`` as a process of its own, as people and scripts run it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT_S = 100.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Cli:
    """Runs commands with settings and state of its own."""

    home: Path
    variables: Mapping[str, str]

    async def start(self, *words: str | Path) -> Process:
        """Start a command; its group is its own, so that a signal reaches it alone."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("CARRETE_")
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carrete", *(str(word) for word in words)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self.home,
            env={
                **inherited,
                "CARRETE_LANG": "en",
                "XDG_CONFIG_HOME": str(self.home / "config"),
                "XDG_STATE_HOME": str(self.home / "state"),
                **self.variables,
            },
            start_new_session=True,
        )

    async def run(self, *words: str | Path, stdin: str = "") -> Done:
        """Run a command to its end."""
        return await finish(await self.start(*words), stdin)

    @property
    def records(self) -> list[Path]:
        """What is remembered of unfinished uploads."""
        return list((self.home / "state" / "carrete" / "uploads").glob("*.json"))


async def finish(process: Process, stdin: str = "") -> Done:
    """Wait for the end of a command."""
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Done(process.returncode, out.decode(), err.decode())
