"""Tables for people, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: as measured, with its unit in ``unit``.
        goal: what it should be, in words; nothing where there is no goal.
        detail: the two sides, or the spread.
    """

    name: str
    value: float
    unit: str
    goal: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """The figures of one bench."""

    title: str
    rows: Sequence[Row] = field(default_factory=list)


def told(row: Row) -> Row:
    """The same row, said at once: of a long bench that is stopped something is left."""
    sys.stderr.write(f"{row.name}: {row.value:.3g} {row.unit} ({row.detail})\n")
    sys.stderr.flush()
    return row


def show(report: Report, console: Console) -> None:
    """Print a table."""
    table = Table(title=report.title, title_justify="left")
    for column in ("figure", "value", "goal", "detail"):
        table.add_column(column)
    for row in report.rows:
        table.add_row(row.name, f"{row.value:.3g} {row.unit}".strip(), row.goal, row.detail)
    console.print(table)


def save(reports: Sequence[Report], path: Path) -> None:
    """Write all figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(report) for report in reports], indent=2) + "\n")


def middle(values: Sequence[float]) -> float:
    """The median."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def at(values: Sequence[float], share: float) -> float:
    """The value below which that share of all lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
