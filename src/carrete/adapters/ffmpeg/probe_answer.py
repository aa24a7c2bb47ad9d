"""How the probe answers, in its own process: one line of JSON. See ``probe_main``."""

import json
import sys
from typing import Any, NoReturn


def answer(value: dict[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def fail(code: str, detail: str) -> NoReturn:
    """Print a refusal and end."""
    answer({"error": code, "detail": detail[:500]})
    raise SystemExit(0)


MAX_RANGES = 5000


def merge_ranges(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges that touch; then ever wider gaps, until at most ``MAX_RANGES`` are left."""
    ranges.sort()
    gap = 0
    while True:
        merged: list[tuple[int, int]] = []
        for start, end in ranges:
            if merged and start <= merged[-1][1] + gap:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        if len(merged) <= MAX_RANGES:
            return merged
        ranges, gap = merged, max(4096, gap * 2)
