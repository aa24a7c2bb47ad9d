import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrete.adapters.s3 import disposition
from carrete.domain.artifacts import original_key
from carrete.domain.ids import new_id
from carrete.domain.upload import (
    MAX_NAME_BYTES,
    MAX_OBJECT,
    MAX_PARTS,
    MIB,
    InvalidNameError,
    clean_name,
    extension_of,
    part_count,
    part_length,
    part_size,
    processed_name,
)


@given(st.integers(min_value=1, max_value=MAX_OBJECT))
def test_parts_cover_every_file_within_s3s_limits(total: int) -> None:
    size = part_size(total)
    count = part_count(total, size)
    assert size % MIB == 0
    assert 5 * MIB <= size <= 5 * 1024 * MIB
    assert 1 <= count <= MAX_PARTS
    assert (count - 1) * size + part_length(count, total, size) == total


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_part_that_does_not_exist_has_no_length(number: int) -> None:
    with pytest.raises(ValueError, match="is not one of"):
        part_length(number, 10 * MIB, 8 * MIB)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("film.mp4", "film.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\día.mov", "día.mov"),
        ("  spaced name .mp4 ", "spaced name .mp4"),
        ("quo'te\"s $(rm -rf) `x`.mp4", "quo'te\"s $(rm -rf) `x`.mp4"),
        ("emoji 🎬.mkv", "emoji 🎬.mkv"),
        ("שלום.mp4", "שלום.mp4"),
        ("line\nbreak\x00.mp4", "linebreak.mp4"),
    ],
)
def test_names_are_kept_as_typed_without_paths_and_control_characters(
    typed: str, kept: str
) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "a/", "..", "\n", "x" * (MAX_NAME_BYTES + 1)])
def test_names_that_can_not_be_shown_are_refused(typed: str) -> None:
    with pytest.raises(InvalidNameError):
        clean_name(typed)


@given(st.text(max_size=300))
def test_no_name_ever_shapes_a_key(typed: str) -> None:
    try:
        name = clean_name(typed)
    except InvalidNameError:
        return
    extension = extension_of(name)
    key = original_key(new_id(), new_id(), extension)
    assert key.count("/") == 3
    assert key.isascii()
    assert ".." not in key


def test_extensions_are_short_and_plain() -> None:
    assert extension_of("a.MP4") == ".mp4"
    assert extension_of("a.tar.gz") == ".gz"
    assert extension_of("a") == ""
    assert extension_of("a.m p4") == ""
    assert extension_of("a.ñandu") == ""


def test_the_result_is_named_after_the_original() -> None:
    assert processed_name("my film.mov") == "my film.mp4"
    assert processed_name("film") == "film.mp4"
    assert processed_name(".mov") == ".mov.mp4"


def test_a_download_header_carries_any_name_safely() -> None:
    header = disposition('evil"; filename=x\r\n día.mp4')
    assert "\r" not in header
    assert "\n" not in header
    assert header.count('"') == 2
    assert "filename*=UTF-8''evil%22%3B%20filename%3Dx%0D%0A%20d%C3%ADa.mp4" in header
