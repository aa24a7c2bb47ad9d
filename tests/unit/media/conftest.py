"""Sources as a probe would describe them."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from carrete.domain.media import Access, AudioFacts, SourceIndex, SourceInfo, VideoFacts

Source = Callable[..., SourceInfo]

VIDEO = VideoFacts(
    index=0,
    codec="h264",
    profile="High",
    width=1920,
    height=1080,
    sar=Fraction(1),
    rotation=0,
    display_width=1920,
    display_height=1080,
    frame_rate=Fraction(30),
    variable=False,
    frame_count=1800,
    first_pts_s=Fraction(0),
    duration_s=60.0,
    pix_fmt="yuv420p",
    bit_depth=8,
    color_primaries=1,
    color_transfer=1,
    color_space=1,
    full_range=False,
    hdr=None,
    interlaced=False,
    has_alpha=False,
    bit_rate=5_000_000,
    peak_bit_rate=7_000_000,
    max_keyframe_gap_s=2.0,
    max_frame_gap_s=1 / 30,
    closed_gops=True,
    level=40,
)
AUDIO = AudioFacts(
    index=1,
    codec="aac",
    channels=2,
    sample_rate=48_000,
    start_s=0.0,
    duration_s=60.0,
    bit_rate=128_000,
    profile="LC",
)


@pytest.fixture
def source() -> Source:
    """Makes a source: keywords change the video, ``audio``, ``index`` and ``access`` the rest."""

    def make(
        audio: AudioFacts | None = AUDIO,
        index: SourceIndex | None = None,
        access: Access = Access.SEEK,
        container: str = "mov,mp4,m4a,3gp,3g2,mj2",
        size: int = 40_000_000,
        **video: Any,
    ) -> SourceInfo:
        facts = replace(VIDEO, **video)
        if "width" in video and "display_width" not in video:
            facts = replace(facts, display_width=facts.width, display_height=facts.height)
        if "duration_s" in video and "frame_count" not in video:
            facts = replace(facts, frame_count=round(facts.duration_s * facts.frame_rate))
            audio = audio and replace(audio, duration_s=facts.duration_s)
        return SourceInfo(
            container=container,
            size=size,
            duration_s=facts.duration_s,
            start_s=0.0,
            video=facts,
            audio=audio,
            stream_count=2,
            access=access,
            index=index,
        )

    return make
