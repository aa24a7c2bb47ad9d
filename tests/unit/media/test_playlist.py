from collections.abc import Callable
from fractions import Fraction

from carrete.domain.ladder import Profile
from carrete.domain.media import SourceInfo
from carrete.domain.plan import Plan, make_plan
from carrete.domain.playlist import (
    Fragment,
    Layout,
    Piece,
    contiguous,
    master_playlist,
    media_playlist,
    plan_storyboard,
    segments,
    storyboard_vtt,
)

Source = Callable[..., SourceInfo]


def piece(key: str, count: int, start: float = 0, seconds: float = 2.0, size: int = 1000) -> Piece:
    fragments = tuple(
        Fragment(800 + n * size, size, start + n * seconds, seconds, 60, independent=True)
        for n in range(count)
    )
    return Piece(key, Layout(800, "avc1.64001F", fragments))


def test_the_first_pieces_fragments_are_segments_and_later_ones_are_joined() -> None:
    first, later = piece("a", 2), piece("b", 5, 4)
    assert [one.duration_s for one in segments(first.layout, first=True)] == [2, 2]
    joined = segments(later.layout, first=False)
    assert [one.duration_s for one in joined] == [6, 4]
    assert [(one.offset, one.length) for one in joined] == [(800, 3000), (3800, 2000)]


def test_a_complete_list_is_exactly_this() -> None:
    text = media_playlist([piece("a", 1), piece("b", 3, 2)], "https://x/{}".format, complete=True)
    assert text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:6",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="https://x/a",BYTERANGE="800@0"',
        "#EXTINF:2.000000,",
        "#EXT-X-BYTERANGE:1000@800",
        "https://x/a",
        "#EXTINF:6.000000,",
        "#EXT-X-BYTERANGE:3000@800",
        "https://x/b",
        "#EXT-X-ENDLIST",
    ]


def test_a_growing_list_starts_at_its_beginning_and_has_no_end() -> None:
    text = media_playlist([piece("a", 2)], str, complete=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "#EXT-X-START:TIME-OFFSET=0" in text
    assert "ENDLIST" not in text


def test_the_master_offers_what_is_there(source: Source) -> None:
    plan: Plan = make_plan(source(frame_rate=Fraction(30000, 1001)), Profile.H264)
    sound = [Piece("s", Layout(700, "mp4a.40.2", piece("s", 3).layout.fragments))]
    there = {plan.top.name: [piece("t", 2)], plan.first.name: [piece("f", 2, size=100)]}
    text = master_playlist(plan, there, sound, "{}.m3u8".format)
    lines = text.splitlines()
    assert [line for line in lines if line.endswith("m3u8")] == ["h264-1080.m3u8", "h264-360.m3u8"]
    stream = lines[lines.index("h264-1080.m3u8") - 1]
    assert 'CODECS="avc1.64001F,mp4a.40.2"' in stream
    assert "RESOLUTION=1920x1080" in stream
    assert "FRAME-RATE=29.970" in stream
    assert 'AUDIO="sound"' in stream
    assert f"BANDWIDTH={plan.top.max_bitrate + 4000}" in stream
    assert "AVERAGE-BANDWIDTH=8000" in stream
    assert 'TYPE=AUDIO,GROUP-ID="sound"' in text


def test_a_player_that_starts_early_is_offered_what_is_still_to_be_made(source: Source) -> None:
    plan = make_plan(source(duration_s=60.0), Profile.H264_AV1)
    there = {plan.first.name: [piece("f", 2)]}
    text = master_playlist(plan, there, [], "{}.m3u8".format, "{}.m3u8?opening".format)
    lines = text.splitlines()
    assert [line for line in lines if "m3u8" in line] == [
        "h264-1080.m3u8?opening",
        "h264-720.m3u8?opening",
        "h264-480.m3u8?opening",
        "h264-360.m3u8",
    ]
    stream = lines[lines.index("h264-1080.m3u8?opening") - 1]
    assert f"BANDWIDTH={plan.top.max_bitrate}," in stream
    assert 'CODECS="avc1.640028"' in stream
    # One that is there is never borrowed for.
    there |= {plan.top.name: [piece("t", 2)]}
    text = master_playlist(plan, there, [], str, "{}?opening".format)
    assert "h264-1080\n" in text


def test_nothing_is_offered_that_would_be_borrowed_to_the_end(source: Source) -> None:
    plan = make_plan(source(duration_s=8.0))
    assert len(plan.chunks) == 1
    there = {plan.first.name: [piece("f", 2)]}
    text = master_playlist(plan, there, [], str, "{}?opening".format)
    assert "opening" not in text


def test_a_list_that_begins_with_another_renditions_chunk_names_both_headers() -> None:
    pieces = [piece("low", 1), piece("b", 1, 2), piece("c", 1, 4)]
    text = media_playlist(pieces, str, complete=True, borrowed=True)
    headers = [line for line in text.splitlines() if line.startswith("#EXT-X-MAP")]
    assert [header.split('"')[1] for header in headers] == ["low", "b"]
    assert text.index('MAP:URI="b"') < text.index("\nb\n")
    assert "DISCONTINUITY" not in text


def test_a_silent_video_has_no_audio_group(source: Source) -> None:
    plan = make_plan(source(audio=None))
    text = master_playlist(plan, {plan.top.name: [piece("t", 2)]}, [], str)
    assert "AUDIO" not in text


def test_chunks_after_a_gap_wait() -> None:
    pieces = {0: piece("a", 1), 1: piece("b", 1), 3: piece("d", 1)}
    assert [one.key for one in contiguous(pieces)] == ["a", "b"]
    assert contiguous({}) == []


def test_a_storyboard_covers_the_video_with_few_pictures(source: Source) -> None:
    plan = make_plan(source(duration_s=3600.0))
    board = plan_storyboard(plan)
    assert 60 <= board.count <= 120
    assert (board.width, board.height) == (160, 90)
    text = storyboard_vtt(board, plan.duration_s, "u")
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:")
    assert text.rstrip().splitlines()[-2].endswith("--> 01:00:00.000")
    assert f"#xywh={9 * 160},0,160,90" in text
