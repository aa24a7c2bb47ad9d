import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from carrete.adapters.memory import MemoryStore
from carrete.domain.account import (
    EmailTakenError,
    Role,
    TooManyAttemptsError,
    WrongCredentialsError,
)
from carrete.usecases import accounts
from carrete.usecases.accounts import (
    CLIENT_FACTOR,
    Client,
    InvalidEmailError,
    SignedIn,
    SignInPolicy,
)
from carrete.usecases.passwords import AT_ONCE, Passwords

POLICY = SignInPolicy(attempts=3, window_s=300, session_days=30)
HERE = Client("192.0.2.1", "curl/8")
PASSWORD = "correct horse"
# As cheap as Argon2 gets: what is tested is not its strength.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Door:
    def __init__(self) -> None:
        self.shift = timedelta()
        self.store = MemoryStore(self.now)
        self.passwords: Passwords | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    async def hasher(self) -> Passwords:
        if self.passwords is None:
            self.passwords = await Passwords.create(CHEAP)
        return self.passwords

    async def register(
        self, email: str, password: str = PASSWORD, client: Client = HERE
    ) -> SignedIn:
        return await accounts.register(
            email,
            password,
            client=client,
            policy=POLICY,
            now=self.now(),
            accounts=self.store,
            passwords=await self.hasher(),
        )

    async def sign_in(
        self, email: str, password: str = PASSWORD, client: Client = HERE
    ) -> SignedIn:
        return await accounts.sign_in(
            email,
            password,
            client=client,
            policy=POLICY,
            now=self.now(),
            accounts=self.store,
            passwords=await self.hasher(),
        )


async def test_who_registers_is_signed_in_as_an_ordinary_user() -> None:
    door = Door()
    result = await door.register("ana@example.com")
    found = await accounts.identify(accounts.token_hash(result.token), accounts=door.store)
    assert found is not None
    assert found[0].email == "ana@example.com"
    assert found[0].role is Role.USER
    assert timedelta(days=29) < result.expires_at - door.now() <= timedelta(days=30)


async def test_an_address_is_one_account_however_it_is_written() -> None:
    door = Door()
    await door.register("Ana@Example.com")
    assert (await door.sign_in(" ana@EXAMPLE.com ")).account.email == "ana@example.com"
    with pytest.raises(EmailTakenError):
        await door.register("ANA@example.com")


@pytest.mark.parametrize(
    "email", ["", "ana", "ana@", "@example.com", "a b@example.com", "a\x00@b.c"]
)
async def test_what_is_no_address_gets_no_account(email: str) -> None:
    with pytest.raises(InvalidEmailError):
        await Door().register(email)


async def test_an_address_inside_a_private_network_is_good() -> None:
    assert (await Door().register("ana@nas")).account.email == "ana@nas"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ana@example.com", "wrong horse"),
        ("bob@example.com", "correct horse"),
        ("no address", "correct horse"),
        ("a\x00@example.com", "correct horse"),
    ],
)
async def test_it_is_not_told_what_of_the_credentials_is_wrong(email: str, password: str) -> None:
    door = Door()
    await door.register("ana@example.com")
    with pytest.raises(WrongCredentialsError) as caught:
        await door.sign_in(email, password)
    assert str(caught.value) == "the e-mail address or the password is wrong"


async def test_an_unknown_address_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door()
    seen: list[str] = []
    passwords = await door.hasher()
    verify = passwords._verify

    def watched(stored: str, password: str) -> bool:
        seen.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", watched)
    with pytest.raises(WrongCredentialsError):
        await door.sign_in("nobody@example.com")
    assert len(seen) == 1


async def test_a_password_is_the_same_from_every_keyboard() -> None:
    door = Door()
    await door.register("ana@example.com", "contrase\u00f1a larga")
    await door.sign_in("ana@example.com", "contrasen\u0303a larga")


async def test_attempts_for_one_address_are_limited_from_any_client() -> None:
    door = Door()
    await door.register("ana@example.com")
    for number in range(POLICY.attempts):
        with pytest.raises(WrongCredentialsError):
            await door.sign_in("ana@example.com", "guess", Client(f"192.0.2.{number}", ""))
    with pytest.raises(TooManyAttemptsError) as caught:
        await door.sign_in("ana@example.com", "correct horse", Client("192.0.2.99", ""))
    assert 0 < caught.value.retry_after_s <= POLICY.window_s
    door.shift = timedelta(seconds=caught.value.retry_after_s + 1)
    await door.sign_in("ana@example.com")


async def test_attempts_of_one_client_are_limited_over_all_addresses() -> None:
    door = Door()
    for number in range(POLICY.attempts * CLIENT_FACTOR):
        with pytest.raises(WrongCredentialsError):
            await door.sign_in(f"user{number}@example.com")
    with pytest.raises(TooManyAttemptsError):
        await door.sign_in("another@example.com")
    with pytest.raises(TooManyAttemptsError):
        await door.register("new@example.com")
    await door.register("new@example.com", client=Client("198.51.100.7", ""))


async def test_a_blocked_client_does_not_go_on_blocking_an_address() -> None:
    door = Door()
    await door.register("ana@example.com", client=Client("198.51.100.7", ""))
    for number in range(POLICY.attempts * CLIENT_FACTOR):
        with pytest.raises(WrongCredentialsError):
            await door.sign_in(f"user{number}@example.com")
    for _ in range(POLICY.attempts + 1):
        with pytest.raises(TooManyAttemptsError):
            await door.sign_in("ana@example.com", "guess")
    await door.sign_in("ana@example.com", client=Client("198.51.100.7", ""))


async def test_a_hash_of_old_parameters_is_replaced_at_the_next_sign_in() -> None:
    door = Door()
    await door.register("ana@example.com")
    before = await door.store.credentials("ana@example.com")
    door.passwords = await Passwords.create(PasswordHasher(2, 16, 1))
    await door.sign_in("ana@example.com")
    after = await door.store.credentials("ana@example.com")
    assert before is not None
    assert after is not None
    assert "m=8,t=1" in before[1]
    assert "m=16,t=2" in after[1]
    await door.sign_in("ana@example.com")


async def test_a_token_is_long_and_only_its_hash_is_stored() -> None:
    door = Door()
    result = await door.register("ana@example.com")
    assert len(result.token) >= 43
    assert result.token not in repr(door.store.opened)
    assert list(door.store.opened) == [accounts.token_hash(result.token)]


async def test_a_session_ends_when_it_is_closed_and_when_it_expires() -> None:
    door = Door()
    first = await door.register("ana@example.com")
    second = await door.sign_in("ana@example.com")
    await accounts.sign_out(first.token, accounts=door.store)
    await accounts.sign_out("never existed", accounts=door.store)
    assert await accounts.identify(accounts.token_hash(first.token), accounts=door.store) is None
    hashed = accounts.token_hash(second.token)
    assert await accounts.identify(hashed, accounts=door.store) is not None
    door.shift = timedelta(days=31)
    assert await accounts.identify(hashed, accounts=door.store) is None


async def test_a_label_is_short_and_printable() -> None:
    door = Door()
    await door.register("ana@example.com", client=Client("192.0.2.1", "a\x1b[31m\n" + "x" * 500))
    (session,) = door.store.opened.values()
    assert session.label == "a[31m" + "x" * 95


async def test_few_hashes_are_computed_at_once() -> None:
    passwords = await Passwords.create(CHEAP)
    running = most = 0

    async def watched() -> None:
        nonlocal running, most
        async with passwords._slots:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(watched() for _ in range(20)))
    assert most == AT_ONCE
