"""What the routes share, and how a request finds out who it speaks for."""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from carrete.api.errors import CsrfError, UnauthenticatedError
from carrete.api.hub import EventHub
from carrete.api.probes import Probes
from carrete.api.rates import RateLimitedError, TokenBuckets, cost_of
from carrete.api.sessions import SessionCache
from carrete.bootstrap import Container
from carrete.config import Settings
from carrete.domain.account import Account, Role, Session
from carrete.ports import NotFoundError
from carrete.usecases.accounts import Client, SignInPolicy, identify, token_hash
from carrete.usecases.passwords import Passwords
from carrete.usecases.streams import SignedUrls

COOKIE = "carrete_session"
CSRF_HEADER = "x-carrete-client"
MAX_TOKEN = 200
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Api:
    """Everything that the routes use, made when the application starts."""

    container: Container
    passwords: Passwords
    hub: EventHub
    probes: Probes
    urls: SignedUrls
    objects_origin: str
    rates: TokenBuckets
    sessions: SessionCache = field(default_factory=SessionCache)

    @property
    def settings(self) -> Settings:
        """The settings that the process started with."""
        return self.container.settings

    @property
    def policy(self) -> SignInPolicy:
        """Bounds of signing in."""
        settings = self.settings
        return SignInPolicy(settings.signin_limit, settings.signin_window_s, settings.session_days)

    def forget_sessions(self, account_id: UUID) -> None:
        """Some of the account's sessions have ended: no stream and no memory may outlive them."""
        self.sessions.forget_account(account_id)
        self.hub.close_streams(account_id)


async def the_api(request: Request) -> Api:
    """The running application's parts. Async only because FastAPI runs others in threads."""
    api: Api = request.app.state.api
    return api


def token_of(request: Request) -> tuple[str, bool]:
    """The token that came with a request, and whether it came as a cookie.

    Raises:
        UnauthenticatedError: none came.
    """
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN:
            raise UnauthenticatedError("the Authorization header is not `Bearer` and a token")
        return token, False
    token = request.cookies.get(COOKIE, "")
    if not 0 < len(token) <= MAX_TOKEN:
        raise UnauthenticatedError("sign in, and send the token or the cookie")
    return token, True


async def signed_in(request: Request) -> Account:
    """The account that the request speaks for.

    Raises:
        UnauthenticatedError: no token came, or it opens no session.
        RateLimitedError: the account asks too often.
        CsrfError: a page of another site may have sent this: the cookie came, our header did not.
    """
    token, by_cookie = token_of(request)
    if by_cookie and request.method not in SAFE_METHODS and CSRF_HEADER not in request.headers:
        # A custom header can't be sent across sites without a CORS preflight, which fails.
        raise CsrfError("requests with the cookie that change something need X-Carrete-Client")
    api: Api = request.app.state.api
    hashed = token_hash(token)
    found = api.sessions.get(hashed)
    if found is None:
        found = await identify(hashed, accounts=api.container.accounts)
        if found is None:
            raise UnauthenticatedError("the session is unknown or has expired")
        api.sessions.put(hashed, *found)
    request.state.account_id = found[0].id
    if wait_s := api.rates.take(found[0].id, cost_of(request.url.path)):
        raise RateLimitedError(wait_s)
    request.state.session = found[1]
    return found[0]


def client_of(request: Request) -> Client:
    """Who is at the other end, as far as trusted proxies tell."""
    address = request.client.host if request.client else "unknown"
    return Client(address, request.headers.get("user-agent", ""))


ApiDep = Annotated[Api, Depends(the_api)]
AccountDep = Annotated[Account, Depends(signed_in)]


async def the_session(request: Request, _account: AccountDep) -> Session:
    """The session that the request came with."""
    session: Session = request.state.session
    return session


SessionDep = Annotated[Session, Depends(the_session)]


async def the_admin(account: AccountDep) -> Account:
    """The admin that the request speaks for.

    Raises:
        NotFoundError: whoever else asks is not even told that there is something.
    """
    if account.role is not Role.ADMIN:
        raise NotFoundError("there is nothing here")
    return account


AdminDep = Annotated[Account, Depends(the_admin)]
