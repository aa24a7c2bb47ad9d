"""Tables and facts about videos for people."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from carrete.cli.messages import Speaker
from carrete.client.models import JobView, VideoView
from carrete.domain.video import IN_WORK, VideoState

if TYPE_CHECKING:
    from carrete.cli.shell import Shell

COLORS = {
    VideoState.READY: "green",
    VideoState.FAILED: "red",
    VideoState.CANCELED: "yellow",
}


def make_table(say: Speaker, *headings: str, right: Iterable[str] = ()) -> Table:
    """An empty table; headings are keys of messages."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in headings:
        table.add_column(
            say(key),
            justify="right" if key in right else "left",
            # Half an id is of no use; a name can be cut.
            no_wrap=True,
            overflow="ellipsis" if key == "head_name" else "fold",
        )
    return table


def state_text(video: VideoView, say: Speaker) -> Text:
    """A state in words, with how far the work is."""
    text = say(f"state_{video.state}")
    if video.state in IN_WORK:
        text = f"{text} {say.percent(video.progress)}"
    return Text(text, style=COLORS.get(video.state, ""))


def video_table(videos: Sequence[VideoView], say: Speaker) -> Table:
    """Videos, one a line."""
    heads = ("head_id", "head_state", "head_size", "head_result", "head_created", "head_name")
    table = make_table(say, *heads, right=("head_size", "head_result"))
    for video in videos:
        table.add_row(
            str(video.id),
            state_text(video, say),
            say.size(video.size_bytes),
            say.size(video.output_bytes),
            f"{video.created_at.astimezone():%Y-%m-%d %H:%M}",
            # Names are what people typed: never markup.
            Text(video.name),
        )
    return table


def print_video(shell: "Shell", video: VideoView, job: JobView) -> None:
    """Everything about one video."""
    say, facts = shell.say, Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold")
    facts.add_column(overflow="fold")
    for key, value in _facts(video, say):
        facts.add_row(say(key), value if isinstance(value, Text) else Text(value))
    shell.out.print(facts)
    if job.tasks:
        heads = ("head_task", "head_state", "head_progress", "head_attempts", "head_time")
        table = make_table(say, *heads, right=("head_progress", "head_attempts", "head_time"))
        for task in job.tasks:
            spent = None
            if task.started_at is not None and task.finished_at is not None:
                spent = (task.finished_at - task.started_at).total_seconds()
            table.add_row(
                f"{task.kind} {task.index}",
                say(f"task_{task.state}"),
                say.percent(task.progress),
                str(task.attempt),
                say.seconds(spent),
            )
        shell.out.print()
        shell.out.print(table)


def _facts(video: VideoView, say: Speaker) -> Iterable[tuple[str, str | Text]]:
    yield "head_name", video.name
    yield "head_id", str(video.id)
    yield "head_state", state_text(video, say)
    if video.failure is not None:
        yield "head_failure", f"{say.pick(video.failure.message)} ({video.failure.code})"
    if video.warnings:
        yield "head_warnings", ", ".join(video.warnings)
    yield "head_size", say.size(video.size_bytes)
    if video.output_bytes is not None:
        yield "head_result", say.size(video.output_bytes)
    if video.duration_s is not None:
        yield "head_duration", say.seconds(video.duration_s)
        yield "head_picture", picture(video, say)
    yield "head_profile", video.profile
    yield "head_created", f"{video.created_at.astimezone():%Y-%m-%d %H:%M:%S}"


def picture(video: VideoView, say: Speaker) -> str:
    """The original's size, rate and codecs."""
    codecs = ", ".join(codec for codec in (video.video_codec, video.audio_codec) if codec)
    rate = say.number(video.frame_rate or 0, 2)
    return f"{video.width}×{video.height}, {rate} fps, {codecs}"  # noqa: RUF001 - times
