"""Bytes at equal quality: Carrete's ladders beside a fixed one after Apple's HLS authoring guide.

Each clip is encoded with the fixed bit rates and with Carrete's own plan, and VMAF is measured on
every frame of every rendition, at the rendition's own size. Where VMAF differs, Carrete's bytes are
interpolated between two CRFs to the fixed ladder's VMAF, or to 93 where that has more: beyond it
nobody sees what the bits are spent on. Both are without the bound that keeps a result smaller than
its source, which the fixed ladder has not either. "As made" is with it and without interpolation.
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
from carrete.adapters.ffmpeg.transcoder import FfmpegTranscoder
from carrete.domain.ladder import Profile, Rendition, VideoCodec, bitrate_cap
from carrete.domain.plan import Plan, make_plan

FIXED = {1080: 6_000_000, 720: 3_000_000, 480: 1_450_000, 360: 365_000}
"""Bit/s by the shorter side: Apple's HLS authoring specification, table of H.264 at 30 frames a
second; 480 lies between its 432 (1.1 Mbit/s) and 540 (2 Mbit/s), by pixels."""
ENOUGH_VMAF = 93.0
OTHER_CRF = {VideoCodec.H264: 5, VideoCodec.AV1: 8}
"""How far off the second CRF is, on the side where the VMAF to compare at lies."""
SECONDS = 5
GOALS = {VideoCodec.H264: "≤ 0.70", VideoCodec.AV1: "≤ 0.45"}


@dataclass(frozen=True)
class Made:
    """One encoded rendition."""

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


async def run() -> Report:
    """Encode every clip in every way."""
    clips = await asyncio.to_thread(_clips)
    found: dict[VideoCodec, list[Found]] = {codec: [] for codec in VideoCodec}
    rows = []
    for name, source in clips.items():
        fixed_vmaf, results = await _clip(source)
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
        made = sum(one.as_made for one in results) / len(results)
        equal = sum(one.equal for one in results) / len(results)
        detail = f"mean of {len(results)} clips; as made {made:.2f} x"
        rows.append(Row(f"{codec} ladder / fixed ladder", equal, "x", GOALS[codec], detail))
    h264, av1 = (sum(one.cpu_s for one in found[codec]) for codec in VideoCodec)
    name = "CPU of the AV1 ladder / of the H.264 ladder"
    return [*rows, Row(name, av1 / h264, "x", "≤ 1", f"{av1:.1f} and {h264:.1f} CPU-s")]


def _clips() -> dict[str, Path]:
    """The set: two real clips, a piece of a film, grain and a screen."""
    start = ("-ss", "200", "-t", str(SECONDS), "-i", str(footage.film()))
    grain = "scale=1920:1080:flags=lanczos,noise=alls=12:allf=t,format=yuv420p"
    screen = "testsrc2=size=1920x1080:rate=30,drawbox=y=200:h=780:color=white:t=fill"
    text = "drawgrid=w=14:h=22:t=1:color=black@0.6,format=yuv420p"
    lavfi = ("-f", "lavfi", "-t", str(SECONDS), "-i", f"{screen},{text}")
    return {
        "Big Buck Bunny, 720p clip": footage.clip("bigbuckbunny.mp4"),
        "bikes": footage.clip("bikes.mp4"),
        "film, 720p": footage.piece("film-piece", start),
        "grain, 1080p": footage.piece("grain-piece", (*start, "-vf", grain)),
        "screen, 1080p": footage.piece("screen-piece", lavfi),
    }


async def _clip(source: Path) -> tuple[float, dict[VideoCodec, Found]]:
    """Mean VMAF of the fixed ladder, and both of Carrete's."""
    transcoder = FfmpegTranscoder(Path(footage.ffmpeg()), threads=0)
    info = await transcoder.probe(source)
    plan = make_plan(info, Profile.H264_AV1)
    fixed: dict[int, Made] = {}
    results: dict[VideoCodec, Found] = {}
    with tempfile.TemporaryDirectory(dir=footage.CACHE) as folder:
        out = Path(folder)
        for one in plan.renditions:
            if one.codec is VideoCodec.H264:
                fixed[one.height] = await _fixed(source, plan, one, out)
        for codec in VideoCodec:
            results[codec] = await _ladder(transcoder, source, plan, codec, fixed=fixed, out=out)
    return _mean([one.vmaf for one in fixed.values()]), results


async def _ladder(
    transcoder: FfmpegTranscoder,
    source: Path,
    plan: Plan,
    codec: VideoCodec,
    *,
    fixed: dict[int, Made],
    out: Path,
) -> Found:
    async with metered() as usage:
        own = await _encode(transcoder, source, plan, codec, out)
    vmaf = {height: await _measure(source, plan, size, out) for height, size in own.items()}
    free = _unbound(plan)
    near = vmaf
    if free != plan:
        made = await _encode(transcoder, source, free, codec, out)
        near = {height: await _measure(source, plan, path, out) for height, path in made.items()}
    wanted = _mean([min(one.vmaf, ENOUGH_VMAF) for one in fixed.values()])
    worse = _mean([one.vmaf for one in near.values()]) > wanted
    made = await _encode(transcoder, source, _shifted(free, worse=worse), codec, out)
    far = {height: await _measure(source, plan, path, out) for height, path in made.items()}
    total = sum(one.size for one in fixed.values())
    equal = sum(_at(fixed[height].vmaf, near[height], far[height]) for height in fixed)
    return Found(
        equal / total,
        sum(one.size for one in vmaf.values()) / total,
        _mean([one.vmaf for one in vmaf.values()]),
        usage.cpu_s,
    )


def _unbound(plan: Plan) -> Plan:
    """The plan with caps by size and rate alone, whatever its source takes."""
    return replace(
        plan,
        renditions=tuple(
            replace(
                one,
                max_bitrate=max(
                    one.max_bitrate,
                    bitrate_cap((one.width, one.height), plan.frame_rate, one.codec),
                ),
            )
            for one in plan.renditions
        ),
    )


def _shifted(plan: Plan, *, worse: bool) -> Plan:
    way = 1 if worse else -1
    return replace(
        plan,
        renditions=tuple(
            replace(one, crf=one.crf + way * OTHER_CRF[one.codec]) for one in plan.renditions
        ),
    )


def _at(fixed_vmaf: float, own: Made, other: Made) -> float:
    """Bytes at the quality to compare at: between both, the logarithm of bytes is a line."""
    wanted = min(fixed_vmaf, ENOUGH_VMAF)
    if abs(own.vmaf - other.vmaf) < 0.1:  # noqa: PLR2004 - no line goes through one point
        return min(own.size, other.size) if other.vmaf >= wanted else own.size
    slope = (math.log(own.size) - math.log(other.size)) / (own.vmaf - other.vmaf)
    return own.size * math.exp(slope * (wanted - own.vmaf))


async def _encode(
    transcoder: FfmpegTranscoder, source: Path, plan: Plan, codec: VideoCodec, out: Path
) -> dict[int, Path]:
    """The ladder of one codec as the task makes it, by height."""
    only = [one.name for one in plan.renditions if one.codec is codec]
    heights = {one.name: one.height for one in plan.renditions}
    found: dict[int, Path] = {}
    for chunk in plan.chunks[:1]:
        made = await transcoder.encode_chunk(source, plan, chunk, out, _ignore, only=only)
        found = {heights[str(file.rendition)]: file.path for file in made}
    return found


async def _fixed(source: Path, plan: Plan, one: Rendition, out: Path) -> Made:
    """A rendition at the fixed bit rate, with the same effort and GOPs."""
    bitrate = FIXED[min(FIXED, key=lambda side: abs(side - min(one.width, one.height)))]
    path = out / f"fixed-{one.name}.mp4"
    await _ffmpeg(
        *("-i", str(source), "-an", "-vf", f"scale={one.width}:{one.height}:flags=bicubic"),
        *("-frames:v", str(plan.frame_count), "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", one.preset, "-profile:v", "high"),
        *("-x264-params", "trellis=1"),
        *("-b:v", str(bitrate), "-maxrate", str(bitrate), "-bufsize", str(2 * bitrate)),
        *("-g", str(plan.gop), "-keyint_min", str(plan.gop), "-sc_threshold", "0", str(path)),
    )
    return await _measure(source, plan, path, out)


async def _measure(source: Path, plan: Plan, made: Path, out: Path) -> Made:
    """Size and VMAF of a rendition, every frame, paired by number."""
    log = out / "vmaf.json"
    # Paired by number, on a clock on which two frames never share a tick.
    clock = f"settb=AVTB,setpts=N/({plan.frame_rate})/TB"
    graph = (
        f"[0:v]{clock}[made];[1:v]fps={plan.frame_rate}[grid];[grid][made]"
        "scale2ref=flags=bicubic[small][same];"
        f"[small]format=yuv420p,{clock}[source];"
        f"[same][source]libvmaf=n_threads=2:shortest=1:log_fmt=json:log_path={log}"
    )
    await _ffmpeg(
        *("-i", str(made), "-i", str(source), "-filter_complex", graph, "-f", "null", "-")
    )
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
