"""What ``process`` decides before and after the work."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from carrete.cli.exits import CommandError, ExitCode
from carrete.cli.messages import Speaker
from carrete.cli.pipeline import (
    FileResult,
    Seconds,
    exit_code_of,
    plan_targets,
    renditions_of,
)
from carrete.cli.sample import sample_argv
from carrete.cli.summary import outcome_lines, summary_json
from carrete.client.models import JobView, TaskView
from carrete.domain.task import TaskKind, TaskState

RENDITION = {"name": "h264-720", "width": 1280, "height": 720, "bit_rate": 3_234_576}


def test_results_are_named_after_the_originals(tmp_path: Path) -> None:
    targets = plan_targets([Path("in/a.mov"), Path("in/b")], tmp_path, force=False)
    assert list(targets.values()) == [tmp_path / "a.mp4", tmp_path / "b.mp4"]


def test_two_originals_of_one_name_get_two_results(tmp_path: Path) -> None:
    files = [Path("x/a.mov"), Path("y/a.mkv"), Path("x/a.mov")]
    targets = plan_targets(files, tmp_path, force=False)
    assert list(targets.values()) == [tmp_path / "a.mp4", tmp_path / "a-2.mp4"]


def test_a_result_that_is_there_is_refused_unless_forced_or_renamed(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    file = Path("in/a.mov")
    with pytest.raises(CommandError, match="target_exists"):
        plan_targets([file], tmp_path, force=False)
    assert plan_targets([file], tmp_path, force=True)[file] == tmp_path / "a.mp4"
    assert plan_targets([file], tmp_path, force=False, pick=True)[file].name == "a-2.mp4"


def test_an_original_is_never_replaced_even_by_force(tmp_path: Path) -> None:
    original = tmp_path / "a.mp4"
    original.touch()
    with pytest.raises(CommandError) as caught:
        plan_targets([original], tmp_path, force=True)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([ExitCode.OK, ExitCode.OK], ExitCode.OK),
        ([ExitCode.OK, ExitCode.UNREACHABLE], ExitCode.UNREACHABLE),
        ([ExitCode.FAILED, ExitCode.UNREACHABLE], ExitCode.FAILED),
    ],
)
def test_the_exit_code_is_that_of_what_failed(codes: list[ExitCode], code: ExitCode) -> None:
    results = [FileResult(Path("a"), exit_code=each) for each in codes]
    assert exit_code_of(results) is code


def test_renditions_are_read_from_the_task_that_lists_them() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    tasks = [
        TaskView(
            kind=kind,
            index=0,
            state=TaskState.DONE,
            attempt=1,
            failures=0,
            progress=1,
            started_at=now,
            finished_at=now,
            result=result,
        )
        for kind, result in (
            (TaskKind.PREPARE, {"renditions": 1}),
            (TaskKind.FINISH, {"renditions": [RENDITION]}),
        )
    ]
    assert renditions_of(JobView(job_id=uuid4(), tasks=tuple(tasks))) == [RENDITION]


def test_the_summary_says_what_was_made_and_where() -> None:
    result = FileResult(
        Path("in/a.mov"),
        state="ready",
        output=Path("out/a.mp4"),
        size_bytes=1000,
        output_bytes=250,
        renditions=[RENDITION],
        seconds=Seconds(upload=0.12345, queue=0.5),
    )
    assert outcome_lines(result, Speaker("en"))[0] == "out/a.mp4"
    assert "720, 3.23 Mbit/s" in outcome_lines(result, Speaker("en"))[1]
    document = summary_json([result], "http://x.test", sandbox=False)
    (file,) = document["files"]
    assert document["server"] == "http://x.test"
    assert (file["ratio"], file["seconds"]["upload"]) == (0.25, 0.123)
    assert file["seconds"]["download"] is None


def test_the_summary_says_why_a_file_failed() -> None:
    result = FileResult(Path("in/a.mov"), state="failed", error="not a video")
    assert outcome_lines(result, Speaker("en")) == ["a.mov: not a video"]


def test_the_sample_has_picture_and_sound() -> None:
    argv = sample_argv("ffmpeg", Path("x.mp4"))
    assert argv[0] == "ffmpeg"
    assert argv[-1] == "x.mp4"
    assert {"libx264", "aac"} <= set(argv)
