import pytest
from tests.unit.api.memory_api import MemoryApi, open_api
from tests.unit.api.test_http import assert_problem

from carrete.api import rates
from carrete.api.rates import CLIENT_FACTOR, TokenBuckets, client_key, cost_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_fills_again_and_says_when() -> None:
    clock = Clock()
    buckets = TokenBuckets(2.0, 3.0, clock)
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a") == 0.5
    assert buckets.take("b") == 0.0
    clock.now = 0.5
    assert buckets.take("a") == 0.0
    assert buckets.take("a") == 0.5
    clock.now = 1000.0
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_what_costs_more_takes_more_and_a_refusal_takes_nothing() -> None:
    buckets = TokenBuckets(1.0, 10.0, Clock())
    assert buckets.take("a", 8.0) == 0.0
    assert buckets.take("a", 5.0) == 3.0
    assert buckets.take("a", 2.0) == 0.0


def test_no_rate_is_no_limit() -> None:
    buckets = TokenBuckets(0, 1.0)
    assert not any(buckets.take("a") for _ in range(100))


def test_buckets_are_bounded_and_the_busy_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MAX_KEYS", 10)
    buckets = TokenBuckets(1.0, 1.0, Clock())
    buckets.take("busy")
    for number in range(100):
        buckets.take(number)
        assert buckets.take("busy") > 0
    assert len(buckets._buckets) == 10


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_customer_is_one_client(address: str, key: str) -> None:
    assert client_key(address) == key


def test_players_may_ask_for_playlists_often_and_streams_cost_more() -> None:
    assert (
        cost_of("/api/videos/1/hls/master.m3u8") < cost_of("/api/videos") < cost_of("/api/events")
    )


async def test_an_account_that_asks_too_often_waits_and_others_do_not() -> None:
    async with open_api(rate_per_s=0.01, rate_burst=10) as api:
        ana, bob = await api.account("ana"), await api.account("bob")
        for _ in range(10):
            assert (await ana.get("/api/me")).status_code == 200
        refused = await ana.get("/api/me")
        assert_problem(refused, 429, "rate_limited")
        assert 0 < int(refused.headers["retry-after"]) <= 100
        assert (await bob.get("/api/me")).status_code == 200


async def test_an_address_that_asks_too_often_waits_whoever_it_says_it_is() -> None:
    async with open_api(rate_per_s=0.01, rate_burst=10) as api:
        guessed = [
            await api.client(authorization=f"Bearer guess-{n}").get("/api/me")
            for n in range(10 * CLIENT_FACTOR)
        ]
        assert {answer.status_code for answer in guessed} == {401}
        refused = await api.anyone.get("/api/shared/x")
        assert_problem(refused, 429, "rate_limited")
        # what load balancers ask is no part of it
        assert (await api.anyone.get("/healthz")).status_code == 200


async def test_the_usual_limits_are_out_of_a_persons_way(api: MemoryApi) -> None:
    ana = await api.account()
    answers = [await ana.get("/api/videos") for _ in range(200)]
    assert {answer.status_code for answer in answers} == {200}
