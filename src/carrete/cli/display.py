"""Progress on standard error: bars on a terminal, plain lines elsewhere, nothing with JSON."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from carrete.cli.messages import Speaker

STEPS = 10
"""Plain lines about the same work, at most."""

STEP_S = 2.0
"""Seconds between two plain lines about the same work, at least."""


class Bar(Protocol):
    """One piece of work."""

    def update(self, done: float, total: float) -> None:
        """So much is done of so much: bytes, or a fraction of 1."""
        ...

    def end(self, text: str, *, ok: bool = True) -> None:
        """It is over, well or not; the text stays."""
        ...


class Display(Protocol):
    """Where progress is shown."""

    def bar(self, label: str, *, in_bytes: bool = False) -> Bar:
        """Show a new piece of work."""
        ...

    def line(self, text: str) -> None:
        """Say something above the bars."""
        ...


@contextmanager
def open_display(console: Console, say: Speaker, *, silent: bool) -> Iterator[Display]:
    """The display that fits the terminal."""
    if silent:
        yield Silence()
    elif console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TaskProgressColumn(),
            _Amount(say),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=console) as progress:
            yield _Bars(progress)
    else:
        yield _Lines(console, say)


class Silence:
    """Shows nothing."""

    def bar(self, label: str, *, in_bytes: bool = False) -> Bar:
        """See ``Display``."""
        del label, in_bytes
        return _SilentBar()

    def line(self, text: str) -> None:
        """See ``Display``."""


class _SilentBar:
    def update(self, done: float, total: float) -> None:
        pass

    def end(self, text: str, *, ok: bool = True) -> None:
        pass


class _Amount(ProgressColumn):
    """Bytes, and bytes a second, where the work is counted in bytes; else the closing text."""

    def __init__(self, say: Speaker) -> None:
        super().__init__()
        self._say = say

    def render(self, task: Task) -> Text:
        if task.fields["text"]:
            return Text(task.fields["text"])
        if not task.fields["in_bytes"]:
            return Text()
        speed = f"  {self._say.size(task.speed)}/s" if task.speed else ""
        return Text(f"{self._say.size(task.completed)} / {self._say.size(task.total)}{speed}")


class _Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def bar(self, label: str, *, in_bytes: bool = False) -> Bar:
        task = self._progress.add_task(escape(label), total=None, in_bytes=in_bytes, text="")
        return _RichBar(self._progress, task)

    def line(self, text: str) -> None:
        self._progress.console.print(text, markup=False)


class _RichBar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def update(self, done: float, total: float) -> None:
        self._progress.update(self._task, completed=done, total=total)

    def end(self, text: str, *, ok: bool = True) -> None:
        if ok:
            self._progress.update(self._task, completed=1, total=1)
        self._progress.update(self._task, text=text)
        # The clock and the moving end of the bar stop.
        self._progress.stop_task(self._task)


class _Lines:
    def __init__(self, console: Console, say: Speaker) -> None:
        self._console = console
        self._say = say

    def bar(self, label: str, *, in_bytes: bool = False) -> Bar:
        del in_bytes
        return _LineBar(self, label, self._say)

    def line(self, text: str) -> None:
        self._console.print(text, markup=False)


class _LineBar:
    """A line at each tenth, but not more often than every two seconds."""

    def __init__(self, lines: _Lines, label: str, say: Speaker) -> None:
        self._lines = lines
        self._label = label
        self._say = say
        self._step = 0
        self._at = time.monotonic()

    def update(self, done: float, total: float) -> None:
        fraction, now = done / total if total else 0.0, time.monotonic()
        # A fraction such as 0.3 may be a hair below three tenths.
        step = int(fraction * STEPS + 1e-9)
        if step > self._step and now - self._at >= STEP_S:
            self._step, self._at = step, now
            self._lines.line(f"{self._label}: {self._say.percent(fraction)}")

    def end(self, text: str, *, ok: bool = True) -> None:
        del ok
        self._lines.line(f"{self._label}: {text}")
