import io
import json
import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from carrete.log import clean, configure_logging, log_context

SIGNED = "https://b.s3.amazonaws.com/k?uploadId=1&X-Amz-Signature=abcdef&X-Amz-Date=2"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("info", json=True, stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_lines_carry_the_ids_of_what_is_going_on(lines: io.StringIO) -> None:
    task = uuid4()
    with log_context(task_id=task, attempt=2):
        structlog.get_logger().info("began")
        logging.getLogger("some.library").warning("said %s", "something")
    structlog.get_logger().info("after")
    first, second, third = map(json.loads, lines.getvalue().splitlines())
    assert first["task_id"] == second["task_id"] == str(task)
    assert first["attempt"] == 2
    assert second["event"] == "said something"
    assert "task_id" not in third


def test_lower_levels_are_left_out(lines: io.StringIO) -> None:
    structlog.get_logger().debug("quiet")
    logging.getLogger("httpx").info("HTTP Request: PUT %s", SIGNED)
    assert not lines.getvalue()


def fail(message: str) -> None:
    raise ValueError(message)


def test_no_secret_gets_into_a_line(lines: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("sent", url=SIGNED, token="s3cret", Authorization="Bearer s3cret", cookie="s3cret")
    logging.getLogger("x").error("failed: %s and Bearer s3cret-s3cret", SIGNED)
    try:
        fail(f"postgresql://carrete:s3cret@db/carrete {SIGNED}")
    except ValueError:
        log.exception("broke")
    text = lines.getvalue()
    assert "s3cret" not in text
    assert "abcdef" not in text
    assert "b.s3.amazonaws.com/k?[signed]" in text
    assert "carrete:[secret]@db" in text


@pytest.mark.parametrize("text", ["", "a plain line", "https://example.com/?page=2", "12:30 a@b"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert clean(text) == text


def test_people_can_read_the_log_too() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("debug", json=False, stream=stream)
    structlog.get_logger().info("began", url=SIGNED)
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
    assert "began" in stream.getvalue()
    assert "abcdef" not in stream.getvalue()
