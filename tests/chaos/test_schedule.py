"""What goes wrong in a run is decided by its seed alone."""

from chaos.faults import ALL, BY_NAME, durations
from chaos.schedule import FIRST_S, Duration, plan_run
from chaos.users import plan_uploads
from hypothesis import given
from hypothesis import strategies as st

SEEDS = st.integers(min_value=0, max_value=1 << 32)


@given(SEEDS)
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    assert plan_run(seed, 60, durations()) == plan_run(seed, 60, durations())
    assert plan_uploads(seed, 60, 4, 24) == plan_uploads(seed, 60, 4, 24)


def test_another_seed_gives_another_run() -> None:
    assert len({plan_run(seed, 60, durations()) for seed in range(50)}) == 50


@given(SEEDS, st.floats(min_value=1, max_value=600))
def test_every_fault_is_healed_by_the_end_and_comes_in_order(seed: int, seconds: float) -> None:
    plan = plan_run(seed, seconds, durations())
    assert all(one.at_s >= FIRST_S and one.at_s + one.lasts_s <= seconds + 0.1 for one in plan)
    assert [one.at_s for one in plan] == sorted(one.at_s for one in plan)
    assert all(
        BY_NAME[one.fault].lasts.shortest_s <= one.lasts_s <= BY_NAME[one.fault].lasts.longest_s
        for one in plan
    )


@given(SEEDS)
def test_every_kind_comes_once_before_any_comes_twice(seed: int) -> None:
    kinds = {name: Duration() for name in durations()}
    plan = plan_run(seed, 600, kinds)
    assert {one.fault for one in plan[: len(kinds)]} == set(kinds)


@given(SEEDS)
def test_users_do_something_of_everything(seed: int) -> None:
    plan = plan_uploads(seed, 60, 4, 24)
    assert len({one.fate for one in plan}) == 5
    assert len({one.kind for one in plan}) == 3
    assert len({one.by_command for one in plan}) == 2


def test_no_two_faults_share_a_name() -> None:
    assert len(BY_NAME) == len(ALL)
