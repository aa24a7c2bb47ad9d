"""What ``carrete doctor`` looks at. Every check is bounded and none changes anything."""

import asyncio
import os
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from rich.text import Text

from carrete import bootstrap
from carrete.cli.messages import Speaker
from carrete.config import ConfigError, Settings, load_settings
from carrete.domain.failures import CarreteError

CHECK_S = 20.0
"""Seconds that one check may take."""

NEEDED_ENCODERS = ("libx264", "aac")
WANTED_ENCODERS = ("libsvtav1",)

LEAST_FREE = 1024**3
"""Bytes; with less on the scratch disk no video of ordinary size can be processed."""

SHOWN = 300


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.FAIL: "bold red"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it found and, unless all is well, the key of how to mend it."""

    name: str
    status: Status
    detail: str
    mend: str | None = None

    def to_json(self, say: Speaker) -> dict[str, Any]:
        """As plain JSON types."""
        mend = None if self.mend is None else say(self.mend)
        return {
            "name": self.name,
            "status": str(self.status),
            "detail": self.detail,
            "mend": mend,
        }

    def line(self, say: Speaker) -> Text:
        """For people."""
        status = Text(f"{say(f'check_{self.status}'):<6}", style=STYLES[self.status])
        return status + Text(f"{self.name:<14}{self.detail}", style="")


async def check_all() -> list[Check]:
    """Make all checks; those that need settings are left out where settings are missing."""
    try:
        settings = load_settings()
    except ConfigError as error:
        detail = str(error)
        return [
            Check("settings", Status.FAIL, detail, "mend_settings"),
            await _bounded("ffmpeg", _ffmpeg(None), "mend_ffmpeg"),
            await _bounded("bubblewrap", _bubblewrap(), "mend_bubblewrap"),
        ]
    checks = await asyncio.gather(
        _bounded("database", _database(settings), "mend_database"),
        *_stores(settings),
        _bounded("ffmpeg", _ffmpeg(settings), "mend_ffmpeg"),
        _bounded("bubblewrap", _bubblewrap(), "mend_bubblewrap"),
        _bounded("scratch disk", _disk(settings), "mend_disk"),
    )
    return [Check("settings", Status.OK, f"{settings.s3_bucket}, {_where(settings)}"), *checks]


def _stores(settings: Settings) -> list[Coroutine[Any, Any, Check]]:
    return [
        _bounded("S3", _store(settings, "objects"), "mend_s3"),
        _bounded("SQS", _store(settings, "queue"), "mend_sqs"),
    ]


async def _bounded(name: str, check: Coroutine[Any, Any, Check], mend: str) -> Check:
    """A check with a time limit; what it raises is what it found."""
    try:
        return await asyncio.wait_for(check, CHECK_S)
    except TimeoutError:
        return Check(name, Status.FAIL, f"no answer within {CHECK_S:g} s", mend)
    except (CarreteError, OSError) as error:
        return Check(name, Status.FAIL, str(error)[:SHOWN], mend)


def _where(settings: Settings) -> str:
    return settings.aws_endpoint_url or settings.aws_region


async def _database(settings: Settings) -> Check:
    url = settings.database_url.get_secret_value()
    current, newest = await asyncio.to_thread(bootstrap.revisions, url)
    if current != newest:
        detail = f"revision {current or 'none'}, this code needs {newest}"
        return Check("database", Status.FAIL, detail, "mend_migrate")
    return Check("database", Status.OK, f"revision {current}")


async def _store(settings: Settings, which: str) -> Check:
    async with bootstrap.open_container(settings) as container:
        if which == "queue":
            await container.queue.check()
            return Check("SQS", Status.OK, settings.sqs_queue_url)
        await container.objects.check()
        return Check("S3", Status.OK, settings.s3_bucket)


async def _ffmpeg(settings: Settings | None) -> Check:
    if settings is None:
        path = Path(await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe))
    else:
        path = await asyncio.to_thread(bootstrap.ffmpeg_path, settings)
    status, version = await _run(str(path), "-hide_banner", "-version")
    if status != 0:
        detail = f"{path} ended with {status}: {version[-SHOWN:]}"
        return Check("ffmpeg", Status.FAIL, detail, "mend_ffmpeg")
    _, encoders = await _run(str(path), "-hide_banner", "-encoders")
    known = {word for line in encoders.splitlines() for word in line.split()[1:2]}
    first = version.splitlines()[0] if version else str(path)
    missing = [name for name in NEEDED_ENCODERS if name not in known]
    if missing:
        detail = f"{first}: no {', '.join(missing)}"
        return Check("ffmpeg", Status.FAIL, detail, "mend_ffmpeg")
    absent = [name for name in WANTED_ENCODERS if name not in known]
    if absent:
        detail = f"{first}: no {', '.join(absent)}"
        return Check("ffmpeg", Status.WARN, detail, "mend_encoders")
    return Check("ffmpeg", Status.OK, first)


async def _bubblewrap() -> Check:
    name = "bubblewrap"
    path = shutil.which("bwrap")
    if path is None:
        return Check(name, Status.WARN, "not on this machine", "mend_bubblewrap")
    status, said = await _run(path, "--ro-bind", "/", "/", "--unshare-all", "--", "true")
    if status != 0:
        return Check(name, Status.WARN, said.strip()[-SHOWN:], "mend_bubblewrap_broken")
    return Check(name, Status.OK, path)


async def _disk(settings: Settings) -> Check:
    return await asyncio.to_thread(check_disk, settings.scratch_dir, settings.scratch_bytes)


def check_disk(directory: Path, wanted: int) -> Check:
    """Whether workers can write to ``directory``, and have ``wanted`` bytes there. Blocking."""
    name, place = "scratch disk", directory
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        return Check(name, Status.FAIL, f"{place} can't be written to", "mend_disk_access")
    free = shutil.disk_usage(place).free
    detail = f"{directory}: {free / 1e9:.1f} GB free"
    if free < LEAST_FREE:
        return Check(name, Status.FAIL, detail, "mend_disk")
    if free < wanted:
        return Check(name, Status.WARN, detail, "mend_disk")
    return Check(name, Status.OK, detail)


async def _run(*argv: str) -> tuple[int, str]:
    """Run a program to its end; its exit status and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")
