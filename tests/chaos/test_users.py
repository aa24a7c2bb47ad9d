"""What users may be told while everything goes wrong."""

import pytest
from chaos.settings import ABANDONED_S
from chaos.users import foreseen_upload

from carrete.client.errors import ApiError, UnreachableError


@pytest.mark.parametrize("code", ["upload_gone", "not_found"])
def test_an_upload_may_be_gone_only_after_it_could_stand_still(code: str) -> None:
    gone = ApiError(code, 409, "the upload is no longer stored")
    assert foreseen_upload(gone, ABANDONED_S)
    assert not foreseen_upload(gone, ABANDONED_S - 0.1)


def test_an_answer_that_no_upload_should_get_is_our_fault_however_late_it_comes() -> None:
    for code, status in (("internal_error", 500), ("size_mismatch", 409), ("forbidden", 403)):
        assert not foreseen_upload(ApiError(code, status, "no"), 10 * ABANDONED_S)


def test_who_is_told_to_try_again_or_is_told_nothing_has_no_complaint() -> None:
    assert foreseen_upload(ApiError("unavailable", 503, "in a moment"), 0.0)
    assert foreseen_upload(ApiError("invalid_state", 409, "it is over"), 0.0)
    assert foreseen_upload(UnreachableError("http://127.0.0.1:1", "reset"), 0.0)
