from uuid import uuid4

import pytest

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.failures import ShortcutFailedError
from carrete.domain.media import VerificationError
from carrete.domain.retry import Restart, decide
from carrete.ports import Artifact
from carrete.usecases.tasks.finish import check_vmaf


def chunk(vmaf: float | None) -> Artifact:
    return Artifact(
        key="k",
        video_id=uuid4(),
        job_id=uuid4(),
        kind=ArtifactKind.CHUNK,
        size_bytes=1,
        content_type="video/mp4",
        rendition="h264-720",
        chunk=0,
        meta={} if vmaf is None else {"vmaf": vmaf},
    )


def test_a_chunk_that_looks_nothing_like_its_source_is_no_result() -> None:
    with pytest.raises(VerificationError, match=r"VMAF of 0\.3"):
        check_vmaf([chunk(95.0), chunk(None), chunk(0.3)])


def test_the_vmaf_of_a_result_is_the_mean_of_its_samples() -> None:
    assert check_vmaf([chunk(90.0), chunk(None), chunk(94.0)]) == pytest.approx(92.0)
    assert check_vmaf([chunk(None)]) is None


def test_a_failed_shortcut_begins_the_job_anew() -> None:
    assert isinstance(decide(ShortcutFailedError("frames missing"), 0), Restart)
