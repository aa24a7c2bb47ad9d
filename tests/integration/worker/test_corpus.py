"""The media corpus through the real worker: every file ends as it must, and costs nothing else."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.worker.conftest import Desk
from tests.media import mutants
from tests.media.test_inputs import REFUSED, ROWS

from carrete.domain.failures import FailureCode
from carrete.domain.video import VideoState

pytestmark = [pytest.mark.media, pytest.mark.slow, pytest.mark.timeout(600)]

Clip = Callable[[str], Path]

# Of its own kind each, so that the run stays short; the transcoder's tests have all of them.
GOOD = [
    *("plain", "hdr10", "hlg422", "tff", "surround", "odd_size", "portrait", "anamorphic", "wrap"),
    *("late_sound", "one_frame", "half_second", "alpha_vp9", "prores", "av1", "flv", "wmv"),
    *("cfr30_long", "vfr", "ts_h264", "fragmented"),
]


def hostile(clip: Clip, folder: Path) -> dict[Path, FailureCode]:
    """Files that are refused, with their codes."""
    plain = clip("plain").read_bytes()
    contents = {
        "notes.mp4": (b"just some notes\n" * 200, FailureCode.NOT_A_VIDEO),
        "archive.mp4": (mutants.a_zip(), FailureCode.NOT_A_VIDEO),
        "cut.mp4": (mutants.cut(mutants.faststart(plain), 0.5), FailureCode.DAMAGED_FILE),
        "headless.mp4": (mutants.without_index(plain), FailureCode.DAMAGED_FILE),
        "locked.mp4": (mutants.encrypted(plain), FailureCode.ENCRYPTED),
        "list.mp4": (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n", FailureCode.NOT_A_VIDEO),
    }
    found = {clip(name): code for name, code in REFUSED.items()}
    for name, (content, code) in contents.items():
        path = folder / name
        path.write_bytes(content)
        found[path] = code
    return found


async def test_every_file_of_the_corpus_ends_as_it_must(
    desk: Desk, clip_of: Clip, tmp_path: Path
) -> None:
    assert set(GOOD) <= {row.clip for row in ROWS} | {"cfr30_long", "vfr", "ts_h264", "fragmented"}
    bad = hostile(clip_of, tmp_path)
    good = [clip_of(name) for name in GOOD]
    videos = {path: await desk.send(path, path.name) for path in (*good, *bad)}
    async with desk.worker(worker_threads=1), desk.worker(worker_threads=1):
        settled = await asyncio.gather(*(desk.settled(video, 500) for video in videos.values()))
    ended = dict(zip(videos, settled, strict=True))
    wrong = {path.name: (ended[path].state, ended[path].failure) for path in good
             if ended[path].state is not VideoState.READY}  # fmt: skip
    assert wrong == {}
    assert {path.name: ended[path].failure for path in bad} == {
        path.name: code for path, code in bad.items()
    }
