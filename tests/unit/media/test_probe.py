from fractions import Fraction
from typing import Any

import pytest

from carrete.adapters.ffmpeg.probe import read_answer, source_info
from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.media import Access, Hdr, Limits


def raw(**changes: Any) -> dict[str, Any]:
    """What the probe prints for a plain clip; ``video__x`` changes a fact of the video."""
    facts: dict[str, Any] = {
        "container": "mov,mp4,m4a,3gp,3g2,mj2", "size": 1000, "stream_count": 1, "start_s": 0.0,
        "container_duration_s": 4.0, "claimed": [0, 0], "indexed": True, "audio": None,
        "audio_table": {"first": None, "end": None, "count": 0}, "sound_runs": None,
        "header_ranges": [[0, 10]], "closed_gops": True,
        "video": {
            "index": 0, "codec": "h264", "profile": "High", "level": 40, "reorder": 2,
            "width": 640, "height": 360, "sar": "1/1", "average_rate": "25/1",
            "guessed_rate": "25/1", "time_base": "1/12800", "start": 0, "duration": 51200,
            "frames": 100, "pix_fmt": "yuv420p", "bit_depth": 8, "has_alpha": False,
            "bit_rate": 0, "primaries": 2, "transfer": 2, "space": 2, "range": 0,
            "decoded": True, "rotation": 0, "interlaced": False,
        },
        "video_table": {
            "count": 100, "first": 0, "last": 50688, "end": None, "median_delta": 512,
            "short_delta": 512, "max_delta": 512, "bytes": 800, "last_byte": 990,
            "ends": [100, 500, 990], "max_key_gap_s": 2.0, "fits": [["25/1", 0.0]],
            "peak_bits": 2000, "slots": [[0.0, True, 10, 990]],
        },
    }  # fmt: skip
    for key, value in changes.items():
        group, _, name = key.rpartition("__")
        (facts[group] if group else facts)[name] = value
    return facts


def refused(code: FailureCode, **changes: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        source_info(raw(**changes), Limits())
    assert caught.value.code is code


def test_a_plain_clip_is_what_it_says() -> None:
    info = source_info(raw(), Limits())
    assert info.access is Access.SEEK
    assert info.video.frame_rate == 25
    assert not info.video.variable
    assert info.duration_s == 4.0
    assert info.video.bit_rate == 1600


def test_the_reason_of_a_refusal_is_passed_on() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_answer(b'{"error": "encrypted", "detail": "encv"}', Limits())
    assert caught.value.code is FailureCode.ENCRYPTED


@pytest.mark.parametrize(
    ("fits", "rate"),
    [
        ([["30/1", 0.3], ["30000/1001", 0.001]], "30000/1001"),
        ([["24975/1000", 0.02], ["25/1", 0.02]], "25"),
        ([["1000000/33367", 0.0], ["30000/1001", 0.01]], "30000/1001"),
    ],
)
def test_a_standard_rate_is_taken_where_frames_lie_on_its_grid(fits: list[Any], rate: str) -> None:
    info = source_info(raw(video_table__fits=fits), Limits())
    assert info.video.frame_rate == Fraction(rate)


@pytest.mark.parametrize(
    ("ticks", "rate"),
    [(3000, "30"), (3003, "30000/1001"), (3750, "24"), (3754, "24000/1001"), (2000, "48"),
     (1500, "60"), (4200, "24000/1001"), (18000, "10"), (900, "60")],
)  # fmt: skip
def test_frames_off_every_grid_make_a_variable_rate_that_shows_the_fastest_of_them(
    ticks: int, rate: str
) -> None:
    changes = {"short_delta": ticks, "last": 99 * ticks * 2, "max_delta": ticks * 9, "fits": []}
    info = source_info(
        raw(video__time_base="1/90000", video_table__median_delta=ticks,
            **{f"video_table__{name}": value for name, value in changes.items()}),
        Limits(),
    )  # fmt: skip
    assert info.video.variable
    assert info.video.frame_rate == Fraction(rate)


def test_a_rate_that_only_the_header_claims_is_not_believed() -> None:
    info = source_info(raw(video__guessed_rate="90000/1", video__average_rate="90000/1"), Limits())
    assert info.video.frame_rate == 25


@pytest.mark.parametrize(
    ("rotation", "sar", "shown"),
    [(0, "1/1", (640, 360)), (90, "1/1", (360, 640)), (-90, "1/1", (360, 640)),
     (180, "1/1", (640, 360)), (0, "4/3", (853, 360)), (90, "4/3", (360, 853)),
     (0, None, (640, 360))],
)  # fmt: skip
def test_a_picture_is_shown_upright_in_square_pixels(
    rotation: int, sar: str | None, shown: tuple[int, int]
) -> None:
    video = source_info(raw(video__rotation=rotation, video__sar=sar), Limits()).video
    assert (video.display_width, video.display_height) == shown


def test_hdr_is_known_by_its_transfer() -> None:
    assert source_info(raw(video__transfer=16), Limits()).video.hdr is Hdr.PQ
    assert source_info(raw(video__transfer=18), Limits()).video.hdr is Hdr.HLG
    assert source_info(raw(video__transfer=1), Limits()).video.hdr is None


def test_what_is_too_much_is_refused() -> None:
    refused(FailureCode.TOO_LARGE, stream_count=65)
    refused(FailureCode.TOO_LARGE, video__width=30000, video__height=30000)
    refused(FailureCode.TOO_LARGE, claimed=[30000, 30000], video__width=0)
    refused(FailureCode.TOO_LARGE, video_table__count=10**7)
    refused(FailureCode.TOO_LARGE, video_table__fits=[["10000/1", 0.0]])
    refused(FailureCode.TOO_LARGE, video__decoded=False, video__decode_error="MemoryError: ")


def test_what_is_too_small_or_damaged_is_refused() -> None:
    refused(FailureCode.TOO_SMALL, video__width=15)
    refused(FailureCode.DAMAGED_FILE, video_table__count=0)
    refused(FailureCode.DAMAGED_FILE, video__decoded=False, video__decode_error="InvalidDataError")
    refused(FailureCode.DAMAGED_FILE, size=400, video_table__last_byte=990)
    refused(FailureCode.UNSUPPORTED, video__decoded=False, video__decode_error="Decoder not found")


def test_a_file_that_lacks_its_last_packets_is_processed_with_a_warning() -> None:
    ends = [n * 10 for n in range(1, 100)]
    info = source_info(raw(size=985, video_table__ends=ends, video_table__last_byte=990), Limits())
    assert "cut off" in info.warnings[0]


@pytest.mark.parametrize(
    ("container", "access"),
    [("matroska,webm", Access.SEEK), ("mpegts", Access.REWRAP), ("avi", Access.WHOLE),
     ("asf", Access.WHOLE)],
)  # fmt: skip
def test_how_a_frame_is_reached_depends_on_the_container(container: str, access: Access) -> None:
    assert source_info(raw(container=container), Limits()).access is access
