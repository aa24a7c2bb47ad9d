"""Use the site from the machine's own network, as a browser would, and say what was seen as JSON.

Run by path: ``visit_main.py CLIP``. Everything goes through nginx; parts go to S3 by their signed
links.
"""

import base64
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

SITE = "https://127.0.0.1"
READY_S = 150.0


def visit(clip: Path) -> dict[str, Any]:
    """Register, upload, watch until it is ready, download."""
    with httpx.Client(base_url=SITE, verify=False, timeout=30, trust_env=False) as site:
        signed = site.post(
            "/api/auth/register",
            json={"email": f"{uuid4().hex}@example.org", "password": "correct horse battery"},
        )
        signed.raise_for_status()
        site.headers["Authorization"] = f"Bearer {signed.json()['token']}"
        video = upload(site, clip)
        first_event_s, kinds = watch(site, video)
        playlist = site.get(f"/api/videos/{video}/hls/master.m3u8")
        result = site.get(f"/api/videos/{video}/download/processed")
        stored = httpx.get(result.headers["location"], trust_env=False, timeout=30)
        return {
            "first_event_s": first_event_s,
            "events": kinds,
            "playlist": playlist.text[:7],
            "downloaded": len(stored.content),
        }


def upload(site: httpx.Client, clip: Path) -> str:
    """Send a file of one part; returns the video's id."""
    data = clip.read_bytes()
    made = site.post("/api/videos", json={"name": clip.name, "size_bytes": len(data)})
    made.raise_for_status()
    video: str = made.json()["video"]["id"]
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    wanted = {"parts": [{"number": 1, "sha256": digest}]}
    answer = site.post(f"/api/videos/{video}/upload/parts", json=wanted)
    answer.raise_for_status()
    put = answer.json()["parts"][0]
    stored = httpx.put(
        put["url"],
        content=data,
        headers={"x-amz-checksum-sha256": digest},
        trust_env=False,
        timeout=60,
    )
    stored.raise_for_status()
    site.post(f"/api/videos/{video}/upload/complete").raise_for_status()
    return video


def watch(site: httpx.Client, video: str) -> tuple[float, list[str]]:
    """Follow the video's events from its beginning; seconds to the first, and their kinds."""
    began, first, kinds = time.monotonic(), None, []
    query: dict[str, str | int] = {"video_id": video, "last_event_id": 0}
    with site.stream("GET", "/api/events", params=query, timeout=60) as stream:
        stream.raise_for_status()
        for line in stream.iter_lines():
            if line.startswith("event: "):
                first = first or time.monotonic() - began
                kinds.append(line.removeprefix("event: "))
            if kinds and kinds[-1] in {"video.ready", "video.failed", "video.canceled"}:
                break
            if time.monotonic() - began > READY_S:
                break
    return first or -1.0, kinds


if __name__ == "__main__":
    json.dump(visit(Path(sys.argv[1])), sys.stdout)
