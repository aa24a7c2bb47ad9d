"""The media corpus: small files that ffmpeg makes, with what must become of each.

Run ``python -m tests.media.corpus DIR FFMPEG`` to make all of them at once; the tests make each
when they need it and keep it in pytest's cache.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.media.frames import NUMBERED

SOUND = "sine=frequency=440:sample_rate=48000:duration={seconds}"
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p")


def numbered(
    rate: str, seconds: float, *codec: str, name: str, extra: str = "", sound: bool = True
) -> tuple[str, ...]:
    """Arguments for a clip of numbered frames, ``name`` last."""
    picture = NUMBERED.format(rate=rate, seconds=seconds) + extra
    audio = ("-f", "lavfi", "-i", SOUND.format(seconds=seconds)) if sound else ()
    return ("-f", "lavfi", "-i", picture, *audio, *codec, name)


_DROPS = ",select='not(eq(mod(n\\,7)\\,3)+eq(mod(n\\,11)\\,5)+between(mod(n\\,120)\\,60\\,80))'"

CLIPS: dict[str, tuple[str, ...]] = {
    # ── constant and variable rates, GOPs and containers: frame-exact chunks ──
    "cfr24": numbered("24000/1001", 13, *X264, "-bf", "3", "-g", "48", name="cfr24.mp4"),
    "cfr25_open": numbered("25", 13, "-c:v", "libx264", "-preset", "veryfast", "-x264-params",
                           "open-gop=1:keyint=50:bframes=3", name="cfr25_open.mp4"),
    "cfr30_long": numbered("30000/1001", 13, *X264, "-bf", "2", "-g", "250", name="cfr30_long.mp4"),
    "cfr50_hevc": numbered("50", 13, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                           "log-level=error:keyint=100", "-tag:v", "hvc1", name="cfr50_hevc.mp4"),
    "cfr60_mkv": numbered("60", 13, *X264, "-bf", "3", "-g", "120", name="cfr60_mkv.mkv"),
    "cfr120": numbered("120", 13, *X264, "-g", "120", name="cfr120.mp4", sound=False),
    "vp9_webm": numbered("30", 13, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
                         "-b:v", "300k", "-g", "75", "-c:a", "libopus", name="vp9_webm.webm"),
    "ts_h264": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-f", "mpegts", name="ts_h264.ts"),
    "ts_mpeg2": numbered("30000/1001", 13, "-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g",
                         "15", "-c:a", "mp2", "-f", "mpegts", name="ts_mpeg2.m2ts"),
    "avi_mpeg4": numbered("25", 13, "-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-g", "50",
                          "-c:a", "libmp3lame", name="avi_mpeg4.avi"),
    "offset": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-output_ts_offset", "1.021",
                       "-c:a", "aac", name="offset.mkv"),
    "vfr": numbered("30", 13, *X264, "-bf", "2", "-g", "60", "-fps_mode", "vfr", name="vfr.mp4",
                    extra=_DROPS),
    "vfr_mkv": numbered("60", 13, *X264, "-bf", "2", "-g", "60", "-fps_mode", "vfr",
                        name="vfr_mkv.mkv", extra=_DROPS),
    "fragmented": numbered("25", 13, *X264, "-bf", "2", "-g", "50", "-movflags",
                           "frag_keyframe+empty_moov", name="fragmented.mp4"),
    "copyable": numbered("24", 40, *X264, "-bf", "3", "-g", "77", name="copyable.mp4"),
    "lean": numbered("24", 40, *X264, "-bf", "3", "-g", "250", name="lean.mp4"),
    "all_intra": numbered("25", 13, "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p",
                          name="all_intra.mov"),
}  # fmt: skip


def short(*codec: str, name: str, picture: str = "", sound: str = SOUND) -> tuple[str, ...]:
    """A two-second clip: left half white, right half dark and moving, and a tone."""
    source = (
        picture or "testsrc2=size=320x180:rate=25:duration=2,drawbox=w=iw/2:h=ih:c=white:t=fill"
    )
    audio = ("-f", "lavfi", "-i", sound.format(seconds=2)) if sound else ()
    return ("-f", "lavfi", "-i", source, *audio, *codec, name)


def silent(*codec: str, name: str, picture: str = "") -> tuple[str, ...]:
    """The same without sound."""
    return short(*codec, name=name, picture=picture, sound="")


_SRC = "testsrc2=size={size}:rate=25:duration=2"
_X265 = ("-c:v", "libx265", "-preset", "ultrafast")
_HDR10 = ("log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:"
          "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):"
          "max-cll=1000,400")  # fmt: skip

CLIPS |= {
    "plain": short(*X264, name="plain.mp4"),
    "hdr10": silent(*_X265, "-pix_fmt", "yuv420p10le", "-x265-params", _HDR10, name="hdr10.mp4"),
    "hlg422": silent(*_X265, "-pix_fmt", "yuv422p10le", "-x265-params",
                     "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
                     name="hlg422.mov"),
    "ten_bit": silent(*_X265, "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error",
                      name="ten_bit.mkv"),
    "full_range": silent("-c:v", "libx264", "-pix_fmt", "yuvj420p", "-color_range", "pc",
                         name="full_range.mp4"),
    "reserved_tags": silent(*X264, "-bsf:v", "h264_metadata=colour_primaries=3:"
                            "transfer_characteristics=3:matrix_coefficients=3",
                            name="reserved.mp4"),
    "rgb": silent("-c:v", "libx264rgb", "-pix_fmt", "rgb24", "-qp", "0", name="rgb.mkv"),
    "tff": silent("-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1",
                  name="tff.mp4",
                  picture="testsrc2=size=320x180:rate=50:duration=2,tinterlace=4"),
    "bff": silent("-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "bff=1",
                  name="bff.ts",
                  picture="testsrc2=size=320x180:rate=50:duration=2,tinterlace=5"),
    "mono": short(*X264, "-ac", "1", name="mono.mp4"),
    "surround": short(*X264, "-ac", "6", name="surround.mp4"),
    "mute_track": short(*X264, name="mute_track.mp4", sound="anullsrc=r=44100:d={seconds}"),
    "two_tracks": (
        "-f", "lavfi", "-i", _SRC.format(size="320x180"),
        "-f", "lavfi", "-i", "anullsrc=r=48000:d=2", "-f", "lavfi", "-i", SOUND.format(seconds=2),
        "-map", "0", "-map", "1", "-map", "2", *X264, "-disposition:a:0", "0",
        "-disposition:a:1", "default", "two_tracks.mkv",
    ),
    "odd_size": silent("-c:v", "libx264", "-pix_fmt", "yuv444p", name="odd_size.mp4",
                       picture=_SRC.format(size="321x181")),
    "portrait": silent(*X264, name="portrait.mp4", picture=_SRC.format(size="180x320")),
    "very_wide": silent(*X264, name="very_wide.mp4", picture=_SRC.format(size="2400x64")),
    "one_pixel": silent("-c:v", "ffv1", name="one_pixel.mkv",
                        picture="color=size=1x1:rate=25:duration=2"),
    "tiny": silent("-c:v", "libx264", "-pix_fmt", "yuv444p", name="tiny.mp4",
                   picture=_SRC.format(size="16x9")),
    "uhd": silent(*X264, "-frames:v", "3", name="uhd.mp4", picture=_SRC.format(size="3840x2160")),
    "anamorphic": silent(*X264, "-aspect", "16:9", name="anamorphic.mp4",
                         picture=_SRC.format(size="180x144")),
    "wrap": short(*X264, "-bf", "2", "-output_ts_offset", "95442.7", "-f", "mpegts",
                  name="wrap.ts"),
    "late_start": short(*X264, "-output_ts_offset", "2.5", name="late_start.mp4"),
    "late_sound": ("-f", "lavfi", "-i", _SRC.format(size="320x180"), "-itsoffset", "0.8", "-f",
                   "lavfi", "-i", SOUND.format(seconds=1), *X264, "late_sound.mp4"),
    "long_sound": ("-f", "lavfi", "-i", _SRC.format(size="320x180"), "-f", "lavfi", "-i",
                   SOUND.format(seconds=4), *X264, "long_sound.mp4"),
    "early_sound": ("-itsoffset", "1", "-f", "lavfi", "-i", _SRC.format(size="320x180"), "-f",
                    "lavfi", "-i", SOUND.format(seconds=3), *X264, "early_sound.mkv"),
    "one_frame": silent(*X264, "-frames:v", "1", name="one_frame.mp4"),
    "half_second": short(*X264, "-t", "0.5", name="half_second.mp4"),
    "alpha_vp9": silent("-vf", "format=yuva420p,geq=lum='p(X,Y)':a='X'", "-c:v", "libvpx-vp9",
                        "-deadline", "realtime", "-cpu-used", "8", name="alpha_vp9.webm"),
    "prores4444": silent("-vf", "format=yuva444p10le,geq=lum='p(X,Y)':a='1023*lt(X,160)'", "-c:v",
                         "prores_ks", "-profile:v", "4444", name="prores4444.mov"),
    "prores": short("-c:v", "prores_ks", "-c:a", "pcm_s16le", name="prores.mov"),
    "vp8": short("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis", name="vp8.webm"),
    "av1": short("-c:v", "libsvtav1", "-preset", "12", "-c:a", "libopus", name="av1.mp4"),
    "mjpeg": short("-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le", name="mjpeg.mov"),
    "flv": short(*X264, "-ar", "44100", name="flv.flv"),
    "wmv": short("-c:v", "wmv2", "-c:a", "wmav2", name="wmv.wmv"),
    "mpeg4_ps": short("-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob", name="mpeg4_ps.vob"),
    "tagged": short(*X264, "-timecode", "01:00:00:00", "-metadata", "location=+41.38+002.17/",
                    "-metadata", "comment=private", "-movflags", "use_metadata_tags",
                    name="tagged.mov"),
    "many_rates": silent(*X264, "-video_track_timescale", "90000", "-fps_mode", "vfr",
                         name="many_rates.mp4", picture=_SRC.format(size="320x180")
                         + ",setpts='PTS+mod(N\\,3)*0.004/TB'"),
    # ── what is no video ──
    "song": ("-f", "lavfi", "-i", SOUND.format(seconds=2), "-c:a", "libmp3lame", "song.mp3"),
    "sound_only": ("-f", "lavfi", "-i", SOUND.format(seconds=2), "sound_only.mp4"),
    "cover_only": ("-f", "lavfi", "-i", SOUND.format(seconds=2), "-f", "lavfi", "-i",
                   "testsrc2=size=320x180", "-map", "0", "-map", "1", "-frames:v", "1", "-c:v",
                   "mjpeg", "-pix_fmt", "yuvj420p", "-disposition:v", "attached_pic",
                   "cover_only.m4a"),
    "still": silent("-frames:v", "1", "-c:v", "png", "-f", "image2", name="still.png.mp4"),
    "gif": silent("-c:v", "gif", "-f", "gif", name="gif.gif.mp4"),
    "fast": silent(*X264, name="fast.mp4", picture="testsrc2=size=64x64:rate=10000:duration=0.1"),
}  # fmt: skip


def fingerprint() -> str:
    """Changes when any recipe changes, so that no test meets an old clip."""
    return hashlib.sha256(repr(sorted(CLIPS.items())).encode()).hexdigest()[:12]


def make(name: str, folder: Path, ffmpeg: Path) -> Path:
    """The clip of that name, made when it is not there yet."""
    arguments = CLIPS[name]
    path = folder / arguments[-1]
    if not path.exists():
        part = folder / f".part-{arguments[-1]}"
        subprocess.run(
            (str(ffmpeg), "-nostdin", "-v", "error", "-y", *arguments[:-1], str(part)), check=True
        )
        part.rename(path)
    return path


if __name__ == "__main__":
    for clip in CLIPS:
        make(clip, Path(sys.argv[1]), Path(sys.argv[2]))
