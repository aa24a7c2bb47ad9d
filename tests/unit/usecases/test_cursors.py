import pytest

from carrete.domain.ids import new_id
from carrete.domain.library import Position, Sort
from carrete.usecases.cursors import MAX_CURSOR, InvalidCursorError, read_cursor, write_cursor

ID = new_id()


@pytest.mark.parametrize(
    "name", ["a" * 1024, '"' * 1024, "ñ" * 512, "🎞" * 256, "\\" * 1024, "\u200f\u0628"]
)
def test_every_name_fits_a_cursor_and_comes_back(name: str) -> None:
    cursor = write_cursor(Sort.NAME, Position(name, ID))
    assert len(cursor) <= MAX_CURSOR
    assert read_cursor(Sort.NAME, cursor, Sort.NAME.takes) == Position(name, ID)


def test_a_cursor_belongs_to_its_order() -> None:
    cursor = write_cursor(Sort.NAME, Position("a", ID))
    with pytest.raises(InvalidCursorError):
        read_cursor(Sort.NAME_DOWN, cursor, Sort.NAME_DOWN.takes)


@pytest.mark.parametrize("cursor", ["", "x", "WyI", "bnVsbA", "e30", "W10", "ñ", "[" * 4096])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        read_cursor(Sort.NAME, cursor, Sort.NAME.takes)
