"""Requests made up from the OpenAPI document: none ends in a 5xx, each answer is as described."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.conftest import Aws
from tests.integration.api.serving import DATA, Client, Service, serve, settings_for

from carrete.api import stream
from carrete.api.app import openapi_text
from carrete.api.middleware import MAX_TARGET
from carrete.api.openapi import TAGS
from carrete.domain.account import Role

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EXAMPLES = 25
"""Requests for each operation, mode and state of a video: enough to meet every branch of the
schemas, few enough for every run of the tests."""

# Not positive_data_acceptance: a name, an address or a state can be refused for what it says, which
# no schema tells.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

REPEATABLE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def service(
    database_url: str, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    # A stream that lasts a quarter of an hour would end no test.
    monkeypatch.setattr(stream, "LONGEST_S", 0.05)
    made = settings_for(database_url, aws, signin_limit=10**6)
    async with serve(made) as running:
        yield running


async def videos(service: Service, owner: Client) -> list[str]:
    """A video that is ready, and one that is being uploaded."""
    ready = await owner.upload()
    await service.finish(owner.id, ready["id"])
    uploading = (await owner.create())["video"]["id"]
    await owner.send(uploading, 1, DATA)
    return [ready["id"], uploading]


def run(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    service: Service,
    owner: Client,
    **fixed: Any,
) -> int:
    """Send made-up requests; returns how many."""
    sent = 0
    checks = CHECKS + ([negative_data_rejection] if mode is GenerationMode.NEGATIVE else [])

    @REPEATABLE
    @given(case=operation.as_strategy(generation_mode=mode, **fixed))
    def send(case: Case[Any]) -> None:
        nonlocal sent
        sent += 1
        answer = case.call(
            base_url=service.url,
            headers={"Authorization": owner.http.headers["authorization"]},
            allow_redirects=False,
            timeout=20,
        )
        if answer.status_code == 431:
            # an address longer than any may be is refused before it is looked at, valid or not
            assert len(answer.request.url or "") > MAX_TARGET
            case.validate_response(answer, checks=CHECKS)
        else:
            case.validate_response(answer, checks=checks)

    try:
        send()
    except Unsatisfiable:
        # Nothing of this operation can be wrong: it takes neither parameters nor a body.
        assert mode is GenerationMode.NEGATIVE
    return sent


async def owned(service: Service, owner: Client, video: str) -> dict[str, str]:
    """What else paths name, of the owner of a video."""
    share = (await owner.http.post(f"/api/videos/{video}/shares")).json()
    sessions = (await owner.http.get("/api/me/sessions")).json()["items"]
    return {
        "share_id": share["id"],
        "token": share["token"],
        "session_id": sessions[0]["id"],
        "user_id": str(owner.id),
    }


async def account_for(service: Service, tag: str) -> Client:
    """One account for each operation: signing out or deleting must not spoil what comes next."""
    owner = await service.account("maker")
    if tag == "operator":
        await service.container.accounts.set_role(owner.account["email"], Role.ADMIN)
    return owner


async def runs_for(
    operation: APIOperation[Any, Any, Any, Any], service: Service, owner: Client
) -> list[tuple[GenerationMode, dict[str, Any]]]:
    """Made-up paths, and paths that lead to something: to each video, for those that name one."""
    runs: list[tuple[GenerationMode, dict[str, Any]]] = [
        (GenerationMode.POSITIVE, {}),
        (GenerationMode.NEGATIVE, {}),
    ]
    names = set(re.findall(r"\{(\w+)\}", operation.path)) - {"kind", "track"}
    if not names:
        return runs
    for video in await videos(service, owner):
        things = await owned(service, owner, video) | {"video_id": video}
        fixed = {name: things[name] for name in names}
        runs.append((GenerationMode.POSITIVE, {"path_parameters": fixed}))
    return runs


@pytest.mark.timeout(290)
@pytest.mark.parametrize("tag", [tag["name"] for tag in TAGS])
async def test_no_made_up_request_breaks_the_api_and_every_answer_is_as_described(
    service: Service, tag: str
) -> None:
    document = (await (await service.client()).get("/api/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    sent = dict[str, int]()
    failures = list[str]()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.tags != [tag]:
            continue
        name = f"{operation.method.upper()} {operation.path}"
        owner = await account_for(service, tag)
        for mode, fixed in await runs_for(operation, service, owner):
            try:
                # In a thread: the server lives on this one's loop.
                count = await asyncio.to_thread(run, operation, mode, service, owner, **fixed)
            except BaseExceptionGroup as exc:
                failures += [f"{name}: {one}" for one in exc.exceptions]
            except AssertionError as exc:
                failures.append(f"{name}: {exc}")
            else:
                sent[name] = sent.get(name, 0) + count
    assert not failures, "\n\n".join(failures)
    assert sent
    assert all(sent.values())


def test_every_operation_has_one_tag_under_which_it_is_tried() -> None:
    document = json.loads(openapi_text())
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) >= 50
    assert {tuple(one["tags"]) for one in operations} == {(tag["name"],) for tag in TAGS}
