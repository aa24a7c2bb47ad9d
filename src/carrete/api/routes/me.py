"""What a signed-in person does with their own account."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.routes.accounts import forget_cookie
from carrete.api.state import AccountDep, ApiDep, SessionDep
from carrete.usecases import accounts

WRONG_PASSWORD = {"wrong_credentials": 403}


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/me/password",
        change_password,
        methods=["POST"],
        **operation(
            "changePassword",
            "Change the password",
            "accounts",
            status=204,
            codes=("wrong_credentials", "too_many_attempts"),
            statuses=WRONG_PASSWORD,
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/me/sessions",
        list_sessions,
        methods=["GET"],
        **operation("listSessions", "List sign-ins", "accounts", model=schemas.Sessions),
    )
    app.add_api_route(
        "/api/me/sessions",
        end_other_sessions,
        methods=["DELETE"],
        **operation(
            "endOtherSessions", "Sign out everywhere else", "accounts", status=204, changes=True
        ),
    )
    app.add_api_route(
        "/api/me/sessions/{session_id}",
        end_session,
        methods=["DELETE"],
        **operation(
            "endSession",
            "End a sign-in",
            "accounts",
            status=204,
            codes=("not_found",),
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/me/usage",
        read_usage,
        methods=["GET"],
        **operation("readUsage", "See what is used", "accounts", model=schemas.Usage),
    )
    app.add_api_route(
        "/api/me",
        delete_me,
        methods=["DELETE"],
        **operation(
            "deleteMe",
            "Delete the account",
            "accounts",
            status=202,
            model=schemas.AccountRemoval,
            codes=("wrong_credentials", "too_many_attempts"),
            statuses=WRONG_PASSWORD,
            changes=True,
        ),
    )


async def change_password(
    body: schemas.PasswordChange, account: AccountDep, session: SessionDep, api: ApiDep
) -> Response:
    """Change the password; every other session ends."""
    await accounts.change_password(
        account,
        session,
        body.current_password.get_secret_value(),
        body.new_password.get_secret_value(),
        policy=api.policy,
        now=datetime.now(UTC),
        accounts=api.container.accounts,
        passwords=api.passwords,
    )
    api.forget_sessions(account.id)
    return Response(status_code=204)


async def list_sessions(account: AccountDep, session: SessionDep, api: ApiDep) -> Response:
    """The sign-ins that are still valid."""
    found = await api.container.accounts.sessions(account.id)
    return present.answer({"items": [present.session(one, session.id) for one in found]})


async def end_session(session_id: UUID, account: AccountDep, api: ApiDep) -> Response:
    """End one sign-in; its event streams end too."""
    await api.container.accounts.end_session(account.id, session_id)
    api.forget_sessions(account.id)
    return Response(status_code=204)


async def end_other_sessions(account: AccountDep, session: SessionDep, api: ApiDep) -> Response:
    """End every sign-in but this one."""
    await api.container.accounts.end_other_sessions(account.id, session.id)
    api.forget_sessions(account.id)
    return Response(status_code=204)


async def read_usage(account: AccountDep, api: ApiDep) -> Response:
    """How much is used of what the account may use."""
    used, own = await api.container.accounts.usage(account.id)
    return present.answer(present.usage(used, own.over(api.settings.quota)))


async def delete_me(body: schemas.Confirmation, account: AccountDep, api: ApiDep) -> Response:
    """Sign out everywhere and hide everything at once; what is stored goes in the background."""
    await accounts.remove_account(
        account,
        body.password.get_secret_value(),
        policy=api.policy,
        now=datetime.now(UTC),
        accounts=api.container.accounts,
        passwords=api.passwords,
    )
    api.forget_sessions(account.id)
    answer = present.answer({"state": "deleting"}, 202)
    forget_cookie(answer, api)
    return answer
