from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from carrete.domain.ladder import (
    Profile,
    VideoCodec,
    can_copy,
    choose_gop,
    fit,
    make_ladder,
    output_rate,
)
from carrete.domain.media import Access, Hdr, SourceInfo

Source = Callable[..., SourceInfo]


def sizes(info: SourceInfo) -> list[tuple[int, int]]:
    return [(one.width, one.height) for one in make_ladder(info, Profile.H264)]


@pytest.mark.parametrize(
    ("own", "ladder"),
    [
        ((3840, 2160), [(1920, 1080), (1280, 720), (854, 480), (640, 360)]),
        ((1920, 1080), [(1920, 1080), (1280, 720), (854, 480), (640, 360)]),
        ((1280, 720), [(1280, 720), (854, 480), (640, 360)]),
        ((640, 360), [(640, 360)]),
        ((854, 480), [(854, 480), (640, 360)]),
        ((1080, 1920), [(1080, 1920), (720, 1280), (480, 854), (360, 640)]),
        ((2560, 1080), [(1920, 810), (1280, 540), (854, 360), (640, 270)]),
        ((320, 180), [(320, 180)]),
        ((321, 181), [(320, 180)]),
        ((2400, 64), [(1920, 52), (1280, 34), (854, 22), (640, 18)]),
    ],
)
def test_the_ladder_goes_down_from_the_sources_own_size_and_keeps_its_shape(
    own: tuple[int, int], ladder: list[tuple[int, int]], source: Source
) -> None:
    assert sizes(source(width=own[0], height=own[1])) == ladder


@pytest.mark.parametrize("width", range(16, 4100, 371))
@pytest.mark.parametrize("height", range(16, 4100, 407))
def test_no_rendition_is_odd_enlarged_or_out_of_shape(width: int, height: int) -> None:
    for short_side in (1080, 720, 480, 360):
        wide, high = fit(width, height, short_side)
        assert wide % 2 == high % 2 == 0
        assert wide <= max(width, 2)
        assert high <= max(height, 2)
        # Rounding to even numbers moves each side by less than two pixels.
        assert abs(wide * height - high * width) <= 2 * (width + height)


def test_no_rendition_spends_more_than_the_source_did(source: Source) -> None:
    info = source(bit_rate=1_000_000)
    caps = [one.max_bitrate for one in make_ladder(info, Profile.H264)]
    assert caps[0] <= 900_000
    assert caps == sorted(caps, reverse=True)


def test_av1_stands_beside_h264_at_fewer_bits(source: Source) -> None:
    ladder = make_ladder(source(), Profile.H264_AV1)
    h264 = [one for one in ladder if one.codec is VideoCodec.H264]
    av1 = [one for one in ladder if one.codec is VideoCodec.AV1]
    assert ladder[0].codec is VideoCodec.H264
    assert [(one.width, one.height) for one in h264] == [(one.width, one.height) for one in av1]
    assert all(a.max_bitrate < h.max_bitrate for a, h in zip(av1, h264, strict=True))
    assert len({one.name for one in ladder}) == len(ladder)


@pytest.mark.parametrize(
    ("own", "made"),
    [
        ("120", "60"),
        ("240000/1001", "60000/1001"),
        ("60", "60"),
        ("24", "24"),
        ("100", "50"),
        ("1/2", "1/2"),
    ],
)
def test_rates_above_sixty_are_halved(own: str, made: str, source: Source) -> None:
    assert output_rate(source(frame_rate=Fraction(own)).video) == Fraction(made)


@pytest.mark.parametrize(("rate", "gop"), [("30000/1001", 60), ("24", 48), ("1/10", 1), ("25", 50)])
def test_a_gop_is_two_seconds_and_at_least_one_frame(rate: str, gop: int) -> None:
    assert choose_gop(Fraction(rate)) == gop


def test_a_source_that_fits_can_be_copied(source: Source) -> None:
    assert can_copy(source())


@pytest.mark.parametrize(
    "difference",
    [
        {"codec": "hevc"},
        {"profile": "High 10"},
        {"pix_fmt": "yuv422p"},
        {"rotation": 90},
        {"sar": Fraction(4, 3)},
        {"variable": True},
        {"interlaced": True},
        {"full_range": True},
        {"hdr": Hdr.PQ},
        {"color_space": 9},
        {"frame_rate": Fraction(120)},
        {"level": 52},
        {"width": 3840, "height": 2160},
        {"closed_gops": False},
        {"max_keyframe_gap_s": 8.0},
        {"bit_rate": 20_000_000},
        {"peak_bit_rate": 30_000_000},
        {"width": 1279, "height": 719},
        {"access": Access.REWRAP},
        {"container": "matroska,webm"},
    ],
    ids=str,
)
def test_a_source_that_differs_in_one_thing_is_encoded(
    difference: dict[str, object], source: Source
) -> None:
    assert not can_copy(source(**difference))


def test_a_lean_source_may_have_long_gops(source: Source) -> None:
    lean = {"bit_rate": 2_000_000, "peak_bit_rate": 4_000_000}
    assert can_copy(source(**lean, max_keyframe_gap_s=10.4))
    assert not can_copy(source(**lean, max_keyframe_gap_s=20.0))


def test_a_damaged_source_is_not_copied(source: Source) -> None:
    assert not can_copy(replace(source(), warnings=("cut off",)))
