"""Every kind of breakage, planted in made-up facts, is found, and nothing where none is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from chaos.audit.base import Facts
from chaos.audit.checks import check, original_of
from chaos.clips import JUNK, SMALL, Clip
from chaos.ledger import Answer, Fate, Ledger, Promise, Watch

OWNER, VIDEO, JOB = (uuid4() for _ in range(3))
NAME = "clip.mp4"


def video(**changes: Any) -> dict[str, Any]:
    row = {
        "id": VIDEO,
        "owner_id": OWNER,
        "name": NAME,
        "extension": ".mp4",
        "size_bytes": 100,
        "state": "ready",
        "failure": None,
        "job_id": JOB,
        "published_job_id": JOB,
    }
    return row | changes


def task(**changes: Any) -> dict[str, Any]:
    row = {"job_id": JOB, "video_id": VIDEO, "kind": "encode", "index": 0, "state": "done"}
    return row | {"leased": None} | changes


def artifact(**changes: Any) -> dict[str, Any]:
    row = {"key": "output/k", "video_id": VIDEO, "job_id": JOB, "kind": "chunk", "chunk": 0}
    return row | {"rendition": "h264-180", "state": "live", "size_bytes": 7} | changes


def event(number: int, name: str, /, **data: Any) -> dict[str, Any]:
    return {"id": number, "owner_id": OWNER, "video_id": VIDEO, "type": name, "data": data}


DONE = event(3, "task.done", kind="encode", index=0)
READY = event(5, "video.ready")


def sound() -> tuple[Facts, Ledger]:
    """Facts and promises that fit."""
    promise = Promise(OWNER, Clip(Path(NAME), SMALL, "x"), Fate.KEEP, VIDEO, acknowledged=True)
    facts = Facts(
        videos=[video()],
        jobs=[{"id": JOB}],
        tasks=[task()],
        artifacts=[artifact()],
        events=[DONE, READY],
        objects={original_of(video()): 100, "output/k": 7},
        messages={"queue": 0},
    )
    return facts, Ledger([promise], [Watch(OWNER, "steady", [3, 5])])


def of(promise: Promise, **changes: Any) -> Ledger:
    """A ledger with a changed promise."""
    watches = sound()[1].watches
    return Ledger([replace(promise, **changes)], watches)


Plant = Callable[[Facts, Ledger], tuple[Facts, Ledger]]
NEW = uuid4()


def with_facts(**changes: Any) -> Plant:
    return lambda facts, ledger: (replace(facts, **changes), ledger)


def with_promise(**changes: Any) -> Plant:
    return lambda facts, ledger: (facts, of(ledger.promises[0], **changes))


def with_watch(seen: list[int]) -> Plant:
    return lambda facts, ledger: (facts, Ledger(ledger.promises, [Watch(OWNER, "steady", seen)]))


def complaining(facts: Facts, ledger: Ledger) -> tuple[Facts, Ledger]:
    ledger.complaints.append("upload: internal_error")
    return facts, ledger


BROKEN: list[tuple[str, Plant]] = [
    ("lost", with_facts(videos=[], jobs=[], tasks=[], artifacts=[], objects={})),
    ("wrong end", with_facts(videos=[video(state="failed", failure="gave_up")])),
    ("wrong end", with_promise(fate=Fate.CANCEL, answer=Answer.DONE)),
    ("wrong end", with_promise(fate=Fate.DELETE, answer=Answer.DONE)),
    ("wrong end", with_promise(clip=Clip(Path(NAME), JUNK, "x"))),
    ("never acknowledged", with_promise(acknowledged=False)),
    ("abandoned upload left", with_promise(acknowledged=False, fate=Fate.ABANDON)),
    ("unsettled video", with_facts(videos=[video(state="processing")])),
    ("unsettled task", with_facts(tasks=[task(state="running")])),
    ("unsettled task", with_facts(tasks=[task(state="pending")])),
    ("lease without work", with_facts(tasks=[task(leased=True)])),
    ("doubled video", with_facts(videos=[video(), video(id=NEW)])),
    ("task done twice", with_facts(events=[DONE, DONE | {"id": 4}, READY])),
    ("ready twice", with_facts(events=[DONE, READY, READY | {"id": 6}])),
    ("two results in one place", with_facts(artifacts=[artifact(), artifact(key="output/l")])),
    ("ready with work left", with_facts(tasks=[task(), task(index=1, state="canceled")])),
    ("row of a dead object", with_facts(artifacts=[artifact(), artifact(key="x", state="dead")])),
    ("orphan object", with_facts(objects={original_of(video()): 100, "output/k": 7, "o": 1})),
    ("missing object", with_facts(objects={original_of(video()): 100})),
    ("missing object", with_facts(objects={"output/k": 7})),
    ("wrong size", with_facts(objects={original_of(video()): 99, "output/k": 7})),
    ("open upload", with_facts(uploads=["input/x"])),
    ("orphan row", with_facts(artifacts=[artifact(), artifact(key="x", video_id=NEW)])),
    ("orphan row", with_facts(jobs=[{"id": JOB}, {"id": NEW}])),
    ("orphan row", with_facts(videos=[video(job_id=NEW)])),
    ("message left", with_facts(messages={"queue": 1})),
    ("file left", with_facts(files=["worker/attempts/x"])),
    ("process left", with_facts(processes=["7 ffmpeg"])),
    ("gap in a stream", with_watch([3])),
    ("gap in a stream", with_watch([])),
    ("repeat in a stream", with_watch([3, 5, 5])),
    ("disorder in a stream", with_watch([5, 3])),
    ("unforeseen answer", complaining),
]


def test_nothing_is_found_where_nothing_is_broken() -> None:
    assert check(*sound()) == []


@pytest.mark.parametrize(
    ("kind", "plant"), BROKEN, ids=[f"{kind} {place}" for place, (kind, _) in enumerate(BROKEN)]
)
def test_each_kind_of_breakage_is_found(kind: str, plant: Plant) -> None:
    assert kind in {breakage.kind for breakage in check(*plant(*sound()))}


def test_a_failure_must_have_the_reason_that_is_true() -> None:
    facts, ledger = sound()
    junk = replace(ledger.promises[0], clip=Clip(Path(NAME), JUNK, "x"))
    failed = video(state="failed", failure="internal_error", published_job_id=None)
    found = check(replace(facts, videos=[failed]), Ledger([junk], ledger.watches))
    assert "wrong reason" in {breakage.kind for breakage in found}


@pytest.mark.parametrize(
    ("fate", "answer", "states"),
    [
        (Fate.KEEP, Answer.NONE, {"ready"}),
        (Fate.CANCEL, Answer.DONE, {"canceled"}),
        (Fate.CANCEL, Answer.REFUSED, {"ready"}),
        (Fate.CANCEL, Answer.LOST, {"ready", "canceled"}),
        (Fate.DELETE, Answer.DONE, set()),
        (Fate.REPROCESS, Answer.DONE, {"ready"}),
    ],
)
def test_what_an_owner_asked_for_decides_how_a_video_may_end(
    fate: Fate, answer: Answer, states: set[str]
) -> None:
    facts, ledger = sound()
    promises = of(ledger.promises[0], fate=fate, answer=answer)
    accepted = set()
    for state in ("ready", "canceled", "failed", "queued"):
        changed = replace(facts, videos=[video(state=state)])
        kinds = {breakage.kind for breakage in check(changed, promises)}
        if "wrong end" not in kinds:
            accepted.add(state)
    assert accepted == states


def test_a_client_that_was_killed_may_have_sent_its_file_again() -> None:
    facts, ledger = sound()
    twice = replace(facts, videos=[video(), video(id=UUID(int=1))])
    found = check(twice, of(ledger.promises[0], kills=1))
    assert "doubled video" not in {breakage.kind for breakage in found}
