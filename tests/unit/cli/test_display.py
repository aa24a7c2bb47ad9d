"""Progress where there is no terminal, and checks of the disk."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from carrete.cli import display
from carrete.cli.checks import LEAST_FREE, Status, check_disk
from carrete.cli.messages import Speaker


def shown(*, silent: bool = False, terminal: bool = False) -> str:
    target = io.StringIO()
    console = Console(file=target, force_terminal=terminal, width=120)
    with display.open_display(console, Speaker("en"), silent=silent) as where:
        bar = where.bar("[red]clip.mp4", in_bytes=True)
        for done in range(0, 101, 5):
            bar.update(done, 100)
        bar.end("done")
    return target.getvalue()


def test_without_a_terminal_progress_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(display, "STEP_S", 0.0)
    lines = shown().splitlines()
    assert lines[0] == "[red]clip.mp4: 10 %"
    assert lines[-1] == "[red]clip.mp4: done"
    assert len(lines) == 11


def test_lines_are_not_more_frequent_than_people_can_read() -> None:
    assert shown().splitlines() == ["[red]clip.mp4: done"]


def test_json_output_has_no_progress_beside_it() -> None:
    assert shown(silent=True) == ""


def test_a_terminal_gets_a_bar_that_shows_the_name_as_it_is() -> None:
    assert "[red]clip.mp4" in shown(terminal=True)


def test_a_disk_with_room_is_fine_and_the_directory_need_not_exist(tmp_path: Path) -> None:
    assert check_disk(tmp_path / "new" / "scratch", 1).status is Status.OK
    assert not (tmp_path / "new").exists()


def test_a_disk_with_less_room_than_wanted_is_a_warning(tmp_path: Path) -> None:
    check = check_disk(tmp_path, 10**18)
    assert (check.status, check.mend) == (Status.WARN, "mend_disk")


def test_a_full_disk_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = LEAST_FREE - 1

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Full)
    assert check_disk(tmp_path, 1).status is Status.FAIL
