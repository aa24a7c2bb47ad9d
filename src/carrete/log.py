"""Structured logs: one JSON object a line on standard error, with the ids of what is going on.

Secrets are kept out where values are rendered, so that no call has to think of it: the query of a
presigned URL, the password in a database URL, and fields that are named like secrets.
"""

import logging
import re
import sys
from contextlib import AbstractContextManager
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.types import EventDict, Processor

_SECRET_FIELDS = frozenset(
    {"authorization", "cookie", "password", "secret", "set-cookie", "token", "url_query"}
)
_SIGNED_QUERY = re.compile(r"\?[^\s\"'<>]*X-Amz-[^\s\"'<>]*", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/@]+@")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)

_NOISY = ("aiobotocore", "aiohttp", "asyncio", "botocore", "httpcore", "httpx", "sqlalchemy")
"""Libraries that log requests, URLs or statements below this level."""


def configure_logging(level: str, *, json: bool, stream: TextIO | None = None) -> None:
    """Send our own logs and those of libraries to one place in one form.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        json: JSON lines for machines; text for people when off.
        stream: where to; standard error when not given.
    """
    target = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if json
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [structlog.processors.format_exc_info, redact, render]
    structlog.configure(
        processors=shared + last,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow=["task_id"])],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def log_context(**ids: UUID | str | int) -> AbstractContextManager[None]:
    """Give every log line inside ids such as ``video_id``, ``task_id`` and ``attempt``."""
    return structlog.contextvars.bound_contextvars(
        **{name: value if isinstance(value, int) else str(value) for name, value in ids.items()}
    )


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take secrets out of a log line: a structlog processor."""
    for name, value in event.items():
        if name.lower() in _SECRET_FIELDS:
            event[name] = "[secret]"
        elif isinstance(value, str):
            event[name] = clean(value)
    return event


def clean(text: str) -> str:
    """The text without signatures, URL passwords and bearer tokens."""
    if "X-Amz-" in text or "x-amz-" in text:
        text = _SIGNED_QUERY.sub("?[signed]", text)
    if "://" in text:
        text = _URL_PASSWORD.sub(r"\1:[secret]@", text)
    if "earer " in text or "asic " in text:
        text = _BEARER.sub(r"\1 [secret]", text)
    return text
