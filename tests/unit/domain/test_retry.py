import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrete.domain.failures import (
    FailureCode,
    InvalidInputError,
    TransientError,
    UnavailableError,
)
from carrete.domain.retry import (
    LONGEST_DELAY_S,
    LONGEST_OUTAGE_DELAY_S,
    LONGEST_OUTAGE_S,
    MAX_FAILURES,
    DeadLetter,
    Reject,
    Retry,
    WaitOut,
    backoff_s,
    decide,
    describe,
    outage_delay_s,
)


def test_invalid_input_is_rejected_at_once_with_its_code() -> None:
    error = InvalidInputError(FailureCode.DAMAGED_FILE, "frame 7")
    assert decide(error, 0) == Reject(FailureCode.DAMAGED_FILE, "frame 7")


def test_a_passing_fault_is_tried_again_until_the_last_time() -> None:
    decisions = [decide(TransientError("network"), n) for n in range(MAX_FAILURES)]
    assert all(isinstance(decision, Retry) for decision in decisions[:-1])
    assert isinstance(decisions[-1], DeadLetter)
    assert decisions[-1].code is FailureCode.GAVE_UP


@given(st.integers(min_value=0, max_value=1000), st.floats(0, LONGEST_OUTAGE_S - 1))
def test_an_outage_is_waited_out_whatever_went_wrong_before(failures: int, age_s: float) -> None:
    decision = decide(UnavailableError("S3 is away"), failures, age_s)
    assert isinstance(decision, WaitOut)
    assert 0 < decision.delay_s <= LONGEST_OUTAGE_DELAY_S


def test_the_older_a_task_the_longer_it_waits_out_an_outage() -> None:
    assert outage_delay_s(10) < outage_delay_s(100) < outage_delay_s(500)


def test_what_stays_away_for_too_long_counts_as_a_failure() -> None:
    error = UnavailableError("S3 is away")
    assert isinstance(decide(error, 0, LONGEST_OUTAGE_S), Retry)
    assert isinstance(decide(error, MAX_FAILURES - 1, LONGEST_OUTAGE_S), DeadLetter)


def test_a_bug_is_tried_once_more_and_then_shown_to_the_operator() -> None:
    assert isinstance(decide(KeyError("x"), 0), Retry)
    last = decide(KeyError("x"), 1)
    assert isinstance(last, DeadLetter)
    assert last.code is FailureCode.INTERNAL
    assert "KeyError" in last.detail


@given(st.integers(min_value=0, max_value=10_000))
def test_backoff_grows_and_is_bounded(failures: int) -> None:
    assert 0 < backoff_s(failures) <= backoff_s(failures + 1) <= LONGEST_DELAY_S


@pytest.mark.parametrize("size", [0, 10, 2000, 100_000])
def test_descriptions_are_bounded_and_keep_the_end(size: int) -> None:
    text = describe(ValueError("x" * size + "END"))
    assert len(text) <= 2000
    assert text.startswith("ValueError")
    assert text.endswith("END")
