"""The users of a run: they upload, follow, cancel and delete, whatever goes wrong meanwhile."""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from carrete.client.api import CarreteClient
from carrete.client.errors import ApiError, TransferError, UnreachableError
from carrete.client.events import events
from carrete.client.http import PASSING_STATUSES
from carrete.client.retry import PATIENT
from carrete.client.state import UploadBook
from carrete.client.upload import UploadRequest, upload_file
from carrete.domain.failures import CarreteError
from chaos.clips import JUNK, LONG, SMALL, Clip, Kind, make_clip
from chaos.ledger import Answer, Fate, Promise, Watch
from chaos.settings import ABANDONED_S
from chaos.world import World

PASSWORD = "correct horse battery"

UPLOAD_S = 180.0
"""Seconds in which an upload must be acknowledged, however often its client has to begin again."""

AGAIN_S = 0.5
BREAK_S = (1.0, 6.0)
"""Seconds after which the restless watcher hangs up, from and to."""

TOO_LATE = frozenset({"invalid_state", "not_found"})
"""Answers to a wish that came too late."""

STOOD_STILL = frozenset({"not_found", "upload_gone"})
"""Answers to an upload that stood still for ``ABANDONED_S``; its client then begins anew."""

Make = Callable[[Kind], Clip]


@dataclass(frozen=True, slots=True)
class PlannedUpload:
    """One upload of a run.

    Attributes:
        by_command: through ``carrete upload`` as a process, which can be killed.
        wish_s: seconds from the acknowledgement until the user does what ``fate`` says.
    """

    at_s: float
    user: int
    kind: Kind
    fate: Fate
    by_command: bool
    wish_s: float


def plan_uploads(seed: int, seconds: float, users: int, count: int) -> tuple[PlannedUpload, ...]:
    """The uploads of a run, in order of time; the same seed gives the same ones. Pure."""
    chance = random.Random(f"uploads {seed}")
    planned = []
    for number in range(count):
        # Something of everything, whatever the dice say.
        fate = list(Fate)[number % 5] if number % 3 == 1 else Fate.KEEP
        kind = LONG if number % 4 == 3 else JUNK if number % 11 == 5 else SMALL  # noqa: PLR2004
        planned.append(
            PlannedUpload(
                at_s=round(seconds * 0.9 * number / count, 1),
                user=chance.randrange(users),
                kind=kind,
                fate=fate,
                by_command=number % 2 == 0 and fate is not Fate.ABANDON,
                wish_s=round(chance.uniform(0.0, 4.0), 1),
            )
        )
    return tuple(planned)


def foreseen_upload(error: CarreteError, seconds: float) -> bool:
    """Whether an upload may be told this ``seconds`` after its client began; all else is our fault.

    ``invalid_state`` tells a client that came back that the upload had been completed, by a request
    whose answer was lost.
    """
    if not isinstance(error, ApiError):
        return isinstance(error, UnreachableError | TransferError)
    passing = error.status in PASSING_STATUSES or error.code == "invalid_state"
    return passing or (error.code in STOOD_STILL and seconds >= ABANDONED_S)


@dataclass
class User:
    """Somebody who is signed in.

    Attributes:
        home: where the commands of this user keep their state.
    """

    world: World
    client: CarreteClient
    id: UUID
    token: str
    home: Path
    chance: random.Random
    book: UploadBook = field(init=False)

    def __post_init__(self) -> None:
        """Open the book of unfinished uploads."""
        self.book = UploadBook(self.home / "uploads")

    async def follow(self, name: str, *, restless: bool) -> None:
        """Watch everything from the beginning; the restless hang up and come back all the time."""
        watch = Watch(self.id, name)
        self.world.ledger.watches.append(watch)
        while True:
            with suppress(UnreachableError, ApiError, TimeoutError):
                hang_up = self.chance.uniform(*BREAK_S) if restless else None
                after = watch.seen[-1] if watch.seen else 0
                watch.resumed += bool(watch.seen)
                async with (
                    asyncio.timeout(hang_up),
                    aclosing(events(self.client, after=after)) as stream,
                ):
                    async for event in stream:
                        if event.id is not None and event.type != "hello":
                            watch.seen.append(event.id)
            await asyncio.sleep(AGAIN_S / 5)

    async def send(self, planned: PlannedUpload, clip: Clip) -> None:
        """Upload a file until it is acknowledged, then do with it what the plan says."""
        promise = Promise(self.id, clip, planned.fate)
        self.world.ledger.promises.append(promise)
        if planned.fate is Fate.ABANDON:
            await self._abandon(promise)
            return
        async with asyncio.timeout(UPLOAD_S):
            while not promise.acknowledged:
                began = time.monotonic()
                try:
                    if planned.by_command:
                        await self._by_command(promise)
                    else:
                        await self._by_library(promise)
                except CarreteError as exc:
                    if not foreseen_upload(exc, time.monotonic() - began):
                        self.world.ledger.complaints.append(f"upload: {exc}")
                    await asyncio.sleep(AGAIN_S)
        if planned.fate is not Fate.KEEP:
            await asyncio.sleep(planned.wish_s)
            await self._wish(promise)

    async def _by_library(self, promise: Promise) -> None:
        outcome = await upload_file(
            self.client, self.id, UploadRequest(promise.clip.path), book=self.book
        )
        promise.video_id, promise.acknowledged = outcome.video.id, True

    async def _by_command(self, promise: Promise) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carrete", "upload", "--json", str(promise.clip.path)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
            start_new_session=True,
        )
        self.world.uploads.add(process.pid)
        try:
            out, err = await process.communicate()
        finally:
            self.world.uploads.discard(process.pid)
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            promise.video_id = UUID(json.loads(out)["items"][0]["video"]["id"])
            promise.acknowledged = True
            return
        if process.returncode == -9:  # noqa: PLR2004 - SIGKILL
            promise.kills += 1
        elif b"Traceback" in err or b"internal_error" in err:
            self.world.ledger.complaints.append(f"carrete upload: {err.decode()[-300:]}")
        await asyncio.sleep(AGAIN_S)

    async def _abandon(self, promise: Promise) -> None:
        """Begin an upload and never come back."""
        path = promise.clip.path
        with suppress(CarreteError):
            size = path.stat().st_size
            created = await self.client.create_video(path.name, size, key=uuid4().hex)
            promise.video_id = created.video.id
            await self.client.sign_parts(created.video.id, {1: "A" * 43 + "="})

    async def _wish(self, promise: Promise) -> None:
        assert promise.video_id is not None
        wishes = {
            Fate.CANCEL: self.client.cancel,
            Fate.DELETE: self.client.remove,
            Fate.REPROCESS: self.client.reprocess,
        }
        # Repeated by the client where that is safe; what was not answered may still have been done.
        try:
            await wishes[promise.fate](promise.video_id)
            promise.answer = Answer.DONE
        except ApiError as exc:
            promise.answer = Answer.REFUSED if exc.code in TOO_LATE else Answer.LOST
            if exc.retried:
                promise.answer = Answer.LOST
            if not (exc.code in TOO_LATE or exc.status in PASSING_STATUSES):
                self.world.ledger.complaints.append(f"{promise.fate}: {exc}")
        except UnreachableError:
            promise.answer = Answer.LOST

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("CARRETE_", "AWS_"))}
        return {
            **inherited,
            "CARRETE_SERVER": self.world.stack.api_url,
            "CARRETE_TOKEN": self.token,
            "CARRETE_LANG": "en",
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
        }


@asynccontextmanager
async def signed_in(world: World, number: int, seed: int) -> AsyncIterator[User]:
    """A user with two watchers, for as long as the block runs."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(CarreteClient(world.stack.api_url, retry=PATIENT))
        signed = await client.register(f"user-{number}@example.org", PASSWORD)
        client.use_token(signed.token)
        home = world.folder / f"user-{number}"
        home.mkdir()
        chance = random.Random(f"user {seed} {number}")
        user = User(world, client, signed.account.id, signed.token, home, chance)
        watching = [
            asyncio.create_task(user.follow("steady", restless=False)),
            asyncio.create_task(user.follow("restless", restless=True)),
        ]
        try:
            yield user
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


async def act(world: World, users: list[User], planned: tuple[PlannedUpload, ...]) -> None:
    """Let the users do what is planned; returns when all of it is done.

    Raises:
        TimeoutError: an upload was not acknowledged in time.
    """
    files = world.folder / "files"
    await asyncio.to_thread(files.mkdir)
    chance = random.Random(len(planned))
    clips = [
        await asyncio.to_thread(make_clip, one.kind, files, f"{number:03d}-{one.kind.name}", chance)
        for number, one in enumerate(planned)
    ]
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def one(upload: PlannedUpload, clip: Clip) -> None:
        await asyncio.sleep(max(0.0, start + upload.at_s - loop.time()))
        await users[upload.user].send(upload, clip)

    async with asyncio.TaskGroup() as group:
        for upload, clip in zip(planned, clips, strict=True):
            group.create_task(one(upload, clip))
