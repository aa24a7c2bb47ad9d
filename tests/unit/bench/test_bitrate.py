"""Bytes are compared between what was encoded, never beyond it."""

import pytest
from bench.bitrate import Made, interpolated


def test_between_two_encodes_the_logarithm_of_bytes_is_a_line() -> None:
    points = [Made(100, 80.0), Made(400, 90.0), Made(1600, 95.0)]
    assert interpolated(points, 85.0) == pytest.approx(200)
    assert interpolated(points, 90.0) == 400


def test_where_all_are_better_the_smallest_counts() -> None:
    assert interpolated([Made(100, 99.0), Made(50, 97.0)], 93.0) == 50


def test_nothing_is_said_beyond_what_was_encoded() -> None:
    with pytest.raises(ValueError, match="no encode has a VMAF of 93"):
        interpolated([Made(100, 90.0)], 93.0)
