import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from carrete.domain import chunks as cutting
from carrete.domain.chunks import Timeline, merge, seek_target, split, thin, total, with_ranges
from carrete.domain.flow import media_tasks
from carrete.domain.ladder import Profile
from carrete.domain.media import Access, Limits, Slot, SourceIndex, SourceInfo, Verification
from carrete.domain.plan import Plan, choose_timescale, make_plan, make_timeline
from carrete.domain.sound import sound_ranges
from carrete.domain.task import TaskKind
from carrete.usecases.tasks.encode import early_renditions

Source = Callable[..., SourceInfo]


def sound_of(seconds: float, rate: int) -> tuple[tuple[float, int, int], ...]:
    """A little sound at the start of each second's bytes."""
    return tuple((float(n), 1000 + n * rate, 1200 + n * rate) for n in range(int(seconds)))


def index_of(seconds: float, key_every: float, rate: int = 1_000_000) -> SourceIndex:
    """A source of even bytes a second, in slots of half a second."""
    slots = []
    at, next_key = 0.0, 0.0
    while at < seconds:
        key = at >= next_key
        next_key = at + key_every if key else next_key
        first = 1000 + round(at * rate)
        slots.append(Slot(at, key, first, first + rate // 2))
        at += 0.5
    end = slots[-1].end
    header = ((0, 1000), (end, end + 5000))
    return SourceIndex(tuple(slots), header, sound_of(seconds, rate))


def test_a_plan_comes_back_from_json_as_it_was(source: Source) -> None:
    plan = make_plan(
        source(frame_rate=Fraction(30000, 1001), index=index_of(60, 2)), Profile.H264_AV1
    )
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.source.index is None


def test_facts_come_back_from_json_as_they_were(source: Source) -> None:
    info = source(index=index_of(4, 2))
    assert SourceInfo.from_json(json.loads(json.dumps(info.to_json()))) == info
    seen = Verification(1, 2.0, None, 3, 4, 5)
    assert Verification.from_json(seen.to_json()) == seen


def test_what_an_older_version_stored_can_be_read() -> None:
    assert Limits.from_json({"max_pixels": 1, "of_another_time": 2}) == Limits(max_pixels=1)


@pytest.mark.parametrize("seconds", [0.04, 3.0, 11.9, 12.1, 13.0, 16.9, 60.0, 599.3, 3600.0])
@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60", "1/2", "7"])
def test_chunks_cover_every_frame_once_and_start_on_the_grid(
    seconds: float, rate: str, source: Source
) -> None:
    plan = make_plan(source(duration_s=seconds, frame_rate=Fraction(rate)))
    assert sum(chunk.frame_count for chunk in plan.chunks) == plan.frame_count >= 1
    assert plan.chunks[0].first_frame == 0
    for before, after in pairwise(plan.chunks):
        assert after.first_frame == before.first_frame + before.frame_count
        assert after.first_frame % plan.gop == 0
        assert after.start_s == pytest.approx(float(after.first_frame / plan.frame_rate))
    assert plan.chunks[-1].frame_count >= min(plan.gop, plan.frame_count)


def test_a_short_video_is_one_chunk(source: Source) -> None:
    assert len(make_plan(source(duration_s=12.0)).chunks) == 1


def test_the_first_chunk_is_short_and_later_ones_are_longer(source: Source) -> None:
    plan = make_plan(source(duration_s=120.0))
    assert plan.chunks[0].duration_s == 4
    assert plan.chunks[1].duration_s == 6
    assert {chunk.duration_s for chunk in plan.chunks[2:-1]} == {10}


def test_the_number_of_chunks_is_bounded(source: Source) -> None:
    plan = make_plan(source(duration_s=12 * 3600.0))
    assert len(plan.chunks) <= cutting.MAX_CHUNKS + 1


def test_a_container_without_an_index_is_one_chunk(source: Source) -> None:
    assert len(make_plan(source(duration_s=600.0, access=Access.WHOLE)).chunks) == 1


def test_chunks_start_right_after_keyframes_of_the_source(source: Source) -> None:
    plan = make_plan(source(duration_s=300.0, index=index_of(300, 8.0)))
    for chunk in plan.chunks[2:]:
        assert chunk.start_s % 8 < 2.1


def test_a_source_of_one_keyframe_is_one_chunk_beyond_the_first(source: Source) -> None:
    plan = make_plan(source(duration_s=300.0, index=index_of(300, 1000.0)))
    assert len(plan.chunks) <= 2


@pytest.mark.parametrize("key_every", [0.5, 2.0, 5.0, 8.5, 10.0])
def test_all_chunks_together_read_little_more_than_the_source(
    key_every: float, source: Source
) -> None:
    index = index_of(600, key_every)
    plan = make_plan(source(duration_s=600.0, index=index, size=index.slots[-1].end + 5000))
    read = sum(total(chunk.source_ranges) for chunk in plan.chunks)
    assert 0 < read <= 1.3 * plan.source.size


def test_a_long_video_whose_index_is_large_is_still_read_in_parts(source: Source) -> None:
    index = replace(index_of(3600, 2.0), header=((0, 4_000_000),))
    info = source(duration_s=3600.0, index=index, size=index.slots[-1].end)
    plan = make_plan(info)
    own = [total(chunk.source_ranges) - 4_000_000 for chunk in plan.chunks]
    assert min(own) > 0
    assert sum(own) < 1.3 * info.size


def test_a_chunks_ranges_hold_its_keyframe_and_its_end(source: Source) -> None:
    index = index_of(100, 4.0)
    info = source(duration_s=100.0, index=index)
    timeline = make_timeline(info)
    keys = cutting.key_times(index, info.video)
    for chunk in with_ranges(split(timeline, info.video, keys), timeline, info.video, index, 0):
        inside = [
            slot.time_s
            for slot in index.slots
            if any(first <= slot.first and slot.end <= end for first, end in chunk.source_ranges)
        ]
        key = max(at for at in keys if at <= chunk.seek_s)
        wanted = [
            slot.time_s
            for slot in index.slots
            if key <= slot.time_s < chunk.start_s + chunk.duration_s
        ]
        assert set(wanted) <= set(inside)
        assert {(0, 1000)} <= set(chunk.source_ranges) or chunk.source_ranges[0][0] == 0


def test_small_files_are_read_whole(source: Source) -> None:
    plan = make_plan(source(duration_s=60.0, index=index_of(60, 2), size=900_000))
    assert {chunk.source_ranges for chunk in plan.chunks} == {()}


def test_sound_that_outlasts_the_picture_holds_the_last_frame(source: Source) -> None:
    info = source()
    assert info.audio is not None
    plan = make_plan(replace(info, audio=replace(info.audio, duration_s=63.0)))
    assert plan.duration_s == 63.0
    assert sum(chunk.frame_count for chunk in plan.chunks) == plan.frame_count


def test_sound_long_before_the_picture_holds_the_first_frame(source: Source) -> None:
    plan = make_plan(source(first_pts_s=Fraction(2)))
    assert plan.origin_s == 0
    assert plan.duration_s == 62.0


def test_a_few_milliseconds_of_early_sound_are_left_out(source: Source) -> None:
    plan = make_plan(source(first_pts_s=Fraction(21, 1000)))
    assert plan.origin_s == Fraction(21, 1000)


def test_long_sound_has_a_head_that_needs_few_bytes(source: Source) -> None:
    info = source(duration_s=600.0, index=index_of(600, 2), size=600_006_000)
    plan = make_plan(info)
    assert plan.audio is not None
    assert plan.audio.apart
    assert plan.audio.ranged
    assert plan.audio.head_s > 0
    assert 0 < total(plan.audio.head_ranges) < 4_000_000
    assert total(sound_ranges(info)) < 0.12 * info.size
    assert all(
        any(a <= first and end <= b for a, b in sound_ranges(info))
        for _, first, end in index_of(600, 2).sound
    )


def test_copied_sound_is_made_with_the_chunks_and_lies_in_their_ranges(source: Source) -> None:
    index = index_of(600, 2)
    info = source(duration_s=600.0, index=index, size=600_006_000)
    plan = make_plan(info, allow_copy=True)
    assert plan.audio is not None
    assert plan.audio.copy
    assert not plan.audio.apart
    for chunk in plan.chunks:
        for time, first, end in index.sound:
            if chunk.start_s <= time < chunk.start_s + chunk.duration_s:
                assert any(a <= first and end <= b for a, b in chunk.source_ranges)


def test_what_players_start_with_is_made_before_what_takes_long(source: Source) -> None:
    index = index_of(60, 2)
    assert early_renditions(make_plan(source(index=index))) == ("h264-360",)
    kept = make_plan(source(index=index), Profile.H264_AV1, allow_copy=True)
    assert early_renditions(kept) == ("h264-1080", "h264-360")
    assert early_renditions(make_plan(source(width=640, height=360, index=index))) == ()


def test_a_short_videos_sound_has_no_task_of_its_own(source: Source) -> None:
    plan = make_plan(source(duration_s=10.0))
    assert plan.audio is not None
    assert not plan.audio.apart
    assert [task.kind for task in media_tasks(plan)] == [TaskKind.ENCODE]


def test_tasks_stand_in_the_order_in_which_they_make_a_video_playable(source: Source) -> None:
    def order(seconds: float) -> list[tuple[TaskKind, int]]:
        plan = make_plan(source(duration_s=seconds, index=index_of(seconds, 2)))
        return [(task.kind, task.index) for task in media_tasks(plan)][:3]

    sound, chunks = (TaskKind.AUDIO, 0), [(TaskKind.ENCODE, n) for n in range(3)]
    assert order(60.0) == [sound, *chunks[:2]]
    assert order(600.0) == [chunks[0], sound, chunks[1]]


def test_a_copy_needs_leave_and_a_source_that_fits(source: Source) -> None:
    index = index_of(60, 2)
    assert not make_plan(source(index=index)).top.copy
    assert make_plan(source(index=index), allow_copy=True).top.copy
    assert not make_plan(source(codec="hevc", index=index), allow_copy=True).top.copy
    assert not make_plan(source(first_pts_s=Fraction(2), index=index), allow_copy=True).top.copy


def test_where_all_is_copied_there_is_one_chunk(source: Source) -> None:
    plan = make_plan(
        source(
            width=640, height=360, bit_rate=500_000, peak_bit_rate=600_000, index=index_of(60, 2)
        ),
        allow_copy=True,
    )
    assert plan.top.copy
    assert [chunk.frame_count for chunk in plan.chunks] == [plan.frame_count]
    assert plan.chunks[0].keep_until_s is None


@pytest.mark.parametrize("key_every", [0.5, 2.0, 3.0, 4.0])
def test_each_packet_of_a_copy_is_kept_by_one_chunk_that_has_its_bytes(
    key_every: float, source: Source
) -> None:
    index = index_of(600, key_every)
    info = source(duration_s=600.0, index=index, size=600_006_000)
    plan = make_plan(info, allow_copy=True)
    assert plan.top.copy
    assert len(plan.chunks) > 30
    assert sum(chunk.frame_count for chunk in plan.chunks) == plan.frame_count
    assert [chunk.index for chunk in plan.chunks] == list(range(len(plan.chunks)))
    kept = []
    for chunk in plan.chunks:
        slots = [
            slot
            for slot in index.slots
            if (chunk.keep_from_s is None or slot.time_s >= chunk.keep_from_s)
            and (chunk.keep_until_s is None or slot.time_s < chunk.keep_until_s)
        ]
        assert slots[0].key
        for slot in slots:
            assert any(a <= slot.first and slot.end <= b for a, b in chunk.source_ranges)
        kept += slots
    assert kept == list(index.slots)
    assert sum(total(chunk.source_ranges) for chunk in plan.chunks) < 1.3 * info.size


@pytest.mark.parametrize("rate", ["24000/1001", "30", "25", "60000/1001", "1/3", "12.5"])
def test_a_frame_is_a_whole_number_of_ticks(rate: str) -> None:
    scale = choose_timescale(Fraction(rate))
    assert scale >= 10_000
    assert (scale / Fraction(rate)).denominator == 1


def test_a_seek_never_aims_past_the_frame_that_it_wants(source: Source) -> None:
    steady, loose = source().video, source(variable=True, max_frame_gap_s=3.0).video
    timeline = Timeline(Fraction(1), Fraction(30), 1800, 1800, 60)
    assert 3.0 < seek_target(steady, timeline, 60) < 3.0 + 1 / 60
    assert seek_target(loose, timeline, 120) < 5.0 - 3.0


def test_ranges_merge_and_thin() -> None:
    assert merge([(5, 7), (0, 2), (2, 4)]) == ((0, 4), (5, 7))
    assert merge([(5, 7), (0, 2)], gap=3) == ((0, 7),)
    many = tuple((n * 10_000, n * 10_000 + 100) for n in range(100))
    assert thin(many, 0) == many
    assert len(thin(many, 10_000_000)) == 1
    assert total(thin(many, 50_000)) - total(many) <= 50_000
