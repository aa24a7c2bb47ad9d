"""Registering, signing in and out."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response

from carrete.api import present, schemas
from carrete.api.openapi import operation
from carrete.api.state import COOKIE, AccountDep, Api, ApiDep, client_of, token_of
from carrete.usecases import accounts


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/auth/register",
        register,
        methods=["POST"],
        **operation(
            "register",
            "Make an account",
            "accounts",
            status=201,
            model=schemas.SignedIn,
            codes=("email_taken", "too_many_attempts"),
            public=True,
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/auth/login",
        log_in,
        methods=["POST"],
        **operation(
            "login",
            "Sign in",
            "accounts",
            model=schemas.SignedIn,
            codes=("wrong_credentials", "too_many_attempts"),
            public=True,
            changes=True,
        ),
    )
    app.add_api_route(
        "/api/auth/logout",
        log_out,
        methods=["POST"],
        **operation("logout", "Sign out", "accounts", status=204, changes=True),
    )
    app.add_api_route(
        "/api/me",
        read_me,
        methods=["GET"],
        **operation("readMe", "Who am I", "accounts", model=schemas.Account),
    )


async def register(request: Request, body: schemas.Registration, api: ApiDep) -> Response:
    """Make an account and sign it in: the answer has the token, and sets it as a cookie too."""
    result = await accounts.register(
        body.email,
        body.password.get_secret_value(),
        client=client_of(request),
        policy=api.policy,
        now=datetime.now(UTC),
        accounts=api.container.accounts,
        passwords=api.passwords,
    )
    return _signed_in(api, result, 201)


async def log_in(request: Request, body: schemas.SignIn, api: ApiDep) -> Response:
    """Open a session. Attempts are limited for each address and each client."""
    result = await accounts.sign_in(
        body.email,
        body.password.get_secret_value(),
        client=client_of(request),
        policy=api.policy,
        now=datetime.now(UTC),
        accounts=api.container.accounts,
        passwords=api.passwords,
    )
    return _signed_in(api, result, 200)


async def log_out(request: Request, account: AccountDep, api: ApiDep) -> Response:
    """End the session that this request came with."""
    token, _ = token_of(request)
    await accounts.sign_out(token, accounts=api.container.accounts)
    # After the row is gone, so that no request in between brings it back into the cache.
    api.forget_sessions(account.id)
    answer = Response(status_code=204)
    forget_cookie(answer, api)
    return answer


def forget_cookie(answer: Response, api: Api) -> None:
    """Have the browser drop the session's cookie."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=api.settings.cookie_secure)


async def read_me(account: AccountDep) -> Response:
    """The account that the request speaks for."""
    return present.answer(present.account(account))


def _signed_in(api: Api, result: accounts.SignedIn, status: int) -> Response:
    answer = present.answer(present.signed_in(result), status)
    answer.set_cookie(
        COOKIE,
        result.token,
        max_age=api.settings.session_days * 86_400,
        httponly=True,
        samesite="lax",
        secure=api.settings.cookie_secure,
    )
    return answer
