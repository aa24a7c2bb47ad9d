"""What a finished run of ``process`` or ``demo`` shows."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from carrete.cli.messages import Speaker
from carrete.cli.pipeline import FileResult
from carrete.cli.tables import make_table


def summary_json(results: Sequence[FileResult], server: str, *, sandbox: bool) -> dict[str, Any]:
    """The whole run as one document."""
    files = [result.to_json() for result in results]
    return {"server": None if sandbox else server, "sandbox": sandbox, "files": files}


def summary_table(results: Sequence[FileResult], say: Speaker) -> Table:
    """Sizes and times, one file a line."""
    numbers = ("head_size", "head_result", "head_ratio")
    steps = ("head_upload", "head_queue", "head_processing", "head_download")
    table = make_table(say, "head_file", *numbers, *steps, right=(*numbers, *steps))
    for result in results:
        spent = result.seconds
        table.add_row(
            Text(result.file.name),
            say.size(result.size_bytes),
            say.size(result.output_bytes),
            say.percent(result.ratio),
            *(
                say.seconds(value)
                for value in (spent.upload, spent.queue, spent.processing, spent.download)
            ),
        )
    return table


def outcome_lines(result: FileResult, say: Speaker) -> list[str]:
    """What was made of a file and where it is, or why not."""
    if result.output is None:
        return [say("file_failed", file=result.file.name, reason=result.error or result.state)]
    lines = [str(result.output)]
    lines += [f"    {_rendition(item, say)}" for item in result.renditions]
    return lines


def _rendition(item: dict[str, Any], say: Speaker) -> str:
    text = f"{item.get('name')}: {item.get('width')}×{item.get('height')}"  # noqa: RUF001 - times
    rate = item.get("bit_rate")
    if isinstance(rate, int | float):
        text += f", {say.number(rate / 1e6, 2)} Mbit/s"
    return text
