"""What a first visit loads: the size of scripts is a promise, and the player is not among them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.page.conftest import DIST

BUDGET = 200_000
"""Bytes of compressed JavaScript for the library of somebody who is signed in."""

FIRST = ("index.html", "src/shell/layout.tsx", "src/library/page.tsx", "src/i18n/es.ts")


def _closure(manifest: dict[str, Any], names: tuple[str, ...]) -> set[str]:
    """The chunks that these need before they run."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += manifest[name].get("imports", [])
    return found


def _compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6, mtime=0))


@pytest.mark.e2e
def test_the_first_page_loads_at_most_200_kb_of_script_and_neither_player_nor_uploader(
    built: None,
) -> None:
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    chunks = _closure(manifest, FIRST)
    scripts = {manifest[name]["file"] for name in chunks if manifest[name]["file"].endswith(".js")}
    total = sum(_compressed(DIST / script) for script in scripts)
    assert total <= BUDGET
    assert {"src/video/player.tsx", "src/upload/manager.ts", "src/upload/tray.tsx"}.isdisjoint(
        chunks
    )
