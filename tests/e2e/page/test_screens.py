"""Every page on a desk and on a phone, by day and by night: a picture of each, and axe's verdict.

The pictures stay in ``out/screens`` for people to look at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import psycopg
import pytest
from tests.e2e.page.conftest import AXE, SCREENS, OpenSite
from tests.e2e.page.site import Site

from carrete.local.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
FILMS = {
    "Set de Mandelbrot.mp4": "mandelbrot=size=1280x720:rate=24:maxiter=700:end_scale=0.02",
    "Gradients for the opening titles.mp4": "gradients=size=1280x720:rate=24:nb_colors=4:seed=7",
    "Célula.mp4": "life=size=320x180:mold=12:r=24:ratio=0.12:death_color=#5a2d0c"
    ":life_color=#f5a524,scale=1280:720:flags=neighbor",
}
"""Pictures that are made, so that a library looks like one."""


@dataclass(frozen=True)
class Studio:
    """An account with a library, and what its pages are called."""

    email: str
    video_id: str
    failed_id: str
    link: str
    locked: str


async def _make_films(directory: Path) -> list[Path]:
    films = []
    for name, source in FILMS.items():
        film = directory / name
        argv = ["-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", "6", "-pix_fmt", "yuv420p"]
        process = await asyncio.create_subprocess_exec(
            imageio_ffmpeg.get_ffmpeg_exe(), *argv, "-preset", "veryfast", str(film)
        )
        assert await process.wait() == 0
        films.append(film)
    return films


async def _share(site: Site, video_id: str, **options: str) -> str:
    answer = await site.page.request.post(
        f"{site.url}/api/videos/{video_id}/shares",
        data=options,
        headers={"X-Carrete-Client": "web"},
    )
    path: str = (await answer.json())["path"]
    return path


@pytest.fixture
async def studio(open_site: OpenSite, stack: Stack, real_clip: Path, tmp_path: Path) -> Studio:
    """An operator with a few films, one of them failed."""
    site = await open_site()
    email = await site.sign_up()
    fake = tmp_path / "Old tape.mkv"
    fake.write_bytes(bytes.fromhex("1a45dfa3") + bytes(range(256)) * 64)
    films = await _make_films(tmp_path)
    await site.pick(fake, real_clip, *films)
    for film in (real_clip, *films):
        await site.card(film.name, "ready").wait_for(timeout=180_000)
    await site.card(fake.name, "failed").wait_for()
    url = stack.environment["CARRETE_DATABASE_URL"].replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("UPDATE account SET role = 'admin' WHERE email = %s", (email,))
    items = (await site.ask("/api/videos"))["items"]
    ids = {item["name"]: item["id"] for item in items}
    video_id = ids[real_clip.name]
    return Studio(
        email=email,
        video_id=video_id,
        failed_id=ids[fake.name],
        link=await _share(site, video_id),
        locked=await _share(site, video_id, password="olives"),
    )


Step = Callable[[Site], Awaitable[object]]


async def _heading(site: Site) -> None:
    await site.page.locator("h1").first.wait_for()


async def _settle(site: Site) -> None:
    """Pictures and letters are there, and nothing is on its way."""
    await site.until("document.fonts.status === 'loaded'")
    await site.until("[...document.images].every((image) => image.complete)")
    await site.page.wait_for_load_state("load")


async def _axe(site: Site) -> list[str]:
    # Through the debugger, which the page's policy does not bind.
    await site.page.evaluate(await asyncio.to_thread(AXE.read_text))
    found = await site.page.evaluate(
        # media-chrome names the clock "playback time" and tells the time as its value.
        "axe.run({ exclude: ['media-time-display'] }, { resultTypes: ['violations'] })"
        ".then(({ violations }) => violations)"
    )
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} ({one['nodes'][0]['failureSummary'][:300]})"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


async def _look(site: Site, name: str) -> list[str]:
    """Take the picture; what axe or the width says against the page."""
    await _settle(site)
    await site.page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
    against = await _axe(site)
    wide = await site.page.evaluate(
        "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
    )
    if wide > 0:
        against.append(f"{wide} pixels wider than the window")
    return [f"{name}: {one}" for one in against]


async def _share_dialog(site: Site) -> None:
    await site.page.get_by_role("button", name="Share").click()
    await site.page.get_by_role("dialog").locator("li").first.wait_for()


async def _story(site: Site) -> None:
    await site.page.get_by_role("region", name="What happened").locator("li").first.wait_for()


async def _playable(site: Site) -> None:
    await site.until("document.querySelector('video')?.readyState >= 2")


async def _table(site: Site) -> None:
    await site.page.locator("table").first.wait_for()
    await _playable(site)


async def _workers(site: Site) -> None:
    await site.page.get_by_role("region", name="Workers").locator("li").first.wait_for()
    await site.page.locator("table").first.wait_for()
    await site.page.locator("figure").first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", DEVICES)
async def test_every_page_holds_its_own(
    open_site: OpenSite, studio: Studio, device: str, theme: str
) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    stranger = await open_site(**DEVICES[device], color_scheme=theme)
    owner = await open_site(**DEVICES[device], color_scheme=theme)
    await owner.sign_in(studio.email)
    fresh = await open_site(**DEVICES[device], color_scheme=theme)
    await fresh.sign_up()

    async def cards(site: Site) -> None:
        await site.card("Big Buck Bunny").locator("img").wait_for()

    video = f"/videos/{studio.video_id}"
    pages: list[tuple[str, Site, str, Step]] = [
        ("sign-in", stranger, "/signin", _heading),
        ("sign-up", stranger, "/signup", _heading),
        ("shared", stranger, studio.link, _playable),
        ("locked", stranger, studio.locked, _heading),
        ("revoked", stranger, "/s/nothing-here", lambda site: site.page.locator("h2").wait_for()),
        ("empty", fresh, "/", lambda site: site.page.locator("h2").first.wait_for()),
        ("library", owner, "/", cards),
        ("nothing-found", owner, "/?q=zzz", lambda site: site.page.locator("h2").first.wait_for()),
        ("video", owner, video, _table),
        ("share", owner, video, _share_dialog),
        ("failed", owner, f"/videos/{studio.failed_id}", _story),
        (
            "missing",
            owner,
            f"/videos/{studio.link[3:]}",
            lambda site: site.page.locator("h2").first.wait_for(),
        ),
        ("account", owner, "/account", _heading),
        ("operator", owner, "/operator", _workers),
    ]
    against: list[str] = []
    for name, site, path, ready in pages:
        await site.go(path)
        await ready(site)
        against += await _look(site, f"{name}-{device}-{theme}")
    assert not against, "\n".join(against)
