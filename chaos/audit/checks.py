"""From facts to breakages. Pure, so that each check can be tried on made-up facts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from chaos.audit.base import Breakage, Facts, Row
from chaos.clips import JUNK
from chaos.ledger import Answer, Fate, Ledger, Promise

SETTLED = frozenset({"ready", "failed", "canceled"})
OVER = frozenset({"done", "failed", "canceled"})
GONE = "gone"
JUNK_CODE = "not_a_video"


def check(facts: Facts, ledger: Ledger) -> list[Breakage]:
    """Everything that is not as it was promised."""
    return [breakage for one in CHECKS for breakage in one(facts, ledger)]


def allowed(promise: Promise) -> set[str]:
    """The states in which an acknowledged upload may end, after all that its owner asked for."""
    made = {"failed" if promise.clip.kind == JUNK else "ready"}
    wished = {Fate.CANCEL: {"canceled"}, Fate.DELETE: {GONE}}.get(promise.fate, made)
    if promise.answer is Answer.DONE:
        return wished
    if promise.answer is Answer.REFUSED:
        return made
    # Without an answer nobody knows whether it was done.
    return made | wished


def kept(facts: Facts, ledger: Ledger) -> Iterator[Breakage]:
    """Every acknowledged upload ended as it should, and is told so."""
    videos = {row["id"]: row for row in facts.videos}
    for promise in ledger.promises:
        if not promise.acknowledged:
            if promise.fate is not Fate.ABANDON:
                yield Breakage("never acknowledged", promise.clip.path.name)
            elif promise.video_id in videos:
                yield Breakage("abandoned upload left", str(promise.video_id))
            continue
        row = videos.get(promise.video_id)
        state = GONE if row is None else str(row["state"])
        if state not in allowed(promise):
            why = "" if row is None else f" {row['failure'] or ''}"
            wanted = " or ".join(sorted(allowed(promise)))
            kind = "lost" if state == GONE else "wrong end"
            name = promise.clip.path.name
            yield Breakage(kind, f"{name} ({promise.video_id}) is {state}{why}, not {wanted}")
        elif state == "failed" and row is not None and row["failure"] != JUNK_CODE:
            yield Breakage("wrong reason", f"{promise.clip.path.name}: {row['failure']}")


def settled(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """Nothing works or waits for ever."""
    for row in facts.videos:
        if row["state"] not in SETTLED:
            yield Breakage("unsettled video", f"{row['id']} {row['name']} is {row['state']}")
    for row in facts.tasks:
        if row["state"] not in OVER:
            yield Breakage("unsettled task", f"{row['kind']} {row['index']} is {row['state']}")
        elif row["leased"]:
            yield Breakage("lease without work", f"{row['kind']} {row['index']} {row['state']}")


def once(facts: Facts, ledger: Ledger) -> Iterator[Breakage]:
    """Everything was done exactly once in effect."""
    names = Counter((row["owner_id"], row["name"]) for row in facts.videos)
    for promise in ledger.promises:
        count = names[promise.user, promise.clip.path.name]
        # A client that was killed between the acknowledgement and its own end begins anew.
        if count > 1 + promise.kills:
            yield Breakage("doubled video", f"{promise.clip.path.name}: {count} times")
    again = {p.video_id for p in ledger.promises if p.fate is Fate.REPROCESS}
    restarted = {row["video_id"] for row in facts.events if row["type"] == "job.restarted"}
    done = Counter(
        (row["video_id"], row["data"].get("kind"), row["data"].get("index"))
        for row in facts.events
        if row["type"] == "task.done" and row["video_id"] not in again | restarted
    )
    for (video, kind, index), count in done.items():
        if count > 1:
            yield Breakage("task done twice", f"{kind} {index} of {video}: {count} times")
    ready = Counter(row["video_id"] for row in facts.events if row["type"] == "video.ready")
    for video, count in ready.items():
        if count > (2 if video in again else 1):
            yield Breakage("ready twice", f"{video}: {count} times")
    live = Counter(
        (row["job_id"], row["kind"], row["rendition"], row["chunk"])
        for row in facts.artifacts
        if row["state"] == "live"
    )
    for place, count in live.items():
        if count > 1:
            yield Breakage("two results in one place", f"{place}: {count}")


def finished(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """A ready video's job is whole."""
    undone = defaultdict[UUID, list[str]](list)
    for row in facts.tasks:
        if row["state"] != "done":
            undone[row["job_id"]].append(f"{row['kind']} {row['index']} {row['state']}")
    for row in facts.videos:
        if row["state"] == "ready" and undone[row["published_job_id"]]:
            yield Breakage(
                "ready with work left", f"{row['id']}: {undone[row['published_job_id']]}"
            )


def stored(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """Every object belongs to a row, every row has its object, of the right size."""
    wanted: dict[str, int] = {}
    for row in facts.videos:
        if row["state"] != "uploading":
            wanted[original_of(row)] = row["size_bytes"]
    for row in facts.artifacts:
        if row["state"] == "live":
            wanted[row["key"]] = row["size_bytes"]
        else:
            yield Breakage("row of a dead object", f"{row['key']} is {row['state']}")
    for key, size in facts.objects.items():
        if key not in wanted:
            yield Breakage("orphan object", f"{key} of {size} bytes")
    for key, size in wanted.items():
        if key not in facts.objects:
            yield Breakage("missing object", key)
        elif facts.objects[key] != size:
            yield Breakage("wrong size", f"{key}: {facts.objects[key]} instead of {size}")


def closed(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """No multipart upload is open."""
    for key in facts.uploads:
        yield Breakage("open upload", key)


def original_of(row: Row) -> str:
    """Where a video's original must be."""
    return f"input/{row['owner_id']}/{row['id']}/original{row['extension']}"


def owned(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """No row is left of what is gone."""
    videos = {row["id"]: row for row in facts.videos}
    jobs = {row["id"] for row in facts.jobs}
    for row in facts.artifacts:
        if row["video_id"] not in videos:
            yield Breakage("orphan row", f"artifact {row['key']}")
    for row in facts.videos:
        if row["job_id"] is not None and row["job_id"] not in jobs:
            yield Breakage("orphan row", f"video {row['id']} points at a job that is gone")
    current = {(row["job_id"], row["published_job_id"]) for row in facts.videos}
    needed = {job for pair in current for job in pair}
    for job in jobs - needed:
        yield Breakage("orphan row", f"job {job} is nobody's")


def emptied(facts: Facts, _ledger: Ledger) -> Iterator[Breakage]:
    """No message, file or process is left."""
    for queue, count in facts.messages.items():
        if count:
            yield Breakage("message left", f"{count} in {queue}")
    for path in facts.files:
        yield Breakage("file left", path)
    for process in facts.processes:
        yield Breakage("process left", process)


def streamed(facts: Facts, ledger: Ledger) -> Iterator[Breakage]:
    """Every watcher saw every event of its owner once and in order, however often it resumed."""
    ids = defaultdict[UUID, list[int]](list)
    for row in facts.events:
        ids[row["owner_id"]].append(row["id"])
    for watch in ledger.watches:
        wanted, seen = ids[watch.user], watch.seen
        if seen == wanted:
            continue
        missed = sorted(set(wanted) - set(seen))
        twice = [number for number, count in Counter(seen).items() if count > 1]
        if missed:
            yield Breakage("gap in a stream", f"{watch.name} of {watch.user} missed {missed[:10]}")
        if twice:
            yield Breakage("repeat in a stream", f"{watch.name} saw {twice[:10]} again")
        if not missed and not twice:
            yield Breakage("disorder in a stream", f"{watch.name} of {watch.user}")


def answered(_facts: Facts, ledger: Ledger) -> Iterator[Breakage]:
    """Nobody got an answer that the system should not give."""
    for complaint in ledger.complaints:
        yield Breakage("unforeseen answer", complaint)


CHECKS: tuple[Callable[[Facts, Ledger], Iterator[Breakage]], ...] = (
    kept,
    settled,
    once,
    finished,
    stored,
    closed,
    owned,
    emptied,
    streamed,
    answered,
)
