"""What admins look at and change. For everybody else none of this is there."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Response

from carrete.api import present_operator, schemas
from carrete.api.openapi import operation
from carrete.api.present import answer
from carrete.api.state import AdminDep, ApiDep
from carrete.domain.library import MAX_SEARCH
from carrete.domain.quota import OwnQuota
from carrete.usecases import dead_letters
from carrete.usecases import operate as use
from carrete.usecases.cursors import MAX_CURSOR

Hours = Annotated[int, Query(ge=1, le=use.MAX_HOURS, description="How far back")]
Letters = Annotated[int, Query(ge=1, le=use.MAX_LETTERS, description="Most in the answer")]
Users = Annotated[int, Query(ge=1, le=use.MAX_USERS, description="Most in the answer")]
Search = Annotated[
    str, Query(max_length=MAX_SEARCH, pattern=r"^[^\x00]*$", description="Text in the address")
]
Cursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before")
]


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    for path, function, operation_id, summary, model in (
        ("overview", read_overview, "readOverview", "See the system", schemas.Overview),
        ("history", read_history, "readHistory", "See what happened", schemas.History),
        ("dead-letters", list_letters, "listDeadLetters", "List dead letters", schemas.DeadLetters),
        ("users", list_users, "listUsers", "List accounts", schemas.Users),
    ):
        app.add_api_route(
            f"/api/admin/{path}",
            function,
            methods=["GET"],
            **_admin(operation_id, summary, model=model),
        )
    app.add_api_route(
        "/api/admin/dead-letters/redrive",
        redrive,
        methods=["POST"],
        **_admin(
            "redriveDeadLetters", "Send dead letters back", model=schemas.Redriven, changes=True
        ),
    )
    app.add_api_route(
        "/api/admin/users/{user_id}",
        change_user,
        methods=["PATCH"],
        **_admin("changeUser", "Change an account's limits", model=schemas.User, changes=True),
    )


def _admin(operation_id: str, summary: str, **more: Any) -> dict[str, Any]:
    return operation(operation_id, summary, "operator", codes=("not_found",), **more)


async def read_overview(_admin: AdminDep, api: ApiDep) -> Response:
    """The queues, the tasks that wait, the workers and what they run."""
    found = await use.overview(
        now=datetime.now(UTC), operator=api.container.operator, queue=api.container.queue
    )
    return answer(present_operator.overview(found))


async def read_history(_admin: AdminDep, api: ApiDep, hours: Hours = 24) -> Response:
    """Videos, bytes and lost tasks of the last hours."""
    found = await use.history(hours, now=datetime.now(UTC), operator=api.container.operator)
    return answer(present_operator.history(found))


async def list_letters(_admin: AdminDep, api: ApiDep, limit: Letters = 50) -> Response:
    """Tasks that could not be done. What was listed is hidden from others for some seconds."""
    found = await use.dead_letters(
        limit, operator=api.container.operator, queue=api.container.queue
    )
    return answer(present_operator.dead_letters(found))


async def redrive(_admin: AdminDep, api: ApiDep) -> Response:
    """Send up to 1000 dead letters back to work, once what was wrong is mended."""
    moved, _ = await dead_letters.redrive(api.container.queue, api.container.jobs)
    return answer({"moved": moved})


async def list_users(
    _admin: AdminDep, api: ApiDep, q: Search = "", limit: Users = 50, cursor: Cursor = None
) -> Response:
    """Accounts by address, with what they use."""
    found = await use.list_accounts(q, cursor, limit, operator=api.container.operator)
    return answer(present_operator.users(found))


async def change_user(
    user_id: UUID, body: schemas.UserChange, _admin: AdminDep, api: ApiDep
) -> Response:
    """Replace an account's own limits; they hold from the next request on."""
    quota = None if body.quota is None else OwnQuota(**body.quota.model_dump())
    found = await use.limit_account(
        user_id, quota, accounts=api.container.accounts, operator=api.container.operator
    )
    return answer(present_operator.user(found))
