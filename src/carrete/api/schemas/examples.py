"""What examples share."""

from typing import Any

from pydantic import ConfigDict

VIDEO_ID = "0198c5a2-7d3e-7a10-9f4e-5b1d2c3a4e5f"
JOB_ID = "0198c5a2-9a11-7c02-8d3f-1a2b3c4d5e6f"
AT = "2026-03-01T12:00:00Z"
SHA256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="


def example(value: dict[str, Any]) -> ConfigDict:
    """A model that is only written, with what it looks like."""
    return ConfigDict(frozen=True, json_schema_extra={"examples": [value]})


def request(value: dict[str, Any]) -> ConfigDict:
    """A model that is parsed: unknown fields are refused."""
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [value]})
