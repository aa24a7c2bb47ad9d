from carrete.domain.failures import SENTENCES, FailureCode
from carrete.domain.flow import worth_finishing
from carrete.domain.ids import new_id
from carrete.domain.video import MOVES, VideoState, sources_of


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [new_id(now_ms=stamp) for stamp in (1, 2, 1_700_000_000_000, 1_800_000_000_000)]
    assert ids == sorted(ids)
    assert all(item.version == 7 for item in ids)
    assert len({new_id() for _ in range(1000)}) == 1000


def test_every_state_can_be_left_by_deleting_and_deleting_is_the_end() -> None:
    for state, targets in MOVES.items():
        assert (VideoState.DELETING in targets) == (state is not VideoState.DELETING)
    assert sources_of(VideoState.READY) == {VideoState.PROCESSING}


def test_every_failure_has_its_sentence_in_both_languages() -> None:
    assert set(SENTENCES) == set(FailureCode)
    for sentence in SENTENCES.values():
        assert sentence.en.endswith(".")
        assert sentence.es.endswith(".")
        assert sentence.en != sentence.es


def test_a_task_is_finished_on_shutdown_only_when_it_fits_the_grace_time() -> None:
    assert worth_finishing(progress=0.9, elapsed_s=9, grace_s=2)
    assert not worth_finishing(progress=0.5, elapsed_s=9, grace_s=2)
    assert not worth_finishing(progress=0.0, elapsed_s=9, grace_s=2)
