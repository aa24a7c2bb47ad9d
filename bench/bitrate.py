"""Bytes at equal quality: Carrete's ladders beside a fixed one after Apple's HLS authoring guide.

Each clip is encoded with the fixed bit rates and with Carrete's own plan, and VMAF is measured on
every frame of every rendition, at the rendition's own size. Both sides encode the same pictures:
the reference is what Carrete's filters give at each size, kept without loss, and the fixed ladder
is made of it. So the scaler counts for neither side.

"At equal VMAF" is the fixed ladder's, or 93 where that has more: beyond it nobody sees what the
bits are spent on. Carrete's bytes there lie between two encodes at other CRFs, with caps lifted so
that the CRF alone decides. "As made" is what a task really makes, caps and the bound by the
source's own bit rate included.
"""

import asyncio
import json
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench import footage
from bench.meter import metered
from bench.report import Report, Row, told
from carrete.adapters.ffmpeg.argv import X264_EFFORT
from carrete.adapters.ffmpeg.filters import video_graph
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.ladder import Profile, Rendition, VideoCodec, bitrate_cap
from carrete.domain.plan import Plan, make_plan

FIXED = {1080: 6_000_000, 720: 3_000_000, 480: 1_450_000, 360: 365_000}
"""Bit/s by the shorter side: Apple's HLS authoring specification, table of H.264 at 30 frames a
second; 480 lies between its 432 (1.1 Mbit/s) and 540 (2 Mbit/s), by pixels."""
ENOUGH_VMAF = 93.0
STEP = {VideoCodec.H264: 4, VideoCodec.AV1: 8}
"""From one CRF to the next on the way to the VMAF to compare at."""
MAX_STEPS = 4
HIGHEST_CRF = {VideoCodec.H264: 51, VideoCodec.AV1: 63}
LIFTED = 3
"""Times the cap of a size, where the CRF alone is to decide."""
SECONDS = 5
GOALS = {VideoCodec.H264: "≤ 0.70", VideoCodec.AV1: "≤ 0.45"}


@dataclass(frozen=True)
class Made:
    """One encoded rendition: bytes, and mean VMAF at its own size."""

    size: int
    vmaf: float


@dataclass(frozen=True)
class Found:
    """What one codec's ladder of one clip took beside the fixed one.

    Attributes:
        equal: share of the fixed ladder's bytes at equal VMAF, all renditions together.
        as_made: the same with what is really made.
        vmaf: mean over the renditions, as made.
        cpu_s: of the whole ladder.
    """

    equal: float
    as_made: float
    vmaf: float
    cpu_s: float


@dataclass(frozen=True)
class Clip:
    """A source, its plan, and the pictures that both sides encode, by height."""

    source: Path
    plan: Plan
    pictures: dict[int, Path]
    out: Path
    transcoder: FfmpegTranscoder


async def run() -> Report:
    """Encode every clip in every way."""
    clips = await asyncio.to_thread(_clips)
    found: dict[VideoCodec, list[Found]] = {codec: [] for codec in VideoCodec}
    rows = []
    for name, source in clips.items():
        fixed_vmaf, results = await _compare(source)
        for codec, result in results.items():
            found[codec].append(result)
            rows.append(
                told(
                    Row(
                        f"{name}: {codec} / fixed at equal VMAF",
                        result.equal,
                        "x",
                        detail=f"as made {result.as_made:.2f} x at VMAF {result.vmaf:.1f},"
                        f" fixed {fixed_vmaf:.1f}, {result.cpu_s:.1f} CPU-s",
                    )
                )
            )
    return Report("Bytes at equal VMAF beside a fixed ladder", [*_means(found), *rows])


def _means(found: dict[VideoCodec, list[Found]]) -> list[Row]:
    """Means over the clips, and what the ladders cost."""
    rows = []
    for codec, results in found.items():
        made = _mean([one.as_made for one in results])
        equal = _mean([one.equal for one in results])
        detail = f"mean of {len(results)} clips; as made {made:.2f} x"
        rows.append(Row(f"{codec} ladder / fixed ladder", equal, "x", GOALS[codec], detail))
    h264, av1 = (sum(one.cpu_s for one in found[codec]) for codec in VideoCodec)
    name = "CPU of the AV1 ladder / of the H.264 ladder"
    return [*rows, Row(name, av1 / h264, "x", "≤ 1", f"{av1:.1f} and {h264:.1f} CPU-s")]


def _clips() -> dict[str, Path]:
    """The set: pieces of a film and of a camera's, grain, text and a screen."""

    def film(second: int) -> tuple[str, ...]:
        return ("-ss", str(second), "-t", str(SECONDS), "-i", str(footage.film()))

    grain = "scale=1920:1080:flags=lanczos,noise=alls=12:allf=t,format=yuv420p"
    screen = "testsrc2=size=1920x1080:rate=30,drawbox=y=200:h=780:color=white:t=fill"
    text = "drawgrid=w=14:h=22:t=1:color=black@0.6,format=yuv420p"
    lavfi = ("-f", "lavfi", "-t", str(SECONDS), "-i", f"{screen},{text}")
    return {
        "film, quiet, 720p": footage.piece("film-piece", film(200)),
        "film, chase, 720p": footage.piece("chase-piece", film(425)),
        "film, credits, 720p": footage.piece("credits-piece", film(540)),
        "Big Buck Bunny, 720p clip": footage.clip("bigbuckbunny.mp4"),
        "bikes, 272p": footage.clip("bikes.mp4"),
        "grain, 1080p": footage.piece("grain-piece", (*film(200), "-vf", grain)),
        "screen, 1080p": footage.piece("screen-piece", lavfi),
    }


async def _compare(source: Path) -> tuple[float, dict[VideoCodec, Found]]:
    """Mean VMAF of the fixed ladder, and both of Carrete's beside it."""
    transcoder = FfmpegTranscoder(Path(footage.ffmpeg()), threads=0)
    plan = make_plan(await transcoder.probe(source), Profile.H264_AV1)
    with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
        out = Path(folder)
        clip = Clip(source, plan, await _pictures(source, plan, out), out, transcoder)
        fixed = {
            one.height: await _fixed(clip, one)
            for one in plan.renditions
            if one.codec is VideoCodec.H264
        }
        results = {codec: await _ladder(clip, codec, fixed) for codec in VideoCodec}
    return _mean([one.vmaf for one in fixed.values()]), results


async def _pictures(source: Path, plan: Plan, out: Path) -> dict[int, Path]:
    """What Carrete's filters give at each size, without loss: the first chunk."""
    sizes = tuple(one for one in plan.renditions if one.codec is VideoCodec.H264)
    graph = video_graph(plan, plan.chunks[0], sizes)
    made = {one.height: out / f"pictures-{one.height}.mp4" for one in sizes}
    words = ["-copyts", "-i", str(source), "-filter_complex", graph.text]
    for one, label in zip(sizes, graph.outputs, strict=True):
        words += ["-map", f"[{label}]", "-frames:v", str(plan.chunks[0].frame_count)]
        words += ["-fps_mode", "passthrough", "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"]
        words.append(str(made[one.height]))
    await _ffmpeg(*words)
    return made


async def _ladder(clip: Clip, codec: VideoCodec, fixed: dict[int, Made]) -> Found:
    async with metered() as usage:
        files = await _encode(clip, clip.plan, codec)
    made = {height: await _measure(clip, height, path) for height, path in files.items()}
    wanted = {height: min(one.vmaf, ENOUGH_VMAF) for height, one in fixed.items()}
    equal = await _at(clip, codec, wanted)
    total = sum(one.size for one in fixed.values())
    return Found(
        sum(equal.values()) / total,
        sum(one.size for one in made.values()) / total,
        _mean([one.vmaf for one in made.values()]),
        usage.cpu_s,
    )


async def _at(clip: Clip, codec: VideoCodec, wanted: dict[int, float]) -> dict[int, float]:
    """Bytes of each rendition at the VMAF that is wanted of it, from as many CRFs as it takes."""
    points: dict[int, list[Made]] = {height: [] for height in wanted}
    for step in sorted(range(-MAX_STEPS, MAX_STEPS + 1), key=abs):
        ahead = [
            height
            for height, known in points.items()
            if not _between(known, wanted[height])
            and (not known or (known[0].vmaf < wanted[height]) == (step < 0))
        ]
        if ahead:
            files = await _encode(clip, _shifted(clip.plan, step * STEP[codec]), codec)
            for height in ahead:
                points[height].append(await _measure(clip, height, files[height]))
    return {height: interpolated(points[height], vmaf) for height, vmaf in wanted.items()}


def _between(points: list[Made], vmaf: float) -> bool:
    return any(one.vmaf <= vmaf for one in points) and any(one.vmaf >= vmaf for one in points)


def interpolated(points: list[Made], vmaf: float) -> float:
    """Bytes at ``vmaf``, between the nearest points: the logarithm of bytes is a line there.

    Where all are better, as of a text that hardly moves, the smallest counts, which is too much.

    Raises:
        ValueError: all are worse; nothing is said beyond what was encoded.
    """
    worse = [one for one in points if one.vmaf <= vmaf]
    better = [one for one in points if one.vmaf >= vmaf]
    if not better:
        raise ValueError(f"no encode has a VMAF of {vmaf:.1f}: {points}")
    above = min(better, key=lambda one: one.vmaf)
    if not worse:
        return float(above.size)
    below = max(worse, key=lambda one: one.vmaf)
    if below.vmaf == above.vmaf:
        return float(above.size)
    share = (vmaf - below.vmaf) / (above.vmaf - below.vmaf)
    return math.exp((1 - share) * math.log(below.size) + share * math.log(above.size))


def _shifted(plan: Plan, crf: int) -> Plan:
    """The plan with other CRFs, its caps lifted: those of the size, not the source's own rate."""
    return replace(
        plan,
        renditions=tuple(
            replace(
                one,
                crf=min(max(1, one.crf + crf), HIGHEST_CRF[one.codec]),
                max_bitrate=LIFTED
                * bitrate_cap((one.width, one.height), plan.frame_rate, one.codec),
            )
            for one in plan.renditions
        ),
    )


async def _encode(clip: Clip, plan: Plan, codec: VideoCodec) -> dict[int, Path]:
    """The ladder of one codec as the task makes it, by height: the first chunk."""
    heights = {one.name: one.height for one in plan.renditions if one.codec is codec}
    made = await clip.transcoder.encode_chunk(
        clip.source, plan, plan.chunks[0], clip.out, _ignore, only=list(heights)
    )
    return {heights[str(file.rendition)]: file.path for file in made}


async def _fixed(clip: Clip, one: Rendition) -> Made:
    """A rendition at the fixed bit rate, with the same effort and GOPs."""
    bitrate = FIXED[min(FIXED, key=lambda side: abs(side - min(one.width, one.height)))]
    path = clip.out / f"fixed-{one.name}.mp4"
    gop = str(clip.plan.gop)
    await _ffmpeg(
        *("-i", str(clip.pictures[one.height]), "-an"),
        *("-c:v", "libx264", "-preset", one.preset, "-profile:v", "high"),
        *("-x264-params", X264_EFFORT),
        *("-b:v", str(bitrate), "-maxrate", str(bitrate), "-bufsize", str(2 * bitrate)),
        *("-g", gop, "-keyint_min", gop, "-sc_threshold", "0", str(path)),
    )
    return await _measure(clip, one.height, path)


async def _measure(clip: Clip, height: int, made: Path) -> Made:
    """Size and VMAF of a rendition, every frame, paired by number."""
    log = clip.out / "vmaf.json"
    graph = (
        "[0:v]settb=1/1000,setpts=N[made];[1:v]settb=1/1000,setpts=N[source];"
        f"[made][source]libvmaf=n_threads=2:log_fmt=json:log_path={log}"
    )
    pictures = str(clip.pictures[height])
    # The clock only pairs the frames; it has too few ticks for an output that counts them.
    null = ("-fps_mode", "passthrough", "-enc_time_base", "1/1000", "-f", "null", "-")
    await _ffmpeg("-i", str(made), "-i", pictures, "-filter_complex", graph, *null)
    pooled = json.loads(await asyncio.to_thread(log.read_text))["pooled_metrics"]
    size = (await asyncio.to_thread(made.stat)).st_size
    return Made(size, float(pooled["vmaf"]["mean"]))


async def _ffmpeg(*arguments: str) -> None:
    quiet = ("-nostdin", "-v", "error", "-nostats", "-y")
    process = await asyncio.create_subprocess_exec(footage.ffmpeg(), *quiet, *arguments)
    if await process.wait():
        raise RuntimeError(f"ffmpeg failed: {arguments}")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _ignore(_: float) -> None:
    """Takes progress that nobody watches."""
