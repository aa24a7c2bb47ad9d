"""One row of what real services receive each, with what must become of it."""

import asyncio
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from tests.media import mutants
from tests.media.jobs import process

from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.failures import CarreteError, FailureCode, InvalidInputError
from carrete.domain.media import FfmpegError
from carrete.domain.plan import make_plan

pytestmark = pytest.mark.media

Clip = Callable[[str], Path]


@dataclass(frozen=True)
class Row:
    """What a clip must become: size in pixels, seconds, whether it has sound."""

    clip: str
    size: tuple[int, int] = (320, 180)
    seconds: float = 2.0
    sound: bool = False


ROWS = (
    Row("plain", sound=True),
    Row("hdr10"),
    Row("hlg422"),
    Row("ten_bit"),
    Row("full_range"),
    Row("reserved_tags"),
    Row("rgb"),
    Row("tff"),
    Row("bff"),
    Row("mono", sound=True),
    Row("surround", sound=True),
    Row("mute_track", sound=True),
    Row("two_tracks", sound=True),
    Row("odd_size", (320, 180)),
    Row("portrait", (180, 320)),
    Row("very_wide", (1920, 52)),
    Row("uhd", (1920, 1080), 0.12),
    Row("anamorphic", (256, 144)),
    Row("wrap", sound=True),
    Row("late_start", sound=True),
    Row("late_sound", sound=True),
    Row("long_sound", seconds=4.0, sound=True),
    Row("early_sound", seconds=3.0, sound=True),
    Row("one_frame", seconds=0.04),
    Row("half_second", seconds=0.52, sound=True),
    Row("alpha_vp9"),
    Row("prores4444"),
    Row("prores", sound=True),
    Row("vp8", sound=True),
    Row("av1", sound=True),
    Row("mjpeg", sound=True),
    Row("flv", sound=True),
    Row("wmv", sound=True),
    Row("mpeg4_ps", sound=True),
    Row("tagged", sound=True),
    Row("many_rates"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.clip)
async def test_a_strange_but_sound_file_becomes_a_normal_one(
    row: Row, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    result = await process(transcoder, clip(row.clip), tmp_path)
    seen = result.verification
    assert (seen.width, seen.height) == row.size
    assert seen.duration_s == pytest.approx(row.seconds, abs=0.1)
    assert (seen.audio_duration_s is not None) == row.sound
    assert result.poster.read_bytes()[:2] == b"\xff\xd8"
    with av.open(str(result.processed)) as box:
        video = box.streams.video[0]
        frame = next(box.decode(video))
        assert (video.codec_context.name, frame.format.name) == ("h264", "yuv420p")
        assert (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range) == (
            1,
            1,
            1,
            1,
        )
        assert not frame.rotation
        assert frame.pts == 0
        assert len(box.streams) == 1 + row.sound
        if row.sound:
            sound = box.streams.audio[0]
            assert (sound.codec_context.sample_rate, sound.codec_context.channels) == (48000, 2)


@pytest.mark.parametrize(
    ("degrees", "size"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320)), (-90, (180, 320))]
)
async def test_rotation_is_baked_in(
    degrees: int,
    size: tuple[int, int],
    *,
    clip: Clip,
    ffmpeg: Path,
    transcoder: FfmpegTranscoder,
    tmp_path: Path,
) -> None:
    turned = tmp_path / "turned.mp4"
    await run(
        ffmpeg,
        "-display_rotation",
        str(degrees),
        "-i",
        str(clip("plain")),
        "-c",
        "copy",
        str(turned),
    )
    result = await process(transcoder, turned, tmp_path)
    assert (result.verification.width, result.verification.height) == size
    with av.open(str(result.processed)) as box:
        frame = next(box.decode(video=0))
        assert not frame.rotation
        width, height = size
        # The source's left half is white. Turned against the clock by 90 degrees it lies below.
        x, y = {
            90: (width // 2, height - 20),
            180: (width - 20, height // 2),
            270: (width // 2, 20),
            -90: (width // 2, 20),
        }[degrees]
        plane = frame.planes[0]
        assert memoryview(plane)[y * plane.line_size + x] > 200


async def test_sound_stays_in_sync_to_the_end(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "clicks.mp4"
    click = "aevalsrc='if(lt(mod(t,1),0.01),0.9*sin(2*PI*2000*t),0)':s=44100:d=9"
    await run(
        ffmpeg,
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=30000/1001:duration=9",
        "-f",
        "lavfi",
        "-i",
        click,
        "-preset",
        "ultrafast",
        str(source),
    )
    result = await process(transcoder, source, tmp_path)
    heard = clicks(result.processed)
    assert len(heard) == 8  # the one at zero falls into the encoder's priming
    assert heard == pytest.approx([1.0 * n for n in range(1, 9)], abs=0.005)


async def test_gaps_and_starts_of_sound_keep_their_time(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "late.mkv"
    click = "aevalsrc='if(lt(mod(t,1),0.01),0.9*sin(2*PI*2000*t),0)':s=48000:d=4"
    await run(
        ffmpeg,
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=6",
        "-itsoffset",
        "1.25",
        "-f",
        "lavfi",
        "-i",
        click,
        "-c:a",
        "pcm_s16le",
        "-preset",
        "ultrafast",
        str(source),
    )
    result = await process(transcoder, source, tmp_path)
    assert clicks(result.processed) == pytest.approx([1.25, 2.25, 3.25, 4.25], abs=0.005)


async def test_the_default_track_is_heard(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    result = await process(transcoder, clip("two_tracks"), tmp_path)
    assert max(levels(result.processed)) > 0.05


async def test_private_metadata_is_gone(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = clip("tagged")
    assert b"+41.38+002.17/" in source.read_bytes()
    result = await process(transcoder, source, tmp_path)
    for made in (result.processed, *result.chunks[result.plan.top.name], result.poster):
        data = made.read_bytes()
        assert b"+41.38" not in data
        assert b"private" not in data


async def test_a_change_of_size_in_mid_stream_is_scaled_away(
    ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    parts = []
    for n, size in enumerate(("320x180", "640x360")):
        part = tmp_path / f"{n}.ts"
        await run(
            ffmpeg,
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=size={size}:rate=25:duration=2",
            "-preset",
            "ultrafast",
            "-output_ts_offset",
            str(2 * n),
            str(part),
        )
        parts.append(part)
    source = tmp_path / "both.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = await process(transcoder, source, tmp_path)
    assert result.verification.frames >= 99  # the parser loses one where the parts meet
    assert (result.verification.width, result.verification.height) == (320, 180)


async def test_hdr_is_neither_washed_out_nor_dark(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    result = await process(transcoder, clip("hdr10"), tmp_path)
    with av.open(str(result.processed)) as box:
        frame = next(box.decode(video=0))
        tags = " ".join(str(kind) for kind in frame.side_data)
        assert "MASTERING" not in tags
        assert "CONTENT_LIGHT" not in tags
        plane = frame.planes[0]
        white = memoryview(plane)[90 * plane.line_size + 40]
    assert white > 200


# ── refused ─────────────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "song": FailureCode.NO_VIDEO_STREAM,
    "sound_only": FailureCode.NO_VIDEO_STREAM,
    "cover_only": FailureCode.NO_VIDEO_STREAM,
    "still": FailureCode.NOT_A_VIDEO,
    "gif": FailureCode.NOT_A_VIDEO,
    "tiny": FailureCode.TOO_SMALL,
    "one_pixel": FailureCode.TOO_SMALL,
    "fast": FailureCode.TOO_LARGE,
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_video_is_refused_by_its_code(
    name: str, clip: Clip, transcoder: FfmpegTranscoder
) -> None:
    await refused(transcoder, clip(name), REFUSED[name])


@pytest.mark.parametrize(
    ("code", "content"),
    [
        (FailureCode.EMPTY_FILE, b""),
        (FailureCode.NOT_A_VIDEO, b"just some notes\n" * 200),
        (FailureCode.NOT_A_VIDEO, b"<!doctype html><html><body>404</body></html>" * 50),
        (FailureCode.NOT_A_VIDEO, mutants.a_zip()),
        (FailureCode.NOT_A_VIDEO, bytes(range(256)) * 64),
        (FailureCode.NOT_A_VIDEO, bytes(100_000)),
    ],
    ids=["empty", "text", "html", "zip", "noise", "zeros"],
)
async def test_files_that_were_never_video_are_refused(
    code: FailureCode, content: bytes, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(content)
    await refused(transcoder, source, code)


@pytest.mark.parametrize(
    ("code", "mutate"),
    [
        (FailureCode.DAMAGED_FILE, lambda data: mutants.cut(mutants.faststart(data), 0.5)),
        (FailureCode.DAMAGED_FILE, lambda data: mutants.cut(data, 0.5)),
        (FailureCode.DAMAGED_FILE, mutants.without_index),
        (FailureCode.ENCRYPTED, mutants.encrypted),
    ],
    ids=["cut, index first", "cut, index last", "no index", "encrypted"],
)
async def test_broken_and_hostile_mp4_files_are_refused(
    code: FailureCode,
    mutate: Callable[[bytes], bytes],
    clip: Clip,
    transcoder: FfmpegTranscoder,
    tmp_path: Path,
) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(mutate(clip("plain").read_bytes()))
    await refused(transcoder, source, code)


async def test_a_frame_of_thirty_thousand_pixels_is_refused_without_its_memory(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "video.mov"
    source.write_bytes(mutants.vast_jpegs(clip("mjpeg").read_bytes(), 30000))
    await refused(transcoder, source, FailureCode.TOO_LARGE)


async def test_two_hundred_tracks_are_too_many(
    clip: Clip, ffmpeg: Path, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "tracks.mkv"
    maps = [word for _ in range(200) for word in ("-map", "0:v")]
    await run(ffmpeg, "-i", str(clip("plain")), *maps, "-c", "copy", str(source))
    await refused(transcoder, source, FailureCode.TOO_LARGE)


async def test_a_damaged_middle_is_processed_or_refused_by_name(
    clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(mutants.scrambled(clip("cfr24").read_bytes(), 0.3, 0.4))
    try:
        result = await process(transcoder, source, tmp_path)
    except InvalidInputError as exc:
        assert exc.code is FailureCode.DAMAGED_FILE  # noqa: PT017 - either end is right
    else:
        assert result.verification.frames == result.plan.frame_count


@pytest.mark.parametrize(
    "text",
    [mutants.HLS, mutants.DASH, mutants.CONCAT, mutants.SDP],
    ids=["hls", "dash", "concat", "sdp"],
)
@pytest.mark.parametrize("name", ["video.mp4", "video.m3u8", "video.mkv"])
async def test_a_playlist_in_disguise_reaches_nothing(
    text: str, name: str, clip: Clip, transcoder: FfmpegTranscoder, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        secret = tmp_path / "secret.mp4"
        shutil.copy(clip("plain"), secret)
        for url in (f"http://127.0.0.1:{port}/x.ts", f"file:{secret}", str(secret), "secret.mp4"):
            source = tmp_path / name
            source.write_text(text.format(url=url, port=port))
            await refused(transcoder, source, FailureCode.NOT_A_VIDEO)
            # Nor where the probe was fooled: the encoder's own whitelists hold.
            plan = make_plan(await transcoder.probe(clip("plain")))
            out = tmp_path / "out"
            out.mkdir(exist_ok=True)
            with pytest.raises((InvalidInputError, FfmpegError)):
                await transcoder.encode_chunk(source, plan, plan.chunks[0], out, lambda _: None)
        with pytest.raises(BlockingIOError):
            server.accept()


# ── helpers ─────────────────────────────────────────────────────────────────────────────────────


async def refused(transcoder: FfmpegTranscoder, source: Path, code: FailureCode) -> None:
    with pytest.raises(CarreteError) as caught:
        await transcoder.probe(source)
    assert isinstance(caught.value, InvalidInputError), caught.value
    assert caught.value.code is code, caught.value.detail


async def run(ffmpeg: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(ffmpeg), "-nostdin", "-v", "error", "-y", *arguments
    )
    assert await process.wait() == 0


def levels(path: Path) -> list[float]:
    """The loudest sample of each millisecond."""
    found: list[float] = []
    with av.open(str(path)) as box:
        resampler = av.AudioResampler("flt", "mono", 48000)
        for frame in box.decode(audio=0):
            for part in resampler.resample(frame):
                samples = memoryview(part.planes[0]).cast("B").cast("f")[: part.samples]
                found += [abs(value) for value in samples]
    return [max(found[at : at + 48]) for at in range(0, len(found), 48)]


def clicks(path: Path) -> list[float]:
    """When each loud moment begins, seconds; ten milliseconds are one moment."""
    starts: list[float] = []
    for place, level in enumerate(levels(path)):
        if level > 0.3 and (not starts or place / 1000 - starts[-1] > 0.5):
            starts.append(place / 1000)
    return starts
