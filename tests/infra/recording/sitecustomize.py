"""Writes down each call that a process makes, or signs for others, through botocore.

Python loads it by itself when its directory is on PYTHONPATH: nothing of the API or the worker is
changed. A line is: program, service, operation, and the bucket's key or the queue's URL.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import botocore.session

CALLS = os.environ.get("CARRETE_TEST_CALLS")


def note(params: dict[str, Any], model: Any, **_: object) -> None:
    """Append one call; botocore asks for nothing back."""
    keys = [item["Key"] for item in params.get("Delete", {}).get("Objects", [])]
    line = {
        "program": sys.argv[1] if len(sys.argv) > 1 else "",
        "service": model.service_model.service_name,
        "operation": model.name,
        "target": params.get("Key") or params.get("QueueUrl") or (keys[0] if keys else ""),
    }
    with Path(CALLS or os.devnull).open("a") as file:
        file.write(json.dumps(line) + "\n")


def install() -> None:
    """Have every session that is made from now on write its calls down."""
    real = botocore.session.Session.__init__

    def init(self: Any, *args: Any, **values: Any) -> None:
        real(self, *args, **values)
        self.register("provide-client-params", note)

    setattr(botocore.session.Session, "__init__", init)  # noqa: B010 - a method


if CALLS:
    install()
