"""Decides what the facts that ``probe_main`` printed mean: pure functions, no process."""

import json
from fractions import Fraction
from typing import Any

from carrete.domain.failures import FailureCode, InvalidInputError
from carrete.domain.media import (
    Access,
    AudioFacts,
    Hdr,
    Limits,
    Slot,
    SourceIndex,
    SourceInfo,
    VideoFacts,
)

STANDARD_RATES = tuple(
    Fraction(text)
    for text in (
        "10",
        "12",
        "15",
        "24000/1001",
        "24",
        "25",
        "30000/1001",
        "30",
        "48",
        "50",
        "60000/1001",
        "60",
    )
)
ON_GRID = 0.2
"""Frames: a stream whose frames all lie this near to a grid is shown at that grid's rate.

Seeking to a frame depends on it, see ``carrete.domain.chunks.seek_target``.
"""
MAX_TAIL_S = 60.0
MIN_COMPLETE = 0.9
"""Share of the packets that a cut file must still have to be processed with a warning."""
PQ, HLG = 16, 18
UNSPECIFIED = 2
FULL_RANGE = 2
QUARTER = 90
_REWRAP = {"mpegts"}
_SEEK = {"mov", "matroska"}


def read_answer(output: bytes, limits: Limits) -> SourceInfo:
    """What the probe printed as facts.

    Raises:
        InvalidInputError: the file is refused, with the reason.
    """
    answer = json.loads(output)
    if "error" in answer:
        raise InvalidInputError(FailureCode(answer["error"]), answer["detail"])
    return source_info(answer["facts"], limits)


def source_info(raw: dict[str, Any], limits: Limits) -> SourceInfo:
    """The facts that planning uses; InvalidInputError for a file that can't be processed."""
    check_limits(raw, limits)
    check_decodes(raw)
    warnings = check_complete(raw)
    video = _video(raw)
    check_rate(video, limits)
    names = set(raw["container"].split(","))
    access = Access.WHOLE
    if names & _REWRAP:
        access = Access.REWRAP
    elif names & _SEEK:
        access = Access.SEEK
    return SourceInfo(
        container=raw["container"],
        size=raw["size"],
        duration_s=video.duration_s,
        start_s=raw["start_s"],
        video=video,
        audio=_audio(raw),
        stream_count=raw["stream_count"],
        access=access,
        warnings=warnings,
        index=_index(raw),
    )


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


def check_limits(raw: dict[str, Any], limits: Limits) -> None:
    """Refuse what the header alone shows to be too much, or too little."""
    video = raw["video"]
    width, height = video["width"], video["height"]
    if raw["stream_count"] > limits.max_streams:
        _refuse(FailureCode.TOO_LARGE, f"{raw['stream_count']} streams")
    for wide, high in ((width, height), raw["claimed"]):
        if wide * high > limits.max_pixels or max(wide, high) > limits.max_dimension:
            _refuse(FailureCode.TOO_LARGE, f"{wide}x{high} pixels")
    if raw["video_table"]["count"] > limits.max_frames:
        _refuse(FailureCode.TOO_LARGE, f"{raw['video_table']['count']} frames")
    if 0 in (width, height):
        _refuse(FailureCode.DAMAGED_FILE, "the picture has no size")
    if min(width, height) < limits.min_dimension:
        _refuse(FailureCode.TOO_SMALL, f"{width}x{height} pixels")


def check_decodes(raw: dict[str, Any]) -> None:
    """Refuse a stream that gave no picture."""
    video = raw["video"]
    if raw["video_table"]["count"] == 0:
        _refuse(FailureCode.DAMAGED_FILE, "no video packets")
    if video["decoded"]:
        return
    reason = video["decode_error"]
    if "MemoryError" in reason or "Cannot allocate" in reason:
        _refuse(FailureCode.TOO_LARGE, reason)
    if "not found" in reason.lower() or "PatchWelcome" in reason:
        _refuse(FailureCode.UNSUPPORTED, reason)
    _refuse(FailureCode.DAMAGED_FILE, f"{video['codec']}: {reason}")


def check_complete(raw: dict[str, Any]) -> tuple[str, ...]:
    """Compare the index with the size: a cut file still describes all of itself."""
    table = raw["video_table"]
    if not raw["indexed"] or table["last_byte"] <= raw["size"]:
        return ()
    there = sum(end <= raw["size"] for end in table["ends"]) / len(table["ends"])
    if there < MIN_COMPLETE:
        _refuse(FailureCode.DAMAGED_FILE, f"cut off: {there:.0%} of the video is there")
    return (f"cut off: {there:.0%} of the video is there",)


def check_rate(video: VideoFacts, limits: Limits) -> None:
    """Refuse rates and lengths that no player shows."""
    if video.frame_rate > limits.max_frame_rate:
        _refuse(FailureCode.TOO_LARGE, f"{float(video.frame_rate):.0f} frames per second")
    if video.duration_s > limits.max_duration_s:
        _refuse(FailureCode.TOO_LARGE, f"{video.duration_s:.0f} s")
    if min(video.display_width, video.display_height) < limits.min_dimension:
        _refuse(FailureCode.TOO_SMALL, f"shown at {video.display_width}x{video.display_height}")


def _refuse(code: FailureCode, detail: str) -> None:
    raise InvalidInputError(code, detail)


# ── what is read out of the rest ────────────────────────────────────────────────────────────────


def choose_rate(raw: dict[str, Any]) -> tuple[Fraction, bool]:
    """The constant rate that shows this stream best, and whether its frames lie off that grid."""
    table, video = raw["video_table"], raw["video"]
    good = [(Fraction(rate), off) for rate, off in table["fits"] if off <= ON_GRID]
    if good:
        best = min(good, key=lambda item: (round(item[1], 1), item[0] not in STANDARD_RATES))
        return best[0].limit_denominator(1001), False
    if table["count"] == 1 or not table["short_delta"]:
        told = Fraction(video["average_rate"] or 25)
        return (
            told.limit_denominator(1001) if 1 <= told <= STANDARD_RATES[-1] else Fraction(25)
        ), (False)
    base = Fraction(video["time_base"])
    average = (table["count"] - 1) / ((table["last"] - table["first"]) * base)
    wanted = max(1 / (table["short_delta"] * base), average)
    if average > STANDARD_RATES[-1]:
        return average.limit_denominator(1001), True
    # The nearest that is hardly slower; rates a thousandth apart must not be mixed up.
    enough = [rate for rate in STANDARD_RATES if rate >= wanted * Fraction(98, 100)]
    near = min(enough[:2], key=lambda rate: abs(rate - wanted), default=STANDARD_RATES[-1])
    return near, True


def _video(raw: dict[str, Any]) -> VideoFacts:
    video, table = raw["video"], raw["video_table"]
    rate, variable = choose_rate(raw)
    base = Fraction(video["time_base"])
    first = video["start"] if raw["indexed"] and video["start"] is not None else table["first"]
    duration = float(table["count"] / rate) if not variable else _variable_duration(raw, base, rate)
    sar = Fraction(video["sar"] or 1)
    rotation = round(video["rotation"] / QUARTER) * QUARTER % 360
    shown = (max(1, round(video["width"] * sar)), video["height"])
    if rotation % 180:
        shown = (shown[1], shown[0])
    transfer = video["transfer"]
    return VideoFacts(
        index=video["index"],
        codec=video["codec"],
        profile=video["profile"],
        width=video["width"],
        height=video["height"],
        sar=sar,
        rotation=rotation,
        display_width=shown[0],
        display_height=shown[1],
        frame_rate=rate,
        variable=variable,
        frame_count=table["count"],
        first_pts_s=first * base,
        duration_s=duration,
        pix_fmt=video["pix_fmt"],
        bit_depth=video["bit_depth"],
        color_primaries=video["primaries"],
        color_transfer=transfer,
        color_space=video["space"],
        full_range=video["range"] == FULL_RANGE,
        hdr=Hdr.PQ if transfer == PQ else Hdr.HLG if transfer == HLG else None,
        interlaced=video["interlaced"],
        has_alpha=video["has_alpha"],
        bit_rate=round(table["bytes"] * 8 / duration) if duration else 0,
        peak_bit_rate=table["peak_bits"],
        max_keyframe_gap_s=table["max_key_gap_s"],
        max_frame_gap_s=float(table["max_delta"] * base),
        level=video["level"],
        reorder_frames=video["reorder"],
        closed_gops=raw.get("closed_gops", False),
    )


def _variable_duration(raw: dict[str, Any], base: Fraction, rate: Fraction) -> float:
    """From the first frame to the end of the last, whose length only the container knows."""
    table, video = raw["video_table"], raw["video"]
    span = float((table["last"] - table["first"]) * base)
    end = table["end"]
    tail = 0.0 if end is None else float((end - table["last"]) * base)
    if end is None and video["duration"]:
        tail = float(video["duration"] * base) - span
    if not 0 < tail <= MAX_TAIL_S:
        tail = max(float(table["median_delta"] * base), float(1 / rate))
    return span + tail


def _audio(raw: dict[str, Any]) -> AudioFacts | None:
    audio, table = raw["audio"], raw["audio_table"]
    if audio is None or not table["count"]:
        return None
    base = Fraction(audio["time_base"])
    first = table["first"] if audio["start"] is None else audio["start"]
    return AudioFacts(
        index=audio["index"],
        codec=audio["codec"],
        channels=audio["channels"],
        sample_rate=audio["sample_rate"],
        start_s=float(first * base),
        duration_s=max(0.0, float((table["end"] - first) * base)),
        bit_rate=audio["bit_rate"],
        profile=audio["profile"],
    )


def _index(raw: dict[str, Any]) -> SourceIndex:
    sound = raw["sound_runs"]
    base = float(Fraction(sound["base"])) if sound else 0.0
    return SourceIndex(
        slots=tuple(Slot(*slot) for slot in raw["video_table"]["slots"]),
        header=tuple((start, end) for start, end in raw["header_ranges"]),
        sound=tuple(
            (time * base, first, end)
            for time, first, end in zip(sound["times"], sound["first"], sound["ends"], strict=True)
        )
        if sound
        else (),
    )
