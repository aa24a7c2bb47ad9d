"""Ask the site without a pause, each time on a new connection, until a file appears.

Run by path in the machine's network: ``hammer_main.py STOP``.
"""

import json
import sys
from pathlib import Path

import httpx

SITE = "https://127.0.0.1"
MOST = 20_000


def hammer(stop: Path) -> dict[str, int]:
    """How many requests were answered, and how many were not or badly."""
    seen = {"good": 0, "bad": 0}
    for _ in range(MOST):
        if stop.exists():
            break
        try:
            answer = httpx.get(f"{SITE}/healthz", verify=False, trust_env=False, timeout=30)
            seen["good" if answer.status_code == 200 else "bad"] += 1
        except httpx.HTTPError:
            seen["bad"] += 1
    return seen


if __name__ == "__main__":
    json.dump(hammer(Path(sys.argv[1])), sys.stdout)
